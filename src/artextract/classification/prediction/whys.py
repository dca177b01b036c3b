"""What mattered in each of some pictures: one WebP per picture, and the numbers of its deletion test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from artextract.classification.prediction.occlusion import SHARES, Covered, Why, explain
from artextract.classification.prediction.pictures import Named
from artextract.classification.prediction.predictor import Predictor
from artextract.classification.prediction.why_picture import draw_why
from artextract.core.progress import progress
from artextract.data.images.decode import decode

HOLDS = "falls faster than in random orders"


def explain_pictures(pictures: Sequence[Named], predictor: Predictor, folder: Path) -> dict[str, dict[str, Any]]:
    """Draw what mattered in pictures that can be read.

    Args:
        pictures: Pictures with names of their own.
        predictor: The network.
        folder: Folder of the pictures that are drawn.

    Returns:
        For the name of each picture, the file drawn and the numbers of each task; see ``numbers``.
    """
    found: dict[str, dict[str, Any]] = {}
    taken: set[Path] = set()
    for picture in progress(pictures, "what mattered", "img", total=len(pictures)):
        image = decode(predictor.stored(picture.read()))
        why = explain(image, lambda covered: _probabilities(predictor, covered))
        path = place_of(folder, picture.name, taken)
        draw_why(path, PurePosixPath(picture.name).name, image, why, predictor.classes)
        found[picture.name] = {"picture": str(path)} | {
            task: numbers(one, predictor.classes[task]) for task, one in why.items()
        }
    return found


def _probabilities(predictor: Predictor, covered: Covered) -> Mapping[str, np.ndarray]:
    return predictor.look(covered).p


def numbers(why: Why, classes: Sequence[str]) -> dict[str, Any]:
    """The deletion test and the importance of one task, for JSON."""
    return {
        "answer": classes[why.answer],
        "probability": round(why.probability, 4),
        "share covered": list(SHARES),
        "probability, most important first": np.round(why.falling, 4).tolist(),
        "probability, at random (mean)": np.round(why.at_random.mean(0), 4).tolist(),
        HOLDS: why.holds,
        "importance": np.round(why.importance, 4).tolist(),
    }


def place_of(folder: Path, name: str, taken: set[Path]) -> Path:
    """A file for a picture inside the folder, different from all others; sub-folders are kept."""
    pure = PurePosixPath(name)
    base = folder / (pure.name if pure.is_absolute() or ".." in pure.parts else pure)
    path, number = base.with_name(f"{base.stem}.webp"), 1
    while path in taken:
        number += 1
        path = base.with_name(f"{base.stem}-{number}.webp")
    taken.add(path)
    return path
