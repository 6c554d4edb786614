#!/usr/bin/env python3
"""Moves a model version to an alias or stage in MLflow only when `bartizan gate` lets it through.

    promote.py MODEL VERSION ALIAS [arguments of `bartizan gate`]

The version's files are fetched into a folder of their own, decided about there, and the alias (`champion`, `production`, …) is set only after an
allow or a warn. The verdict, the policy's digest and the artifact's digest are kept as tags of the version. With MLFLOW_STAGE=1 the third argument is
a stage of the old kind. Exit codes are those of the gate: 1 for a deny, 2 for no decision; the alias then stays where it was.
"""

import json
import os
import subprocess
import sys
import tempfile


def main(arguments):
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    model, version, target, *more = arguments
    import mlflow

    client = mlflow.MlflowClient()
    with tempfile.TemporaryDirectory() as folder:
        source = client.get_model_version_download_uri(model, version)
        path = mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=folder)
        command = ["bartizan", "gate", path, "--format", "json", *more]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    try:
        decision = json.loads(ran.stdout) if ran.returncode in (0, 1) else {}
    except ValueError:
        decision = {}
    # Words that are no decision, as those of `--help`, let nothing through.
    if (ran.returncode, decision.get("verdict")) not in ((0, "allow"), (0, "warn"), (1, "deny")):
        print(f"no decision: {model} {version} stays where it is", file=sys.stderr)
        return 2
    for name, value in (
        ("bartizan.verdict", decision["verdict"]),
        ("bartizan.policy", decision["policy_digest"]),
        ("bartizan.artifact", decision["artifact"]["digest"]),
        ("bartizan.decided_on", decision["decided_on"]),
    ):
        client.set_model_version_tag(model, version, name, value)
    if ran.returncode != 0:
        for reason in decision["reasons"] + decision["missing"]:
            print(f"{reason['rule']}: {reason['message']}", file=sys.stderr)
        print(f"denied: {model} {version} stays where it is", file=sys.stderr)
        return 1
    if os.environ.get("MLFLOW_STAGE"):
        client.transition_model_version_stage(model, version, stage=target)
    else:
        client.set_registered_model_alias(model, target, version)
    print(f"{decision['verdict']}: {model} {version} is {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
