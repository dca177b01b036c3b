"""Looks for better parameters of the classification, and compares the best with the start on validation rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import content_key, sha256_file
from artextract.core.stage_lock import FOLDER
from artextract.runs import comparison
from artextract.runs.search_space import read_space
from artextract.runs.series import START, Series, check_metric, run_series
from artextract.runs.trial_run import Trainings, git

PARAMS = Path("params.yaml")
OUTCOMES = ("dvc.lock", "metrics", "plots", "README.md")  # what runs of the pipeline change


@dataclass(frozen=True)
class Wanted:
    """What the user asks for.

    Attributes:
        name: Of the series.
        metric: One of ``series.METRICS``.
        trials: How many, besides the start.
        space: File of the parameters that may change.
        changes: ``key=value`` of all trainings, the start included.
        seed: Of the proposals.
        min_rows: Classes with fewer validation rows are left out of the comparison.
    """

    name: str
    metric: str
    trials: int
    space: Path
    changes: tuple[str, ...]
    seed: int
    min_rows: int


def optimise(wanted: Wanted, say: Callable[[str], object]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Run the series, or what is missing of it.

    Args:
        wanted: What the user asks for.
        say: Called with a line per trial.

    Returns:
        All trials, see ``series.table_of``; and ``comparison.compare`` of the start (a) with the best (b), None where
        no trial beats the start on select rows.

    Raises:
        ArtExtractError: The metric is not one of select rows, the space is none, another run works on the series.
    """
    from filelock import FileLock, Timeout

    check_metric(wanted.metric)
    if not PARAMS.is_file() or not Path(".dvc").is_dir():
        raise ArtExtractError("this is not the root of the repository", remedy="start the command there")
    folder = FOLDER / "optimise" / wanted.name
    folder.mkdir(parents=True, exist_ok=True)
    series = Series(
        wanted.name, read_space(wanted.space, PARAMS), wanted.seed, folder / "journal.log", _made_of(wanted)
    )
    try:
        with FileLock(folder / "lock", timeout=0):
            table = run_series(series, wanted.trials, Trainings(wanted.metric, folder, wanted.changes), say)
    except Timeout:
        raise ArtExtractError(
            f"another run works on the series {wanted.name}", where=str(folder), remedy="wait for it, or use --name"
        ) from None
    return table, _compared(table, series.experiment(START), wanted.min_rows)


def _made_of(wanted: Wanted) -> dict[str, str]:
    """What makes two series different ones; the outcome of other runs in the working copy does not."""
    others = [f":(exclude){name}" for name in OUTCOMES]
    return {
        "metric": wanted.metric,
        "space (--space)": sha256_file(wanted.space),
        "-S": " ".join(wanted.changes),
        "seed": str(wanted.seed),
        "commit": git("rev-parse", "HEAD").strip(),
        "state of the working copy": content_key(git("diff", "HEAD", "--", ".", *others)),
    }


def _compared(table: pd.DataFrame, start: str, min_rows: int) -> pd.DataFrame | None:
    best = table.iloc[0]
    if not best["select"] > table.loc[table["experiment"] == start, "select"].iloc[0]:
        return None
    one, other = (comparison.read_predictions(name) for name in (start, str(best["experiment"])))
    return comparison.compare(one, other, min_rows=min_rows, blocks=200, seed=0)
