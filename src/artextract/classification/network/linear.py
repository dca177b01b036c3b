"""Linear heads on frozen features: multinomial logistic regression whose penalty is chosen on the select rows.

The same fit serves the network (``train.head=linear``) and the baselines, so that both are tuned alike.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from artextract.core.kept import keep_bytes

# C of scikit-learn, the inverse of the penalty. Features have blocks of unit variance, so the best C is of order one.
GRID = tuple(4.0**k for k in range(-5, 6))
PATIENCE = 2  # values of C that may be worse before the search ends
ITERATIONS, TOLERANCE = 150, 1e-4
LEAST = 1e-6  # spread of a channel that never changes

Cost = Callable[[np.ndarray], float]  # log-probabilities (n, classes) of the select rows to a cost


@dataclass(frozen=True)
class Scaling:
    """Units of features, from training rows: each block of channels gets a total variance of one.

    Attributes:
        mean: Mean of each channel, float32 (d,).
        spread: Standard deviation times the square root of the block's width, float32 (d,).
    """

    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, widths: Sequence[int]) -> Scaling:
        """From training rows (n, d), whose channels are blocks of these widths."""
        root = np.sqrt(np.repeat(np.asarray(widths, dtype=np.float64), widths))
        spread = np.maximum(features.std(axis=0, dtype=np.float64), LEAST) * root
        return cls(features.mean(axis=0, dtype=np.float64).astype(np.float32), spread.astype(np.float32))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(n, d) in these units, float32."""
        return (features - self.mean) / self.spread


@dataclass(frozen=True)
class Linear:
    """A linear head.

    Attributes:
        weight: float32 (classes, d).
        bias: float32 (classes,); -inf for classes without training rows.
        c: The chosen inverse penalty.
        costs: Cost on the select rows of every value of C that was tried.
    """

    weight: np.ndarray
    bias: np.ndarray
    c: float
    costs: dict[float, float]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Log-probabilities float64 (n, classes) of features (n, d)."""
        return log_softmax(features.astype(np.float64) @ self.weight.T.astype(np.float64) + self.bias)


def write_linear(path: Path, head: Linear) -> None:
    """Keep a head as .npz, sealed."""
    buffer = io.BytesIO()
    tried, costs = np.array(list(head.costs)), np.array(list(head.costs.values()))
    np.savez(buffer, weight=head.weight, bias=head.bias, c=np.array(head.c), tried=tried, costs=costs)
    keep_bytes(path, buffer.getvalue())


def read_linear(path: Path) -> Linear:
    """A head as ``write_linear`` keeps it."""
    with np.load(path) as kept:
        costs = dict(zip(kept["tried"].tolist(), kept["costs"].tolist(), strict=True))
        return Linear(kept["weight"], kept["bias"], float(kept["c"]), costs)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities (n, classes) from logits, in float64; a logit of -inf stays one."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def fit_tuned(
    features: np.ndarray, y: np.ndarray, weights: np.ndarray, select: np.ndarray, cost: Cost, classes: int, seed: int
) -> Linear:
    """Fit for rising C, each from the solution before, and keep the one of lowest cost on the select rows.

    Args:
        features: Training rows in the units of ``Scaling``, (n, d).
        y: Their labels (n,), at least two different ones.
        weights: Weight of each class (classes,).
        select: Features of the select rows (m, d), in the same units.
        cost: Cost of log-probabilities (m, classes) of the select rows; NaN where it is not defined, and then the
            C in the middle of the grid is kept.
        classes: Number of classes; those without training rows get probability 0.
        seed: Seed of the solver.
    """
    best, costs, worse = None, {}, 0
    for c, head in _path(features, y, weights, classes, seed):
        costs[c] = cost(head(select))
        if math.isnan(costs[c]):
            return _fixed(features, y, weights, classes, seed, costs)
        if best is None or costs[c] < costs[best.c]:
            best, worse = head, 0
        else:
            worse += 1
            if worse >= PATIENCE:
                break
    assert best is not None
    return Linear(best.weight, best.bias, best.c, costs)


def _fixed(
    features: np.ndarray, y: np.ndarray, weights: np.ndarray, classes: int, seed: int, costs: dict[float, float]
) -> Linear:
    """The head with the C in the middle of the grid, where nothing can choose one."""
    middle = GRID[len(GRID) // 2]
    for c, head in _path(features, y, weights, classes, seed, (middle,)):
        return Linear(head.weight, head.bias, c, costs)
    raise AssertionError


def _path(features: np.ndarray, y: np.ndarray, weights: np.ndarray, classes: int, seed: int, grid=GRID):
    """Fitted heads for every C of the grid, each from the solution before."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # A large C may need more steps than it gets; what it has reached is judged on the select rows like all others.
    model = LogisticRegression(max_iter=ITERATIONS, tol=TOLERANCE, warm_start=True, random_state=seed)
    features, axes = _in_their_span(np.ascontiguousarray(features, dtype=np.float32))
    of_rows = weights[y].astype(np.float32)
    for c in grid:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.set_params(C=c).fit(features, y, sample_weight=of_rows)
        yield c, _head(model, classes, c, axes)


def _in_their_span(features: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Features by fewer numbers where rows are less than half the channels: by coordinates in the space of the rows.

    A penalised head lies in that space, and a rotation changes neither its penalty nor its predictions. The solver's
    own arithmetic, which takes most of the time of a fit on few rows, then has n numbers a class in place of d. With
    more rows the rotation costs what the solver saves.

    Args:
        features: float32 (n, d).

    Returns:
        Coordinates, float32 (n, n), and orthonormal axes (d, n); or the features themselves and None.
    """
    n, d = features.shape
    if 2 * n > d:
        return features, None
    axes, coordinates = np.linalg.qr(features.T.astype(np.float64))
    return np.ascontiguousarray(coordinates.T, dtype=np.float32), axes


def _head(model, classes: int, c: float, axes: np.ndarray | None) -> Linear:
    """A fitted model over all classes and channels; scikit-learn has one row for two classes."""
    coefficients, intercepts = model.coef_, model.intercept_
    if axes is not None:
        coefficients = coefficients @ axes.T
    if len(coefficients) == 1:
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weight = np.zeros((classes, coefficients.shape[1]), dtype=np.float32)
    bias = np.full(classes, -np.inf, dtype=np.float32)
    weight[model.classes_], bias[model.classes_] = coefficients, intercepts
    return Linear(weight, bias, c, {})
