"""Trains the priority model on the labelled tickets."""

import argparse
import csv
import pickle
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    with arguments.data.open(newline="") as file:
        rows = list(csv.DictReader(file))
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(random_state=0))
    model.fit([row["text"] for row in rows], [row["label"] for row in rows])
    (arguments.output / "priority.pkl").write_bytes(pickle.dumps(model))
