"""Calibration of probabilities: a temperature fitted on rows kept back from training, and calibration errors."""

from __future__ import annotations

import numpy as np
import pandas as pd

BINS = 15  # of equal width, for the expected calibration error
LEAST = 20  # rows of a point of the reliability diagram: the accuracy of fewer is not known to a tenth
ENOUGH = 2 * LEAST  # rows that calibration can be drawn from, or a temperature be fitted to: two points
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
    """The temperature of lowest negative log-likelihood, between 0.05 and 20 (Guo et al. 2017).

    Args:
        y: Labels (n,) of rows that were neither trained on nor are reported on.
        p: Their probabilities (n, classes).
    """
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(y, apply_temperature(p, float(np.exp(log_t)))),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


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
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges[1:-1], right=True), 0, bins - 1)
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
    return max(0.0, centre - half), min(1.0, centre + half)


def expected_calibration_error(y: np.ndarray, p: np.ndarray, bins: int = BINS) -> float:
    """Mean over rows of |accuracy - confidence| of their bin; 0 is perfect."""
    table = reliability(y, p, bins)
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return float((gaps * table["rows"]).sum() / table["rows"].sum())
