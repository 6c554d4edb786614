"""Trains a small classifier of the tickets: with scikit-learn where it is installed, else with the standard library alone.

Both ways give the same bytes in every run with the same seed, data and packages.
"""

import argparse
import csv
import json
import math
import random
import struct
from pathlib import Path


def words(text: str) -> list[str]:
    return sorted("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


def by_hand(texts: list[str], labels: list[str], seed: int) -> tuple[list[list[float]], list[list[float]]]:
    """Softmax regression by stochastic gradient descent: a row of weights and a bias for each label."""
    vocabulary = sorted({word for text in texts for word in words(text)})
    place = {word: index for index, word in enumerate(vocabulary)}
    kinds = sorted(set(labels))
    generator = random.Random(seed)
    weights = [[generator.gauss(0, 0.01) for _ in vocabulary] for _ in kinds]
    bias = [0.0 for _ in kinds]
    rows = [([place[word] for word in words(text)], kinds.index(label)) for text, label in zip(texts, labels)]
    for _ in range(50):
        generator.shuffle(rows)
        for features, wanted in rows:
            scores = [bias[kind] + sum(weights[kind][feature] for feature in features) for kind in range(len(kinds))]
            powers = [math.exp(score - max(scores)) for score in scores]
            for kind, power in enumerate(powers):
                step = 0.1 * ((kind == wanted) - power / sum(powers))
                bias[kind] += step
                for feature in features:
                    weights[kind][feature] += step
    return weights, [bias]


def by_library(texts: list[str], labels: list[str], seed: int) -> tuple[list[list[float]], list[list[float]]]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(random_state=seed).fit(TfidfVectorizer().fit_transform(texts), labels)
    return model.coef_.tolist(), [model.intercept_.tolist()]


def save(path: Path, tensors: dict[str, list[list[float]]]) -> None:
    """Writes 32-bit floats as safetensors."""
    header, values = {}, b""
    for name, rows in sorted(tensors.items()):
        data = b"".join(struct.pack("<f", value) for row in rows for value in row)
        span = [len(values), len(values) + len(data)]
        header[name] = {"dtype": "F32", "shape": [len(rows), len(rows[0])], "data_offsets": span}
        values += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--by-hand", action="store_true", help="use the standard library even where scikit-learn is there")
    arguments = parser.parse_args()
    with arguments.data.open(newline="") as file:
        tickets = list(csv.DictReader(file))
    texts, labels = [row["text"] for row in tickets], [row["label"] for row in tickets]
    try:
        weights, bias = (by_hand if arguments.by_hand else by_library)(texts, labels, arguments.seed)
    except ImportError:
        weights, bias = by_hand(texts, labels, arguments.seed)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    save(arguments.output, {"weight": weights, "bias": bias})
    print(f"{len(tickets)} tickets, {len(weights)} rows of weights")
