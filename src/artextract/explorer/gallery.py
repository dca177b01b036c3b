"""The gallery of errors: what the classifier says of each validation work, next to the truth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.paths import painter_slug
from artextract.explorer.facets import readable
from artextract.explorer.folder import picture_path, write_json
from artextract.measures.calibration import apply_temperature

OBJECT_NUMBER = re.compile(r"-\d{5,}$")
TOP = 3  # classes that are listed for each work


def title_of(name: str) -> tuple[str, str]:
    """Title and painter from an id of the classification's lists: ``British/john-constable_the-hay-wain-1821.jpg``.

    A number of five digits or more, which tells equal titles apart, is left out.
    """
    stem = PurePosixPath(name).stem
    title = OBJECT_NUMBER.sub("", stem.partition("_")[2]) or stem
    return readable(title), person(painter_slug(name))


def person(slug: str) -> str:
    """A painter's name for people: ``paul-cezanne`` becomes ``Paul Cezanne``."""
    return slug.replace("-", " ").title()


def task_rows(
    part: pd.DataFrame, classes: Sequence[str], record: Mapping[str, Any], pictures: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Validation rows of one task, as the page lists them.

    Args:
        part: Rows of predictions.parquet.
        classes: Names of the classes.
        record: Temperature and least confidence of an answer, where there are such; see calibration.json.
        pictures: Place of the picture of each id that may be shown.
    """
    raw = part[[f"p_{k}" for k in range(len(classes))]].to_numpy(dtype=float)
    p = apply_temperature(raw, record["temperature"]) if "temperature" in record else raw
    unsure = raw.max(axis=1, initial=0) < record.get(
        "abstain_below", 0.0
    )  # the threshold applies before the temperature
    best = np.argsort(-p, axis=1, kind="stable")[:, :TOP]
    rows = []
    for i, (name, true) in enumerate(zip(part["id"], part["y_true"], strict=True)):
        title, painter = title_of(name)
        top = [[int(k), round(float(p[i, k]), 4)] for k in best[i]]
        entry = {"id": name, "title": title, "painter": painter, "true": int(true), "predicted": top[0][0]}
        told = {"confidence": top[0][1], "top": top, "picture": pictures.get(name, ""), "unsure": bool(unsure[i])}
        rows.append(entry | told)
    return rows


def write_gallery(
    folder: Path,
    predictions: pd.DataFrame,
    classes: Mapping[str, Sequence[str]],
    calibration: Mapping[str, Mapping[str, Any]],
    index: pd.DataFrame,
    reader: ShardReader | None,
) -> None:
    """Write data/errors.json and error-pictures/.

    Args:
        folder: The explorer's folder.
        predictions: See ``evaluate_auc``.
        classes: Names of the classes of each task.
        calibration: See ``evaluate_auc``.
        index: Index of the classified images.
        reader: These images; None where they may not be shown.
    """
    scored = predictions[predictions["split"] == "val"]
    pictures: dict[str, str] = {}
    if reader is not None:
        places = {name: row for row, name in enumerate(index["id"])}
        for name in scored["id"].unique():
            row = places[name]
            pictures[name] = f"error-pictures/{picture_path(row)}"
            path = folder / pictures[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reader.read(row))
    tasks = {}
    for task, names in classes.items():
        record = calibration.get(task, {})
        rows = task_rows(scored[scored["task"] == task], names, record, pictures)
        shown = [person(name) if task == "artist" else readable(name) for name in names]
        tasks[task] = {"classes": shown, "calibrated": "temperature" in record, "rows": rows}
    write_json(folder / "data" / "errors.json", {"tasks": tasks})
