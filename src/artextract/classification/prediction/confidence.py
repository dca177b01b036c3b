"""Calibrated probabilities, and the threshold below which an answer is called unsure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.measures.calibration import apply_temperature

Confidence = Mapping[str, Mapping[str, Any]]  # per task: temperature, abstain_below, where they were not refused


def read_confidence(model: Path) -> Confidence:
    """The temperature and the threshold of each task that belong to a trained network.

    Args:
        model: Folder of the network. The file calibration.json is in it, or, for the network of a pipeline, in the
            folder ``evaluation`` next to it.

    Returns:
        What evaluate_auc has fitted on the select rows; nothing where there is no such file.

    Raises:
        ArtExtractError: The file is something else.
    """
    model = model.resolve()
    places = [model / "calibration.json"]
    if model.name == "model":
        places.append(model.parent / "evaluation" / "calibration.json")
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return {}
    remedy = "get the folder of the network again, or `dvc checkout`"
    content = read_json(path, remedy)
    fitted = [*content.values()] if isinstance(content, dict) else [None]
    if not all(isinstance(one, dict) and _usable(one) for one in fitted):
        raise ArtExtractError(
            "not a calibration: `temperature` and `abstain_below` of each task must be numbers, the first one above 0",
            where=str(path),
            remedy=remedy,
        )
    return content


def _usable(fitted: Mapping[str, Any]) -> bool:
    values = fitted.get("temperature"), fitted.get("abstain_below")
    numbers = all(value is None or (isinstance(value, int | float) and math.isfinite(value)) for value in values)
    return numbers and (values[0] is None or values[0] > 0)


def calibrated(p: np.ndarray, fitted: Mapping[str, Any]) -> np.ndarray:
    """Probabilities (n, classes) under the temperature of a task; as they are where it has none."""
    temperature = fitted.get("temperature")
    return p if temperature is None else apply_temperature(p, temperature)


def unsure(p: np.ndarray, fitted: Mapping[str, Any]) -> np.ndarray | None:
    """Rows below the threshold of a task, boolean (n,); None where it has no threshold.

    Args:
        p: Probabilities (n, classes) before the temperature: the threshold was chosen on those.
        fitted: Entry of the task in calibration.json.
    """
    threshold = fitted.get("abstain_below")
    return None if threshold is None else p.max(axis=1) < threshold
