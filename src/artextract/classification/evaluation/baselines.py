"""What can be had without looking at the picture, or with a plain look: the scores that a network has to beat.

Each baseline gives probabilities (validation rows, classes) for one task, which are scored by the same functions as
the network's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.data.wikiart.names import painter_slug

SMOOTHING = 1.0  # weight of the overall frequencies beside those of a value


def frequencies(y: np.ndarray, classes: int) -> np.ndarray:
    """Share of each class among training labels, (classes,)."""
    return np.bincount(y, minlength=classes) / max(1, len(y))


def by_value(train_values: Sequence[str], y: np.ndarray, values: Sequence[str], classes: int) -> np.ndarray:
    """Class frequencies given one word about the image: its painter's name, its folder, how its source framed it.

    Args:
        train_values: The word for each training row.
        y: Their labels.
        values: The word for each row to predict; unseen words get the overall frequencies.
        classes: Number of classes.

    Returns:
        (len(values), classes), rows sum to 1.
    """
    prior = frequencies(y, classes)
    counts: dict[str, np.ndarray] = {}
    for value, label in zip(train_values, y.tolist(), strict=True):
        counts.setdefault(value, np.zeros(classes))[label] += 1
    rows = []
    for value in values:
        seen = counts.get(value, np.zeros(classes))
        rows.append((seen + SMOOTHING * prior) / (seen.sum() + SMOOTHING))
    return np.array(rows).reshape(len(values), classes)


def folder_of(path: str) -> str:
    """The style folder of a listed path."""
    return path.rsplit("/", 1)[0]


def colour_histogram(pixels: np.ndarray, levels: int = 4) -> np.ndarray:
    """Share of pixels in each of levels^3 colours.

    Args:
        pixels: uint8 (n, 3, h, w).
        levels: Steps of each channel.

    Returns:
        float32 (n, levels^3), rows sum to 1.
    """
    result = np.empty((len(pixels), levels**3), dtype=np.float32)
    for i, image in enumerate(pixels):
        red, green, blue = (image.reshape(3, -1).astype(np.int64) * levels) // 256
        codes = (red * levels + green) * levels + blue
        result[i] = np.bincount(codes, minlength=levels**3) / codes.size
    return result


def linear_probe(train: np.ndarray, y: np.ndarray, rows: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Logistic regression on standardised features, classes weighted inversely to their counts.

    Args:
        train: Features of training rows (m, d).
        y: Their labels.
        rows: Features to predict (n, d).
        classes: Number of classes; those without training rows get probability 0.
        seed: Of the solver.

    Returns:
        (n, classes), rows sum to 1.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=0.01, max_iter=300, class_weight="balanced", random_state=seed)
    probe = make_pipeline(StandardScaler(), model).fit(train, y)
    result = np.zeros((len(rows), classes))
    result[:, model.classes_] = probe.predict_proba(rows)
    return result


def baselines_without_pixels(train: pd.DataFrame, rows: pd.DataFrame, task: str, classes: int) -> dict[str, np.ndarray]:
    """Majority, painter's name, style folder (not for style: there it is the label) and source geometry.

    Args:
        train: Training rows of the task: id, stratum, and the task's label.
        rows: Rows to predict.
        task: style, genre or artist.
        classes: Number of classes.
    """
    y = train[task].to_numpy(dtype=np.int64)
    result = {"majority": np.tile(frequencies(y, classes), (len(rows), 1))}
    words = {"painter's name": painter_slug, "style folder": folder_of}
    for name, word in words.items():
        # The artist's label is the painter's name, and the style's is (nearly) the folder: no baselines there.
        if (task, name) not in {("artist", "painter's name"), ("style", "style folder")}:
            result[name] = by_value(train["id"].map(word).tolist(), y, rows["id"].map(word).tolist(), classes)
    if rows["stratum"].notna().any():
        strata = [part["stratum"].fillna("").tolist() for part in (train, rows)]
        result["source geometry"] = by_value(strata[0], y, strata[1], classes)
    return result
