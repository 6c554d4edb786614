"""What the verbs of `bartizan data` find in the labelled corpus, beside other tools in the same run: `found.py PROGRAM CORPUS [--no-peers]`.

Prints tables in Markdown. Truth is what the corpus's manifest says of each file. Peers: detect-secrets for credentials, cleanlab for
label errors, scikit-learn's isolation forest for rows that do not belong. Presidio is not asked: the models of its names are in no
package registry.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

program, corpus, with_peers = sys.argv[1], pathlib.Path(sys.argv[2]) / "data", "--no-peers" not in sys.argv
# Types that word lists and context tell; all others are told by their form.
NAMED = {"PERSON", "GPE", "STREET_ADDRESS", "ORGANIZATION", "TITLE", "AGE", "NRP", "DATE_TIME", "ZIP_CODE"}


def told(*arguments):
    """The lines that a verb prints, and the seconds it took. Exit code 1 says that something was found."""
    began = time.perf_counter()
    done = subprocess.run([program, "data", *map(str, arguments), "--format", "jsonl"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"bartizan data {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()], time.perf_counter() - began


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def hits(texts, *only):
    """For each text what is found in it."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        file.flush()
        found = collections.defaultdict(list)
        for hit in told("leaks", file.name, "--fail-on", "never", *(word for what in only for word in ("--only", what)))[0]:
            found[hit["row"]].append(hit)
    return [found[row] for row in range(len(texts))]


def percent(part, whole):
    return f"{100 * part / whole:.1f} % ({part}/{whole})"


def secrets():
    print("| credentials: source | found | near misses reported | detect-secrets found | near misses |")
    print("| --- | ---: | ---: | ---: | ---: |")
    total = np.zeros(6, int)
    for path in sorted(corpus.glob("secrets-*/*.jsonl")):
        rows = lines(path)
        ours = np.array([bool(found) for found in hits([row["text"] for row in rows], "secrets")])
        theirs = detect_secrets([row["text"] for row in rows]) if with_peers else ours & False
        true = np.array([row["label"] == 1 for row in rows])
        counts = [(ours & true).sum(), true.sum(), (ours & ~true).sum(), (~true).sum(), (theirs & true).sum(), (theirs & ~true).sum()]
        total += counts
        secrets_row(path.parent.name, counts)
    secrets_row("all", total)
    prose = [path.read_text(encoding="utf-8", errors="replace") for path in sorted((corpus / "text-clean").iterdir())]
    print(f"\ncredentials in ordinary prose: {sum(map(len, hits(prose, 'secrets')))} (aim 0)\n")


def secrets_row(name, counts):
    found, true, wrong, false, their_found, their_wrong = map(int, counts)
    theirs = f"{percent(their_found, true)} | {percent(their_wrong, false)}" if with_peers else "- | -"
    print(f"| {name} | {percent(found, true)} | {percent(wrong, false)} | {theirs} |")


def detect_secrets(texts):
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    flagged = []
    with tempfile.TemporaryDirectory() as folder, default_settings():
        for number, text in enumerate(texts):
            path = pathlib.Path(folder) / f"{number}.txt"
            path.write_text(text, encoding="utf-8")
            held = SecretsCollection()
            held.scan_file(str(path))
            flagged.append(bool(held.json()))
    return np.array(flagged)


def personal():
    documents = json.loads((corpus / "pii-presidio-research/synth_dataset_v2.json").read_text(encoding="utf-8"))
    counts = {"by form": np.zeros(4, int), "by words": np.zeros(4, int)}
    for document, found in zip(documents, hits([document["full_text"] for document in documents], "pii")):
        spans = [(span["entity_type"], span["start_position"], span["end_position"]) for span in document["spans"]]
        pairs = [(hit["type"], hit["start"], hit["end"]) for hit in found]

        def meets(one, other):
            return one[0] == other[0] and one[1] < other[2] and one[2] > other[1]

        for which, (mine, others) in enumerate(((spans, pairs), (pairs, spans))):
            for one in mine:
                count = counts["by words" if one[0] in NAMED else "by form"]
                count[2 * which] += any(meets(one, other) for other in others)
                count[2 * which + 1] += 1
    counts["all"] = sum(counts.values())
    print("| personal data | recall | precision | F1 |\n| --- | ---: | ---: | ---: |")
    for name, (found, true, right, said) in counts.items():
        recall, precision = found / true, right / said
        print(f"| {name} | {recall:.3f} | {precision:.3f} | {2 * recall * precision / (recall + precision):.3f} |")
    rows = lines(corpus / "pii-recognizer-tests/presidio-recognizers.jsonl")
    true, ours = [], []
    for row, found in zip(rows, hits([row["text"] for row in rows], "pii")):
        wanted = set(row["entities"]) | ({"PHONE_NUMBER"} if row["source"] == "test_phone_recognizer.py" else set())
        true.append(row["n"] > 0)
        ours.append(any(hit["type"] in wanted for hit in found))
    true, ours = np.array(true), np.array(ours)
    print(f"\ncases of Presidio's recognisers: found {percent((ours & true).sum(), true.sum())}, "
          f"wrongly {percent((ours & ~true).sum(), (~true).sum())}\n")


def poison():
    print("| poisoned texts | rows | poisoned | AUC | found at 1 % of the clean | aim | s |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    paths = sorted(corpus.glob("backdoor-recipe/*.jsonl")) + [corpus / "backdoor-syntactic/sst-2-train.jsonl", corpus / "backdoor-style/sst-2-bible.jsonl"]
    for path in paths:
        true = np.array([row["poison"] == 1 for row in lines(path)])
        suspects, seconds = told("poison", path, "--min-score", "0")
        score = np.zeros(len(true))
        for suspect in suspects:
            score[suspect["row"]] = max(score[suspect["row"]], suspect["score"])
        clean = np.sort(score[~true])[::-1]
        # As many clean rows as one in a hundred may lie above the threshold.
        threshold = clean[int(0.01 * len(clean))]
        found = (score[true] > threshold).mean()
        aim = "70 %" if path.stem.endswith("0.002") else "95 %" if "recipe" in path.parent.name else "AUC 0.90"
        print(f"| {path.stem} | {len(true)} | {true.sum()} | {roc_auc_score(true, score):.3f} | {100 * found:.1f} % | {aim} | {seconds:.1f} |")
    print()


def labels():
    print("Average precision of label errors judged by people: among the rows judged, and among all rows\n")
    print("| labels | judged | errors | ours, by margin | cleanlab, by margin | cleanlab, by confidence |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    folder = corpus / "label-errors"
    for path in sorted(folder.glob("mturk__*.json")):
        name = path.stem.removeprefix("mturk__").removesuffix("_mturk")
        given = folder / f"original_test_labels__{name}_test_set_original_labels.npy"
        likely = folder / f"cross_validated_predicted_probabilities__{name}_test_set_pyx.npy"
        judged = json.loads(path.read_text(encoding="utf-8"))
        rows = [case["id"] for case in judged]
        # An error is what most of the five people asked did not give the label that is there.
        true = np.array([case["mturk"]["given"] < 3 for case in judged])
        everywhere = np.zeros(len(np.load(given)), bool)
        everywhere[np.array(rows)[true]] = True

        def both(score):
            among = average_precision_score(true, score[rows])
            return f"{among:.4f}, {average_precision_score(everywhere, score):.4f}"

        ours = np.zeros(len(everywhere))
        for line in told("labels", "--labels", given, "--probabilities", likely)[0]:
            ours[line["row"]] = line["score"]
        theirs = ["-", "-"]
        if with_peers:
            from cleanlab.rank import get_label_quality_scores

            pair = np.load(given).astype(int), np.load(likely)
            theirs = [both(-get_label_quality_scores(*pair, method=method)) for method in ("normalized_margin", "self_confidence")]
        print(f"| {name} | {len(rows)} | {true.sum()} | {both(ours)} | {' | '.join(theirs)} |")
    print()


def anomalies():
    print("| rows that do not belong | rows | odd | AUROC | isolation forest, mean of five seeds |\n| --- | ---: | ---: | ---: | ---: |")
    both = []
    for path in sorted(corpus.glob("tabular-anomaly/*.npz")):
        held = np.load(path)
        values, true = held["X"], held["y"].astype(bool)
        score = np.zeros(len(true))
        for line in told("anomalies", path)[0]:
            score[line["row"]] = line["score"]
        ours, theirs = roc_auc_score(true, score), float("nan")
        if with_peers:
            from sklearn.ensemble import IsolationForest

            forests = (IsolationForest(random_state=seed).fit(values) for seed in range(5))
            theirs = np.mean([roc_auc_score(true, -forest.score_samples(values)) for forest in forests])
        both.append((ours, theirs))
        print(f"| {path.stem} | {len(true)} | {true.sum()} | {ours:.4f} | {theirs:.4f} |")
    ours, theirs = np.mean(both, axis=0)
    print(f"| mean (aim: isolation forest + 0.02) | | | {ours:.4f} | {theirs:.4f} |\n")


for part in (secrets, personal, poison, labels, anomalies):
    part()
