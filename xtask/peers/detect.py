"""Runs one peer over a list of files and says, per file, whether it reported a danger.

Usage: detect.py PEER < paths > lines; a line is `flagged TAB mentioned TAB path`, each flag 0 or 1.
`flagged` follows each tool's own "act on this" level: picklescan any dangerous global; modelscan any issue; fickling
above LIKELY_SAFE; modelaudit warning or critical; hayward high or critical. `mentioned` is anything reported at all,
errors and skipped files included.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

logging.disable(logging.CRITICAL)


def picklescan(path):
    from picklescan.scanner import SafetyLevel, scan_file_path

    result = scan_file_path(path)
    suspicious = any(g.safety != SafetyLevel.Innocuous for g in result.globals)
    return result.issues_count > 0, result.issues_count > 0 or suspicious or result.scan_err


def modelscan(path):
    from modelscan.modelscan import ModelScan

    scan = ModelScan()
    result = scan.scan(path)
    found = bool(result["issues"])
    return found, found or bool(result["errors"]) or result["summary"]["skipped"]["total_skipped"] > 0


def fickling(path):
    from fickling.analysis import Severity, check_safety
    from fickling.fickle import Pickled, StackedPickle

    try:
        with open(path, "rb") as file:
            pickles = StackedPickle.load(file)
        worst = max((check_safety(p).severity for p in pickles), default=Severity.LIKELY_SAFE)
    except RecursionError:
        return False, True
    return worst > Severity.LIKELY_SAFE, worst > Severity.LIKELY_SAFE


def modelaudit(path):
    from modelaudit.core import scan_model_directory_or_file

    result = scan_model_directory_or_file(path, timeout=60)
    levels = {str(getattr(i.severity, "value", i.severity)).lower() for i in result.issues}
    return bool(levels & {"warning", "critical"}), bool(levels) or bool(result.has_errors)


def hayward_all(paths):
    for path in paths:
        run = subprocess.run(
            [str(Path(sys.executable).parent / "hayward"), "scan", "-f", "json", "--fail-on", "never", path],
            capture_output=True, text=True,
        )
        report = json.loads(run.stdout) if run.stdout.startswith("{") else {"findings": [], "coverage_gaps": [1]}
        levels = {f["severity"] for f in report["findings"]}
        yield bool(levels & {"high", "critical"}), bool(levels) or bool(report["coverage_gaps"])


def each(check, paths):
    for path in paths:
        try:
            yield check(path)
        except Exception:  # a peer that falls over on a file has reported nothing about it
            yield False, True


if __name__ == "__main__":
    names = [line.rstrip("\n") for line in sys.stdin]
    out, sys.stdout = sys.stdout, sys.stderr
    peer = sys.argv[1]
    verdicts = hayward_all(names) if peer == "hayward" else each(globals()[peer], names)
    for name, (flagged, mentioned) in zip(names, verdicts):
        print(f"{int(bool(flagged))}\t{int(bool(mentioned))}\t{name}", file=out, flush=True)
