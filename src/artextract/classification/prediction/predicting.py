"""The whole of one ``artextract predict``: pictures found, predicted, shown and written."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import pandas as pd

from artextract.classification.prediction import screen
from artextract.classification.prediction.pictures import Named
from artextract.classification.prediction.predictor import Predictor
from artextract.classification.prediction.seen import Seen
from artextract.classification.prediction.stream import predict_all
from artextract.classification.prediction.table import answers, nearest_works
from artextract.classification.prediction.training_works import evidence_for
from artextract.classification.prediction.whys import HOLDS, explain_pictures
from artextract.core.collections import FOLDER as COLLECTIONS
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_table, write_text
from artextract.core.fingerprint import content_key
from artextract.core.folders import repository
from artextract.core.scratch import discard
from artextract.core.tasks import TASKS

DIGITS = "%.7g"  # four decimals would make ties of what a score has to tell apart
SHIPPED = Path("models") / "wikiart"


@dataclass(frozen=True)
class Wanted:
    """What the user asked for.

    Attributes:
        tables: Files to write; .csv, .parquet or .json.
        top: Answers of each task that are shown.
        nearest: Training works that are named as evidence for each picture.
        why: Folder for pictures of what mattered; None: none are drawn.
    """

    tables: Sequence[Path]
    top: int = 3
    nearest: int = 3
    why: Path | None = None


def default_model(here: Path) -> Path:
    """The network that is used where none is named.

    That is the pipeline's own, else the one that comes with the repository. For a collection of the user's the latter
    comes first: the sample's network knows only the schools of 174 works.

    Args:
        here: Root of the works that are predicted: a collection's folder, else where the command was started.

    Raises:
        ArtExtractError: There is neither.
    """
    folders = [here / "data" / "model", repository() / "data" / "model", repository() / SHIPPED]
    if here.parent.name == COLLECTIONS:
        folders.reverse()
    for folder in folders:
        if (folder / "model.json").is_file():
            return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    raise ArtExtractError("there is no trained network", remedy="`dvc repro train_multitask`, or --model FOLDER")


def predict_pictures(
    pictures: Sequence[Named], predictor: Predictor, wanted: Wanted, columns: pd.DataFrame | None = None
) -> int:
    """Predict pictures, show the result, and write the tables.

    Args:
        pictures: Pictures with names of their own.
        predictor: The network.
        wanted: Files and numbers of answers.
        columns: What is known of the pictures already, one row each in their order, such as a title.

    Returns:
        How many pictures could be predicted.
    """
    evidence = evidence_for(predictor) if wanted.nearest else None
    _say(screen.about(predictor.folder, predictor.confidence, evidence is not None or not wanted.nearest))

    def describe(seen: Seen) -> pd.DataFrame:
        table = answers(seen, predictor.classes, wanted.top)
        if evidence is None:
            return table
        every = next(place for place, name in enumerate(table) if ": " in str(name))  # the answers before, all after
        works = nearest_works(seen, evidence, wanted.nearest)
        return pd.concat([table.iloc[:, :every], works, table.iloc[:, every:]], axis=1)

    key = "" if evidence is None else content_key(evidence.works["id"].tolist(), evidence.vectors.sum().item())
    table, unread, work = predict_all(pictures, predictor, describe, wanted.top, wanted.nearest, key)
    if columns is not None and len(table):
        known = columns.set_axis([picture.name for picture in pictures]).loc[table["path"]]
        table = pd.concat([table[["path"]], known.reset_index(drop=True), table.drop(columns="path")], axis=1)
    if len(table):
        print(screen.shown(table, wanted.top) if len(table) <= screen.FEW else screen.counted(table))
    for path in wanted.tables:
        write_predictions(path, table, unread, predictor)
        _say(f"{path}: {counted(len(table))}")
    if len(unread):
        _tell_unread(unread, wanted.tables)
    if wanted.why is not None and len(table):
        _explain([picture for picture in pictures if picture.name in set(table["path"])], predictor, wanted)
    discard(work)
    return len(table)


def _explain(pictures: Sequence[Named], predictor: Predictor, wanted: Wanted) -> None:
    """Draw what mattered, and say it in the JSON files, which have been written without it."""
    assert wanted.why is not None
    found = explain_pictures(pictures, predictor, wanted.why)
    for path in (path for path in wanted.tables if path.suffix.lower() == ".json"):
        content = read_json(path)
        for one in content["pictures"]:
            one["why"] = found[one["path"]]
        write_json(path, content)
    tests = [one[task][HOLDS] for one in found.values() for task in TASKS]
    _say(
        f"{wanted.why}: what mattered in {counted(len(found))}; the deletion test holds for {sum(tests):,} of "
        f"{len(tests):,} answers"
    )


def write_predictions(path: Path, table: pd.DataFrame, unread: pd.DataFrame, predictor: Predictor) -> None:
    """Write a table of predictions; the suffix says how."""
    match path.suffix.lower():
        case ".parquet":
            write_table(path, table)
        case ".json":
            write_json(path, record(table, unread, predictor))
        case _:
            text = table.copy()
            for column in text.select_dtypes("float"):
                text[column] = text[column].map(lambda value: DIGITS % value)
            write_table(path, text)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write nested values, with all their digits."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def record(table: pd.DataFrame, unread: pd.DataFrame, predictor: Predictor) -> dict[str, Any]:
    """Predictions as nested values: names and probabilities, all classes of each task in falling order."""
    return {
        "network": str(predictor.folder),
        "calibrated": {task: predictor.confidence.get(task, {}).get("temperature") is not None for task in TASKS},
        "pictures": [_nested(row, predictor.classes) for row in table.to_dict("records")],
        "unreadable": unread.to_dict("records"),
    }


def _nested(row: Mapping[Any, Any], classes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {"path": row["path"]}
    for task in TASKS:
        p = sorted(((float(row[f"{task}: {label}"]), label) for label in classes[task]), reverse=True)
        entry: dict[str, Any] = {"answer": row[task], "probability": float(row[f"{task} probability"])}
        if f"{task} unsure" in row:
            entry["unsure"] = bool(row[f"{task} unsure"])
        found[task] = entry | {"probabilities": {label: round(value, 7) for value, label in p}}
    ranks = takewhile(lambda k: f"nearest {k}" in row, count(1))
    keys = (("work", ""), ("cosine", " cosine"), ("id", " id"))
    if works := [{key: row[f"nearest {k}{column}"] for key, column in keys} for k in ranks]:
        found["nearest training works"] = works
    return found


def _tell_unread(unread: pd.DataFrame, tables: Sequence[Path]) -> None:
    for row in unread.head(screen.FEW).itertuples():
        _say(f"not predicted: {row.path}: {row.reason}")
    if tables:
        path = tables[0].with_name(f"{tables[0].stem}_unreadable.csv")
        write_table(path, unread)
        _say(f"{path}: {counted(len(unread))} that could not be read")


def counted(n: int) -> str:
    """A number of pictures in words."""
    return f"{n:,} picture{'' if n == 1 else 's'}"


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
