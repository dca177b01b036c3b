"""The judges of a collection as files that other programs read: TREC qrels, the gallery rule, ids, splits, checksums.

A qrels file says which works are relevant to a query. It cannot say which works are left out of the query's gallery,
and a score without that rule is another score. The rule is therefore written next to it, in the short form in which
the judges are built: works that are equal to the query in a column are left out, and some works are never in a gallery.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from artextract import __version__
from artextract.core.files import write_bytes, write_table, write_text
from artextract.core.fingerprint import sha256_bytes
from artextract.data.museum.painters import artist_clusters, person
from artextract.runs.croissant import described
from artextract.similarity.ranking.judging import Judge, equal, same
from artextract.similarity.ranking.title_words import in_common, title_words

SCALE = 1000  # a grade of one; TREC's tools know whole grades only
WORDS = "title_words"
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
    row, column = np.nonzero(judge.relevant & ~judge.excluded)
    if judge.grade is None:
        grade = np.ones(len(row), dtype=np.int64)
    else:
        grade = np.ceil(judge.grade[row, column].astype(np.float64) * SCALE).astype(np.int64)
    return pd.DataFrame({"query": ids[row], "zero": 0, "doc": ids[column], "grade": grade})


def gallery_rule(judge: Judge, works: pd.DataFrame) -> dict[str, list]:
    """The works that are left out of the galleries, in short form, checked against the judge's own matrix.

    Args:
        judge: Ground truth over n works.
        works: Result of ``works_table``.

    Returns:
        ``same``: columns of ``works``; a work that equals the query in one of them is left out (empty cells equal
        nothing). ``shares``: columns of words; a work that has a word in common with the query is left out. ``never``:
        ids that are in no gallery. ``pairs``: for a judge whose rule has no short form, what else is left out, as
        [query, doc]; else empty.
    """
    queries = judge.queries()
    excluded = judge.excluded[queries]
    never = np.asarray(excluded.all(axis=0))
    ids = works["id"].to_numpy()
    masks = {name: equal(works[name].to_numpy())[queries] for name in ("group", "object_group")}
    masks["painter"] = same(works["painter"])[queries]
    masks[WORDS] = in_common([cell.split() for cell in works[WORDS]])[queries]
    allowed = {name: mask for name, mask in masks.items() if not (mask & ~excluded).any()}
    covered = _left_out(never, allowed.values(), len(queries))
    usual = ["group"] if "group" in allowed else []  # always named, also where another column happens to cover it
    others = [name for name in allowed if name not in usual]
    smaller = ([*usual, *more] for size in range(len(others) + 1) for more in combinations(others, size))
    names = next(n for n in smaller if (_left_out(never, [allowed[m] for m in n], len(queries)) == covered).all())
    row, column = np.nonzero(excluded & ~covered)
    pairs = np.stack([ids[queries[row]], ids[column]], axis=1).tolist()
    shares = [name for name in names if name == WORDS]
    return {
        "same": [name for name in names if name != WORDS],
        "shares": shares,
        "never": ids[never].tolist(),
        "pairs": pairs,
    }


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
        graded = judge.grade is not None
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
