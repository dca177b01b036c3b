"""Abstention: answering only where the confidence is high enough for a stated error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from artextract.measures.calibration import FEWEST, LEAST


@dataclass(frozen=True)
class Threshold:
    """The least confidence of an answer, or the reason why there is none.

    Attributes:
        rows: Rows that it was chosen on, or that were too few.
        confidence: Rows with a lower highest probability get no answer; None where the threshold is refused.
        refused: The reason in words; None where there is a threshold.
    """

    rows: int
    confidence: float | None = None
    refused: str | None = None

    def record(self) -> dict[str, Any]:
        """As it is stored: ``abstain_below`` or ``abstain_refused``."""
        return {"abstain_below": self.confidence} if self.refused is None else {"abstain_refused": self.refused}


def risk_coverage(y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    """The error among the answered rows for every threshold on the confidence.

    Args:
        y: Labels (n,).
        p: Probabilities (n, classes); the confidence of a row is its largest.

    Returns:
        One row per different confidence, from high to low: confidence (the least that is answered), answered (rows),
        coverage (their share) and error (the share of them that is wrong).
    """
    confidence, wrong = p.max(axis=1), p.argmax(axis=1) != y
    order = np.argsort(-confidence, kind="stable")
    confidence, errors = confidence[order], np.cumsum(wrong[order])
    last = np.flatnonzero(np.r_[confidence[1:] != confidence[:-1], np.ones(min(1, len(y)), dtype=bool)])
    answered = last + 1
    return pd.DataFrame(
        {
            "confidence": confidence[last],
            "answered": answered,
            "coverage": answered / max(1, len(y)),
            "error": errors[last] / answered,
        }
    )


def choose_threshold(y: np.ndarray, p: np.ndarray, error: float) -> Threshold:
    """The threshold that answers most rows with at most the stated error.

    Args:
        y: Labels (n,) of rows that were neither trained on nor are reported on.
        p: Their probabilities (n, classes).
        error: Largest share of wrong answers among the answered rows.

    Returns:
        It is refused on fewer than ``FEWEST`` rows, and where fewer than ``LEAST`` of them would be answered.
    """
    n = len(y)
    if n < FEWEST:
        return Threshold(n, refused=f"{n} select rows are too few: at least {FEWEST} are needed")
    curve = risk_coverage(y, p)
    allowed = curve[(curve["error"] <= error) & (curve["answered"] >= LEAST)]
    if not len(allowed):
        return Threshold(n, refused=f"no threshold answers {LEAST} select rows with an error of {error:g} or less")
    return Threshold(n, float(allowed["confidence"].iloc[-1]))
