"""The judges of a collection as files that other programs read: TREC qrels, the gallery rule, ids, splits, checksums.

A qrels file says which works are relevant to a query. It cannot say which works are left out of the query's gallery,
and a score without that rule is another score. The rule is therefore written next to it, in the short form in which
the judges are built: works that are equal to the query in a column are left out, and some works are never in a gallery.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from artextract import __version__
from artextract.core.files import write_bytes, write_table, write_text
from artextract.core.fingerprint import sha256_bytes
from artextract.data.museum.painters import artist_clusters, person
from artextract.runs.croissant import described
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.relations import (
    EVERYTHING,
    Equal,
    InCommon,
    Relation,
    codes_of,
    indicator_of_words,
)
from artextract.similarity.ranking.title_words import title_words

SCALE = 1000  # a grade of one; TREC's tools know whole grades only
SAME, WORDS = ("group", "object_group"), "title_words"
PAIRS = 1 << 22  # pairs of works that are compared at a time
TEMPLATE, SCRIPT = Path(__file__).parent / "qrels_format.md", Path(__file__).parent / "qrels_score.py"


def works_table(index: pd.DataFrame) -> pd.DataFrame:
    """What the gallery rule and the intervals need of each work.

    Args:
        index: n works, as fetch_nga writes them.

    Returns:
        n rows: row, id, group, object_group, painter (empty where the work is tied to nobody), title_words (the words
        of the title that count, in alphabetical order) and cluster, the unit that a bootstrap draws.
    """
    return pd.DataFrame(
        {
            "row": np.arange(len(index)),
            "id": index["id"].astype(str),
            "group": index["group"],
            "object_group": index["object_group"] if "object_group" in index else index["group"],
            "painter": person(index),
            "title_words": [" ".join(sorted(words)) for words in title_words(index["title"])],
            "cluster": artist_clusters(index),
        }
    )


def qrels_table(judge: Judge, ids: np.ndarray) -> pd.DataFrame:
    """Relevant works in the gallery of each query.

    Args:
        judge: Ground truth over n works.
        ids: Their ids (n,).

    Returns:
        Columns query, zero, doc and grade; the grade is a whole number from 1 to ``SCALE``, and 1 without degrees.
        Grades are rounded up, so that a work with a tiny grade stays relevant.
    """
    parts = [pd.DataFrame({"query": ids[:0], "zero": 0, "doc": ids[:0], "grade": np.array([], dtype=np.int64)})]
    for rows in _blocks(judge):
        truth = judge.truth(rows)
        row, column = np.nonzero(truth.found)
        grade: np.ndarray | int = 1
        if truth.grade is not None:
            grade = np.ceil(truth.grade[row, column].astype(np.float64) * SCALE).astype(np.int64)
        parts.append(pd.DataFrame({"query": ids[rows[row]], "zero": 0, "doc": ids[column], "grade": grade}))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def gallery_rule(judge: Judge, works: pd.DataFrame) -> dict[str, list]:
    """The works that are left out of the galleries, in short form, checked against what the judge says of every pair.

    Args:
        judge: Ground truth over n works.
        works: Result of ``works_table``.

    Returns:
        ``same``: columns of ``works``; a work that equals the query in one of them is left out (empty cells equal
        nothing). ``shares``: columns of words; a work that has a word in common with the query is left out. ``never``:
        ids that are in no gallery. ``pairs``: for a judge whose rule has no short form, what else is left out, as
        [query, doc]; else empty.
    """
    relations: dict[str, Relation] = {name: Equal(codes_of(works[name])) for name in (*SAME, "painter")}
    relations[WORDS] = InCommon(indicator_of_words([cell.split() for cell in works[WORDS]]))
    never, allowed = _never_and_allowed(judge, relations)
    usual = ["group"] if "group" in allowed else []  # always named, also where another column happens to cover it
    others = [name for name in allowed if name not in usual]
    smaller = [(*usual, *more) for size in range(len(others) + 1) for more in combinations(others, size)]
    names, pairs = _shortest(judge, {name: relations[name] for name in allowed}, smaller, never)
    ids = works["id"].to_numpy()
    return {
        "same": [name for name in names if name != WORDS],
        "shares": [name for name in names if name == WORDS],
        "never": ids[never].tolist(),
        "pairs": ids[pairs].tolist(),
    }


def _blocks(judge: Judge) -> list[np.ndarray]:
    """The judge's queries in blocks whose pairs with all works fit into memory."""
    queries, step = judge.queries(), max(1, PAIRS // judge.n)
    return [queries[start : start + step] for start in range(0, len(queries), step)]


def _never_and_allowed(judge: Judge, relations: Mapping[str, Relation]) -> tuple[np.ndarray, list[str]]:
    """Works that no query has in its gallery, boolean (n,); and the relations that only hold for works left out."""
    never, allowed = np.ones(judge.n, dtype=bool), list(relations)
    for rows in _blocks(judge):
        excluded = judge.truth(rows).excluded
        never &= excluded.all(axis=0)
        allowed = [name for name in allowed if not (relations[name].pairs(rows, EVERYTHING) & ~excluded).any()]
    return never, allowed


def _shortest(
    judge: Judge, allowed: Mapping[str, Relation], smaller: Sequence[tuple[str, ...]], never: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray]:
    """The first of some sets of relations that leaves out as much as all of them, and the pairs that none leaves out.

    Args:
        judge: Ground truth over n works.
        allowed: Relations that only hold for works left out.
        smaller: Sets of their names, the last one being all of them.
        never: Works that are in no gallery, boolean (n,).

    Returns:
        The names, and rows of query and work, int64 (pairs, 2).
    """
    possible, pairs = list(smaller), [np.empty((0, 2), dtype=np.int64)]
    for rows in _blocks(judge):
        masks = {name: relation.pairs(rows, EVERYTHING) for name, relation in allowed.items()}
        covered = _left_out(never, masks.values(), len(rows))
        possible = [
            names for names in possible
            if (_left_out(never, [masks[name] for name in names], len(rows)) == covered).all()
        ]  # fmt: skip
        row, column = np.nonzero(judge.truth(rows).excluded & ~covered)
        pairs.append(np.stack([rows[row], column], axis=1))
    return possible[0], np.concatenate(pairs)


def _left_out(never: np.ndarray, masks: Iterable[np.ndarray], queries: int) -> np.ndarray:
    """Boolean (queries, n): works that are in no gallery, or that one of the masks takes out."""
    return np.logical_or.reduce([np.tile(never, (queries, 1)), *masks])


def export(
    folder: Path,
    index: pd.DataFrame,
    judges: Mapping[str, Judge],
    unmeasured: Mapping[str, str],
    splits: pd.DataFrame,
    k: int,
) -> list[Path]:
    """Write all judges of a collection.

    Args:
        folder: For the files; existing ones of the same names are replaced.
        index: n works.
        judges: Measured judges by key.
        unmeasured: Keys of the others with the reason.
        splits: Result of ``splits.split_table``.
        k: Cutoff of the metrics, for the description.

    Returns:
        The files: works.csv, splits.csv, for each judge ``<key>.qrels`` and ``<key>.gallery.json``, README.md,
        score.py, croissant.json and SHA256SUMS.
    """
    works = works_table(index)
    ids = works["id"].to_numpy()
    write_table(folder / "works.csv", works)
    write_table(folder / "splits.csv", splits)
    written, lines = [folder / "works.csv", folder / "splits.csv"], []
    for key, judge in judges.items():
        table, rule = qrels_table(judge, ids), gallery_rule(judge, works)
        graded = judge.graded
        facts = {"judge": key, "label": judge.label, "description": judge.description, "graded": graded}
        facts |= {"reads": sorted(judge.fields), "queries": len(judge.queries()), "relevant": len(table)}
        write_bytes(folder / f"{key}.qrels", table.to_csv(sep=" ", header=False, index=False).encode())
        write_text(folder / f"{key}.gallery.json", json.dumps(facts | rule, indent=1, ensure_ascii=False) + "\n")
        written += [folder / f"{key}.qrels", folder / f"{key}.gallery.json"]
        grades = f"1 to {SCALE}" if graded else "1"
        lines.append(f"| `{key}` | {judge.description} | {facts['queries']:,} | {len(table):,} | {grades} |")
    absent = [f"* `{key}`: {why}" for key, why in unmeasured.items()] or ["* none"]
    text = TEMPLATE.read_text(encoding="utf-8").replace("{WORKS}", f"{len(index):,}").replace("{K}", str(k))
    write_text(folder / "README.md", text.replace("{JUDGES}", "\n".join(lines)).replace("{ABSENT}", "\n".join(absent)))
    write_bytes(folder / "score.py", SCRIPT.read_bytes())
    tables = {"works": list(works.columns), "splits": list(splits.columns)}
    about = {key: judge.description for key, judge in judges.items()}
    write_text(folder / "croissant.json", described(folder, tables, about, __version__))
    written += [folder / name for name in ("README.md", "score.py", "croissant.json")]
    sums = [f"{sha256_bytes(path.read_bytes())}  {path.name}\n" for path in sorted(written)]
    write_text(folder / "SHA256SUMS", "".join(sums))
    return [*written, folder / "SHA256SUMS"]
