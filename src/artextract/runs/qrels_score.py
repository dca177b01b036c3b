"""Scores an embedding from the exported judges: python score.py VECTORS.npy [--judge KEY] [--split s1|s2|s3]

This file reads the files in its own folder and needs numpy and ir-measures, nothing else. With a split, only held-out
works are queries; s2 takes one array per fold, each learnt without the fold's works.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import AP, RR, P, Rprec, nDCG

MEASURES = [nDCG @ 10, AP, P @ 10, Rprec, RR]
DRAWS = 10_000
Table = list[dict[str, str]]


def read_table(path: Path) -> Table:
    """Lines of a CSV file by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parts(splits: Table, split: str | None) -> list[set[str]]:
    """Ids of the query works of each part: all works, those held out, or those of each fold."""
    if split is None:
        return [{line["id"] for line in splits}]
    if split != "s2":
        return [{line["id"] for line in splits if line[split] == "held_out"}]
    folds = sorted({int(line["s2_fold"]) for line in splits})
    return [{line["id"] for line in splits if int(line["s2_fold"]) == fold} for fold in folds]


def left_out(works: Table, rule: dict, query: int, row_of: dict[str, int]) -> np.ndarray:
    """Boolean (n,): works that are not in the gallery of the query row."""
    out = np.zeros(len(works), dtype=bool)
    for column in rule["same"]:
        values = np.array([work[column] for work in works])
        out |= (values == values[query]) & (values != "")
    for column in rule["shares"]:
        own = set(works[query][column].split())
        out |= np.array([not own.isdisjoint(work[column].split()) for work in works])
    out[[row_of[id] for id in rule["never"]]] = True
    out[[row_of[doc] for asked, doc in rule["pairs"] if row_of[asked] == query]] = True
    return out


def score(folder: Path, works: Table, vectors: np.ndarray, judge: str, asked: set[str]) -> dict[str, list[float]]:
    """The measures of each query, in the order of ``MEASURES``.

    Args:
        folder: Holds the judge's qrels and gallery.json.
        works: works.csv.
        vectors: (n, d): row i belongs to line i of works.csv.
        judge: Name of the judge.
        asked: Ids of the works that may be queries.
    """
    row_of = {work["id"]: int(work["row"]) for work in works}
    rule = json.loads((folder / f"{judge}.gallery.json").read_text(encoding="utf-8"))
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / f"{judge}.qrels").read_text(encoding="utf-8").splitlines():
        query, _, doc, grade = line.split()
        if query in asked:
            qrels.setdefault(query, {})[doc] = int(grade)
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    run = {}
    for query in qrels:
        row = row_of[query]
        order = np.argsort(-(unit[row] @ unit.T), kind="stable")
        gallery = order[~left_out(works, rule, row, row_of)[order]]
        run[query] = {works[i]["id"]: float(-place) for place, i in enumerate(gallery.tolist())}
    found: dict[str, dict[str, float]] = {}
    for value in ir_measures.iter_calc(MEASURES, qrels, run):
        found.setdefault(value.query_id, {})[str(value.measure)] = value.value
    return {query: [values[str(measure)] for measure in MEASURES] for query, values in found.items()}


def interval(values: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """95% percentile interval of a mean over queries (q,); a resample draws whole clusters (q,)."""
    _, member = np.unique(clusters, return_inverse=True)
    sums, sizes = np.bincount(member, weights=values), np.bincount(member)
    drawn = np.random.default_rng(0).multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=DRAWS)
    low, high = np.percentile((drawn @ sums) / (drawn @ sizes), [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Print one line per judge."""
    folder = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Scores an embedding from the judges in this folder.")
    parser.add_argument("vectors", nargs="+", help=".npy file (works, dimensions); with --split s2 one per fold")
    parser.add_argument("--judge", action="append", help="this judge only; may be repeated")
    parser.add_argument("--split", choices=["s1", "s2", "s3"], help="held-out queries only")
    given = parser.parse_args()
    works, asked = read_table(folder / "works.csv"), parts(read_table(folder / "splits.csv"), given.split)
    arrays = [np.load(path, allow_pickle=False) for path in given.vectors]
    if len(arrays) != len(asked):
        sys.exit(f"{len(arrays)} arrays are given, {len(asked)} are needed")
    if any(array.ndim != 2 or len(array) != len(works) for array in arrays):
        sys.exit(f"an array does not have the {len(works)} rows of works.csv")
    cluster = {work["id"]: int(work["cluster"]) for work in works}
    print("\t".join(["judge", "queries", *map(str, MEASURES), f"{MEASURES[0]} low", "high"]))
    for judge in given.judge or sorted(path.stem for path in folder.glob("*.qrels")):
        found: dict[str, list[float]] = {}
        for array, queries in zip(arrays, asked, strict=True):
            found |= score(folder, works, array, judge, queries)
        if not found:
            print(f"{judge}\t0")
            continue
        values = np.array(list(found.values()))
        ends = interval(values[:, 0], np.array([cluster[query] for query in found]))
        print("\t".join([judge, str(len(found)), *(f"{value:.4f}" for value in [*values.mean(axis=0), *ends])]))


if __name__ == "__main__":
    main()
