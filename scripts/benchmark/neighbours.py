"""Nearest-neighbour accuracy on labelled texts, int8 beside f32: neighbours.py TEXTS.csv[.gz] FOLDER

TEXTS has the columns text and category (Banking77's train.csv); a fifth of each category is asked, the rest answers.
FOLDER holds encoder-f32.onnx, encoder.onnx and tokenizer.json, as `rapport export encoder` writes them.
"""

import csv
import gzip
import random
import sys
from pathlib import Path

import numpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/parity-onnx"))
import tract  # noqa: E402

LIMITS = (128, 384)
RESAMPLES = 2000


def read(path: Path) -> list[tuple[str, str]]:
    opened = gzip.open(path, "rt", encoding="utf-8", newline="") if path.suffix == ".gz" else path.open(newline="")
    with opened as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def split(rows: list[tuple[str, str]]) -> tuple[list[int], list[int]]:
    asked, answering = [], []
    for category in sorted({category for _, category in rows}):
        members = [n for n, row in enumerate(rows) if row[1] == category]
        random.Random(77).shuffle(members)
        fifth = len(members) // 5
        asked += members[:fifth]
        answering += members[fifth:]
    return asked, answering


def main() -> None:
    rows, folder = read(Path(sys.argv[1])), Path(sys.argv[2])
    asked, answering = split(rows)
    texts = [" ".join(text.split()) for text, _ in rows]
    labels = numpy.array([category for _, category in rows])
    right = {}
    vectors = {}
    for name in ("encoder-f32.onnx", "encoder.onnx"):
        answers = tract.encode(folder / name, folder / "tokenizer.json", LIMITS, texts)
        vectors[name] = numpy.array([answer["embedding"] for answer in answers], dtype=numpy.float32)
        nearest = (vectors[name][asked] @ vectors[name][answering].T).argmax(axis=1)
        right[name] = labels[answering][nearest] == labels[asked]
        print(f"{name}: {right[name].mean():.4f} of {len(asked)} right", flush=True)
    difference = right["encoder.onnx"].astype(float) - right["encoder-f32.onnx"]
    generator = numpy.random.default_rng(1)
    means = [difference[generator.integers(0, len(asked), len(asked))].mean() for _ in range(RESAMPLES)]
    low, high = numpy.quantile(means, [0.025, 0.975])
    print(f"difference {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]")
    a, b = vectors.values()
    cosines = (a * b).sum(axis=1) / numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1)
    print(f"cosine over all {len(rows)} texts: mean {cosines.mean():.5f}, least {cosines.min():.5f}")


if __name__ == "__main__":
    main()
