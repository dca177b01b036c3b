"""Scores an embedding from the exported judges: python score.py VECTORS.npy [JUDGE ...]

This file reads the files in its own folder and needs numpy and ir-measures, nothing else.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import AP, RR, P, Rprec, nDCG

MEASURES = [nDCG @ 10, AP, P @ 10, Rprec, RR]


def left_out(works: list[dict[str, str]], rule: dict, query: int, row_of: dict[str, int]) -> np.ndarray:
    """Boolean (n,): works that are not in the gallery of the query row."""
    out = np.zeros(len(works), dtype=bool)
    for column in rule["same"]:
        values = np.array([work[column] for work in works])
        out |= (values == values[query]) & (values != "")
    out[[row_of[id] for id in rule["never"]]] = True
    out[[row_of[doc] for asked, doc in rule["pairs"] if row_of[asked] == query]] = True
    return out


def score(folder: Path, vectors: np.ndarray, judge: str) -> tuple[int, dict[str, float]]:
    """Number of queries, and the mean of each measure.

    Args:
        folder: Holds works.csv, and the judge's qrels and gallery.json.
        vectors: (n, d): row i belongs to line i of works.csv.
        judge: Name of the judge.
    """
    with (folder / "works.csv").open(encoding="utf-8", newline="") as file:
        works = list(csv.DictReader(file))
    if len(works) != len(vectors):
        sys.exit(f"{len(vectors)} vectors, and works.csv has {len(works)} works")
    row_of = {work["id"]: int(work["row"]) for work in works}
    rule = json.loads((folder / f"{judge}.gallery.json").read_text(encoding="utf-8"))
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / f"{judge}.qrels").read_text(encoding="utf-8").splitlines():
        query, _, doc, grade = line.split()
        qrels.setdefault(query, {})[doc] = int(grade)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    run = {}
    for query in qrels:
        row = row_of[query]
        order = np.argsort(-(unit[row] @ unit.T), kind="stable")
        gallery = order[~left_out(works, rule, row, row_of)[order]]
        run[query] = {works[i]["id"]: float(-place) for place, i in enumerate(gallery.tolist())}
    found = ir_measures.calc_aggregate(MEASURES, qrels, run)
    return len(qrels), {str(measure): found[measure] for measure in MEASURES}


def main() -> None:
    """Print one line per judge."""
    folder = Path(__file__).parent
    vectors = np.load(sys.argv[1], allow_pickle=False)
    judges = sys.argv[2:] or sorted(path.stem for path in folder.glob("*.qrels"))
    print("\t".join(["judge", "queries", *map(str, MEASURES)]))
    for judge in judges:
        queries, found = score(folder, vectors, judge)
        print("\t".join([judge, str(queries), *(f"{value:.4f}" for value in found.values())]))


if __name__ == "__main__":
    main()
