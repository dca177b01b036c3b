"""Calibration of probabilities: a temperature fitted on rows kept back from training, and calibration errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from artextract.measures.intervals import Estimate

BINS = 15  # of equal width, for the expected calibration error
LEAST = 20  # rows of a point of the reliability diagram: the accuracy of fewer is not known to a tenth
ENOUGH = 2 * LEAST  # rows that calibration can be drawn from: two points
FEWEST = 50  # rows that a temperature, or a threshold on the confidence, is fitted on; it is refused on fewer
BOUNDS = (0.05, 20.0)  # of the search for a temperature
FOLDS = 5  # of the cross-fit that decides if a temperature helps
SIMULATIONS = 1000
MOST_POINTS = 15
POINT = ("rows", "confidence", "accuracy", "low", "high")


def apply_temperature(p: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax of the logits divided by a temperature, from probabilities: (n, classes), rows sum to 1.

    The logarithm of a probability is its logit up to a constant per row, which the softmax cancels.
    """
    logits = np.log(np.clip(p, 1e-12, None)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    scaled = np.exp(logits)
    return scaled / scaled.sum(axis=1, keepdims=True)


def negative_log_likelihood(y: np.ndarray, p: np.ndarray) -> float:
    """Mean over rows of -log p[true class]."""
    return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-12, None)).mean())


def fit_temperature(y: np.ndarray, p: np.ndarray) -> float:
    """The temperature of lowest negative log-likelihood within ``BOUNDS`` (Guo et al. 2017).

    Args:
        y: Labels (n,) of rows that were neither trained on nor are reported on.
        p: Their probabilities (n, classes).
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(y, apply_temperature(p, float(np.exp(log_t)))),
        bounds=(np.log(BOUNDS[0]), np.log(BOUNDS[1])),
        method="bounded",
    )
    return float(np.exp(found.x))


@dataclass(frozen=True)
class Calibration:
    """A temperature, or the reason why there is none.

    Attributes:
        rows: Rows that it was fitted on, or that were too few.
        temperature: None where it is refused.
        refused: The reason in words; None where there is a temperature.
    """

    rows: int
    temperature: float | None = None
    refused: str | None = None

    def record(self) -> dict[str, Any]:
        """As it is stored: ``rows``, and either ``temperature`` or ``refused``."""
        kept = {"temperature": self.temperature} if self.refused is None else {"refused": self.refused}
        return {"rows": self.rows} | kept


def fit_calibration(y: np.ndarray, p: np.ndarray, units: np.ndarray, seed: int) -> Calibration:
    """A temperature that is worth applying, from rows that were neither trained on nor are reported on.

    It is refused on fewer than ``FEWEST`` rows, at a bound of its search, and where it does not help rows that it was
    not fitted on: the rows are dealt to folds by unit, and each fold is scored with the temperature of the others.

    Args:
        y: Labels (n,).
        p: Probabilities (n, classes).
        units: Unit of each row, (n,); a unit is in one fold.
        seed: Seed of the folds.
    """
    n = len(y)
    if n < FEWEST:
        return Calibration(n, refused=f"{n} select rows are too few: at least {FEWEST} are needed")
    temperature = fit_temperature(y, p)
    if min(temperature / BOUNDS[0], BOUNDS[1] / temperature) < 1.01:
        return Calibration(n, refused=f"the search ended at its bound ({temperature:.3g})")
    before, after = negative_log_likelihood(y, p), negative_log_likelihood(y, _cross_fitted(y, p, units, seed))
    if after >= before:
        return Calibration(n, refused=f"it does not help rows it was not fitted on ({before:.4f} to {after:.4f} nats)")
    return Calibration(n, temperature)


def _cross_fitted(y: np.ndarray, p: np.ndarray, units: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of each fold under the temperature that the other folds were fitted on; (n, classes)."""
    kinds, member = np.unique(units, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(kinds)) % FOLDS)[member]
    result = p.copy()
    for k in np.unique(fold):
        here = fold == k
        if not here.all():
            result[here] = apply_temperature(p[here], fit_temperature(y[~here], p[~here]))
    return result


def error_if_calibrated(p: np.ndarray, seed: int, bins: int = BINS) -> Estimate:
    """The expected calibration error of a perfectly calibrated network with these probabilities.

    On few rows it is far above 0, because the accuracy of a bin of few rows is mostly luck. An error that was measured
    means something only beside it.

    Args:
        p: Probabilities (n, classes).
        seed: Seed of the simulated labels, drawn from p.
        bins: As in ``expected_calibration_error``.

    Returns:
        Mean over ``SIMULATIONS`` draws of labels, and the range that holds 95% of them.
    """
    confidence, rng = p.max(axis=1), np.random.default_rng(seed)
    place = _places(confidence, bins)
    hits = rng.random((SIMULATIONS, len(p)), dtype=np.float32) < confidence
    gaps = np.zeros((SIMULATIONS, bins))
    for k in np.unique(place):
        here = place == k
        gaps[:, k] = np.abs(hits[:, here].sum(axis=1) - confidence[here].sum())
    errors = gaps.sum(axis=1) / len(p)
    low, high = np.percentile(errors, [2.5, 97.5])
    return Estimate(float(errors.mean()), float(low), float(high))


def _places(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each confidence: open below and closed above, the first one closed on both sides; int (n,)."""
    return np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1], right=True)


def reliability(y: np.ndarray, p: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Confidence against accuracy in bins of equal width.

    Args:
        y: Labels (n,).
        p: Probabilities (n, classes); the confidence of a row is its largest.
        bins: Number of bins over 0 to 1.

    Returns:
        One row per bin that is not empty: low, high, rows, confidence, accuracy (means over its rows).
    """
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
    edges, place = np.linspace(0, 1, bins + 1), _places(confidence, bins)
    table = pd.DataFrame({"place": place, "confidence": confidence, "accuracy": hit.astype(float)})
    means = table.groupby("place").mean()
    return pd.DataFrame(
        {
            "low": edges[means.index],
            "high": edges[means.index + 1],
            "rows": table.groupby("place").size().to_numpy(),
            "confidence": means["confidence"].to_numpy(),
            "accuracy": means["accuracy"].to_numpy(),
        }
    )


def reliability_points(y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    """Points of a reliability diagram, of equally many rows each, so that none is drawn from a handful.

    Args:
        y: Labels (n,).
        p: Probabilities (n, classes); the confidence of a row is its largest.

    Returns:
        One row per point, by rising confidence, of at least ``LEAST`` rows: rows, confidence and accuracy (means over
        its rows), low and high (the accuracy's 95% interval after Wilson). No rows where n is below ``ENOUGH``.
    """
    if len(y) < ENOUGH:
        return pd.DataFrame(columns=pd.Index(POINT))
    confidence, hit = p.max(axis=1), p.argmax(axis=1) == y
    points = []
    for rows in np.array_split(np.argsort(confidence, kind="stable"), min(MOST_POINTS, len(y) // LEAST)):
        share = float(hit[rows].mean())
        points.append((len(rows), float(confidence[rows].mean()), share, *wilson(share, len(rows))))
    return pd.DataFrame(points, columns=pd.Index(POINT))


def wilson(share: float, n: int) -> tuple[float, float]:
    """95% interval of a share that was measured on n rows (Wilson 1927); stays within 0 to 1."""
    z = 1.96
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    # rounding may pass a share of 0 or 1
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def expected_calibration_error(y: np.ndarray, p: np.ndarray, bins: int = BINS) -> float:
    """Mean over rows of |accuracy - confidence| of their bin; 0 is perfect."""
    table = reliability(y, p, bins)
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return float((gaps * table["rows"]).sum() / table["rows"].sum())
