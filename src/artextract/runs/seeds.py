"""Several trainings that differ in their seed alone: how far scores vary, and an interval that includes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.measures.intervals import estimate_over_runs
from artextract.measures.units import without_blocks
from artextract.runs.comparison import aligned, scored_by

COLUMNS = ["task", "score", "rows", "units", "runs", "mean", "sd", "lowest", "highest", "low", "high"]


def spread(tables: Sequence[pd.DataFrame], *, min_rows: int, blocks: int, seed: int) -> pd.DataFrame:
    """Mean and spread of the scores of several trainings.

    Args:
        tables: Predictions of each training on the same validation rows, see ``prediction_table.predictions_table``.
        min_rows: Classes with fewer validation rows are left out.
        blocks: Blocks of painters (style, genre) or near-duplicate groups (artist) that are left out in turn.
        seed: Seed of the blocks.

    Returns:
        One row per task and score, columns ``COLUMNS``: ``sd``, ``lowest`` and ``highest`` are over the trainings; the
        interval (low, high) is that of the mean of all such trainings, and its variance includes both the validation
        rows and the seeds. No task without validation rows.

    Raises:
        ArtExtractError: There are fewer than two tables, two are the same, or they are not of the same rows.
    """
    if len(tables) < 2:
        raise ArtExtractError("one training has no spread", where="seeds", remedy="name two or more trainings")
    rows = []
    for task in TASKS:
        parts = aligned(tables, task)
        if not len(parts[0].y):
            continue
        _refuse_copies([part.p for part in parts], task)
        weights = without_blocks(parts[0].unit, blocks, seed)
        chosen, scores = scored_by(parts[0], min_rows)
        for name, (score, here) in scores.items():
            values = np.stack([score(part, chosen, weights) for part in parts])
            found, plain = estimate_over_runs(values), values[:, 0]
            row = {"task": task, "score": name, "rows": int(here.sum()), "units": len(np.unique(parts[0].unit[here]))}
            row |= {"runs": len(parts), "mean": found.value, "sd": float(plain.std(ddof=1))}
            row |= {"lowest": float(plain.min()), "highest": float(plain.max()), "low": found.low, "high": found.high}
            rows.append(row)
    table = pd.DataFrame(rows, columns=pd.Index(COLUMNS))
    return table[table["mean"].notna()].reset_index(drop=True)


def _refuse_copies(probabilities: Sequence[np.ndarray], task: str) -> None:
    """One training named twice would make the spread too small."""
    for i, one in enumerate(probabilities):
        if any(np.array_equal(one, other) for other in probabilities[:i]):
            raise ArtExtractError(
                f"training {i + 1} has the same predictions as an earlier one",
                where=f"task {task}",
                remedy="name each training once; trainings must differ in their seed",
            )


def printed(table: pd.DataFrame) -> str:
    """The table as aligned text."""
    return table.to_string(index=False, float_format=lambda value: f"{value:.4f}")
