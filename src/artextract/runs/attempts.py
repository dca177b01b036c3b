"""Every siamese attempt of any number of runs, corrected together.

Under every judge, each attempt is compared query by query with the strongest post-processing of the raw embedding,
and the network with ridge regression too. Intervals draw painters as a whole, and one correction after Holm covers
all rows of all runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable
from artextract.runs.revisions import output
from artextract.siamese.evaluation.trials import COMPARED, KEYS, MIN_DRAWS, RAW, compare
from artextract.similarity.ranking.families import CORRECTED, corrected, p_text
from artextract.similarity.ranking.tables import Values

VALUES = "data/siamese/values.parquet"
LISTED = ["run", *COMPARED, *CORRECTED]
SIGNIFICANT = 0.05


def read_values(path: str) -> pd.DataFrame:
    """Per-query values of a run, as ``trials.values_table`` gives them.

    Args:
        path: A file, ``workspace``, a git revision, or the name of an experiment; see ``revisions.output``.

    Raises:
        ArtExtractError: There is no such run or table, a metric or painter is not a number, or a query appears twice
            or without a value.
    """
    remedy = "give data/siamese/values.parquet of a run, a git revision, or an experiment"
    try:
        with readable(path, "Parquet", remedy):
            table = pd.read_parquet(output(path, VALUES))
    except OSError as error:
        problem = "no such file" if isinstance(error, FileNotFoundError) else f"not readable: {error}"
        raise ArtExtractError(problem, where=str(path), remedy=remedy) from error
    if missing := [column for column in KEYS if column not in table]:
        raise ArtExtractError(f"columns are missing: {', '.join(missing)}", where=str(path), remedy=remedy)
    numbers = [column for column in table if column not in KEYS[:4]]  # painters are numbers too
    if words := [str(column) for column in numbers if not pd.api.types.is_numeric_dtype(table[column])]:
        raise ArtExtractError(f"columns hold no numbers: {', '.join(words)}", where=str(path), remedy=remedy)
    for bad, problem in (
        (table.duplicated(["split", "judge", "space", "id"]), "a query appears twice"),
        (table.isna().any(axis=1), "a value is missing"),
    ):
        if bad.any():
            first = table[bad].iloc[0]
            row = f"{path}, row {int(np.flatnonzero(bad)[0])}"
            raise ArtExtractError(
                f"{problem}: {', '.join(f'{key} {first[key]}' for key in KEYS[:4])}", where=row, remedy=remedy
            )
    return table.assign(id=table["id"].astype(str))


def read_works(path: Path) -> list[str]:
    """Read ids, one per line; blank lines are ignored.

    Raises:
        ArtExtractError: There is no such file, or it holds no ids.
    """
    try:
        found = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ArtExtractError(f"not readable as text: {error}", where=str(path)) from error
    if not found:
        raise ArtExtractError("no ids in it", where=str(path), remedy="write the ids of works, one per line")
    return found


def attempts_table(
    runs: Mapping[str, pd.DataFrame],
    *,
    split: str,
    metric: str,
    works: Sequence[str] | None = None,
    against_run: str | None = None,
    draws: int = MIN_DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """All attempts of all runs under one split, with Holm's correction over all of them.

    The opponent is the post-processing that scores best on the same queries that are tested, which favours it.

    Args:
        runs: Per-query values by name, see ``read_values``.
        split: s1, s2 or s3.
        metric: Column to compare.
        works: Ids of the only query works; default: all.
        against_run: Run whose post-processings are the opponents of all runs; default: each run's own.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        One row per run, judge, attempt and opponent, columns ``LISTED``; positive = the attempt is better.

    Raises:
        ArtExtractError: A split, metric, run or opponent is missing, no work is a query, or the queries differ.
    """
    if against_run is not None and against_run not in runs:
        raise ArtExtractError(f"no run is named {against_run}", where="--against-run", remedy=f"one of {list(runs)}")
    if works is not None:
        known = set().union(*(table["id"] for table in runs.values()))
        if strange := [work for work in works if work not in known]:
            raise ArtExtractError(
                f"{len(strange)} of {len(works)} works are in no run, the first is {strange[0]}",
                where="--works",
                remedy="write the ids of works as they are in the column id",
            )
    chosen = {name: _chosen(name, table, split, metric, works) for name, table in runs.items()}
    row_of = pd.Index(pd.concat([table["id"] for table in chosen.values()]).unique())
    values = {name: _values(table, row_of, metric) for name, table in chosen.items()}
    parts = []
    for name, table in chosen.items():
        found = values[name]
        if against_run is not None:
            found = _with_opponents(name, found, against_run, values[against_run])
        if alone := sorted({judge for judge, _ in found} - {judge for judge, space in found if space in RAW}):
            raise ArtExtractError(
                f"no post-processing to compare with under judge {alone[0]}",
                where=name if against_run is None else f"{name} against {against_run}",
                remedy=f"the values must hold at least one of the spaces {', '.join(RAW)}",
            )
        clusters = np.full(len(row_of), -1)
        clusters[row_of.get_indexer(pd.Index(table["id"]))] = table["painter"]
        parts.append(compare(found, [metric], clusters, draws, seed).assign(run=name))
    table = pd.concat(parts, ignore_index=True)
    if not len(table):
        raise ArtExtractError(f"nothing can be compared under {split}", where=", ".join(runs))
    return corrected(table, draws)[LISTED]


def _chosen(name: str, table: pd.DataFrame, split: str, metric: str, works: Sequence[str] | None) -> pd.DataFrame:
    """The rows of one run for a split and the given works."""
    if metric not in table or metric in KEYS:
        metrics = [str(column) for column in table if column not in KEYS]
        raise ArtExtractError(f"no metric {metric}", where=name, remedy=f"--metric, one of {', '.join(metrics)}")
    of_split = table[table["split"] == split]
    if not len(of_split):
        splits = ", ".join(dict.fromkeys(table["split"]))
        raise ArtExtractError(f"no values of split {split}", where=name, remedy=f"--split, one of {splits}")
    found = of_split if works is None else of_split[of_split["id"].isin(works)]
    if not len(found):
        raise ArtExtractError(f"none of the works is a query under split {split}", where=name)
    return found


def _values(table: pd.DataFrame, row_of: pd.Index, metric: str) -> Values:
    """Per-query values by judge and space, index = row of the work."""
    rows = pd.Series(row_of.get_indexer(pd.Index(table["id"])), index=table.index)
    return {
        (str(judge), str(space)): part[[metric]].set_axis(rows[part.index].to_numpy())
        for (judge, space), part in table.groupby(["judge", "space"], sort=False)
    }


def _with_opponents(name: str, found: Values, other: str, of_other: Values) -> Values:
    """The attempts of one run beside the post-processings of another."""
    opponents = {key: table for key, table in of_other.items() if key[1] in RAW}
    mixed = opponents | {key: table for key, table in found.items() if key[1] not in RAW}
    for (judge, space), table in mixed.items():
        for (_, rival), values in ((key, v) for key, v in opponents.items() if key[0] == judge):
            if set(table.index) != set(values.index):
                raise ArtExtractError(
                    f"under judge {judge}, {space} of run {name} has other queries than {rival} of run {other}",
                    where=f"{name} against {other}",
                    remedy="compare runs over the same collection and splits, or name common works with --works",
                )
    return mixed


def markdown(table: pd.DataFrame) -> str:
    """The table for people: differences over queries and over painters with intervals, p after Holm.

    A row of a judge that is counted with another one names that judge in place of a p value.
    """
    lines = [
        "| run | judge | attempt | against | queries | difference (95%) | p, Holm | over painters (95%) | p, Holm |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        cells = [row["run"], row["judge"], row["attempt"], row["against"], row["queries"]]
        for prefix in ("", "macro_"):
            mean = row[prefix.rstrip("_") or "micro"]
            cells.append(f"{mean:+.3f} ({row[f'{prefix}low']:+.3f} to {row[f'{prefix}high']:+.3f})")
            tested = not row["counted_with"]
            p = p_text(row[f"{prefix}p_holm"], row["p_least"])
            cells.append(p if tested else f"counted with {row['counted_with']}")
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def note(table: pd.DataFrame, draws: int) -> str:
    """What the p values of a table are corrected for, and a warning if even the least of them is not significant.

    Args:
        table: Result of ``attempts_table``.
        draws: The draws it was made with.
    """
    tests, least = int(table["comparisons"].iloc[0]), float(table["p_least"].iloc[0])
    said = f"p after Holm over {tests} comparisons; {draws:,} draws give no p below {least:.3g}"
    if least <= SIGNIFICANT:
        return said
    wanted = math.ceil(2 * tests / SIGNIFICANT) - 1
    return f"{said}\nwarning: so nothing can be significant; --draws {wanted} or more"


def named(given: Sequence[str]) -> dict[str, str]:
    """Runs by name: NAME=RUN, or a run that is its own name."""
    found: dict[str, str] = {}
    for one in given:
        name, _, path = one.rpartition("=")
        name = name or path
        if name in found:
            raise ArtExtractError(f"two runs are named {name}", where=one, remedy="name them apart: NAME=path")
        found[name] = path
    return found
