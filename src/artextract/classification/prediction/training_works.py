"""Evidence from the works that a network was trained on, computed once and kept in the user's cache."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.classification.network.inputs import evaluation_views, load_inputs
from artextract.classification.network.training_rows import rows_in
from artextract.classification.prediction.evidence import Evidence, make_evidence, read_evidence, write_evidence
from artextract.classification.prediction.predictor import Predictor
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.fingerprint import code_of, content_key, sha256_file
from artextract.core.folders import cache_folder
from artextract.core.kept import kept_file
from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.paths import VARIANT, file_name, painter_slug

NUMBER = re.compile(r"-\d{5,}$")  # a museum's number at the end of a file name; a year has four digits
YEAR = re.compile(r" (1[2-9]\d\d|20\d\d)$")


def evidence_for(predictor: Predictor) -> Evidence | None:
    """Evidence for a network: what lies in its folder, else for the network of a pipeline that of its training rows.

    Args:
        predictor: The network. That of a pipeline is the folder ``model`` next to ``artgan``.

    Returns:
        None where neither is known.
    """
    stored = read_evidence(predictor.folder)
    if stored is not None:
        return stored
    model = predictor.folder.resolve()
    artgan = model.parent / "artgan"
    if model.name != "model" or not (artgan / "index.parquet").is_file():
        return None
    if read_json(artgan / "labels.json") != predictor.classes:
        return None  # prepared anew since the training
    identity = [sha256_file(path) for path in (model / "model.safetensors", artgan / "index.parquet")]
    kept = cache_folder() / "evidence" / content_key(identity, code_of(__name__))
    return read_evidence(kept_file(kept, lambda new: write_evidence(new, from_training(predictor, artgan)), "evidence"))


def from_training(predictor: Predictor, artgan: Path) -> Evidence:
    """Evidence from the training rows of prepared data.

    Args:
        predictor: The network.
        artgan: Folder that prepare_artgan has written.

    Raises:
        ArtExtractError: There are no training rows, or the data have other classes than the network.
    """
    if not (artgan / "index.parquet").is_file():
        raise ArtExtractError("holds no prepared data", where=str(artgan), remedy="`dvc repro prepare_artgan`")
    index, labels = pd.read_parquet(artgan / "index.parquet"), read_json(artgan / "labels.json")
    if labels != predictor.classes:
        raise ArtExtractError(
            "these data have other classes than the network",
            where=str(artgan),
            remedy="prepare those it was trained on",
        )
    rows = rows_in(index, "train")
    if not rows:
        raise ArtExtractError("no training rows", where=str(artgan / "index.parquet"))
    params = predictor.record.train
    inputs = load_inputs(ShardReader(artgan, index), index, rows, params, evaluation_views(params))

    def seen_of(chosen: np.ndarray) -> np.ndarray:
        further = tuple(np.asarray(one[chosen]) for one in inputs.further)
        return predictor.run(replace(inputs, array=np.asarray(inputs.array[chosen]), further=further))[1]

    return make_evidence(seen_of, works_of(index.iloc[rows], predictor.classes))


def works_of(index: pd.DataFrame, classes: dict[str, list[str]]) -> pd.DataFrame:
    """Names of works and of their classes, as ``Evidence`` has them; painter and title are read from the path.

    Args:
        index: Rows of the index of prepare_artgan.
        classes: Class names of each task.
    """
    works = pd.DataFrame({"id": index["id"].astype(str).to_numpy()})
    works["title"] = [_title(path) for path in works["id"]]
    works["artist"] = [painter_slug(path).replace("-", " ").title() for path in works["id"]]
    for task in TASKS:
        names = dict(enumerate(classes[task]))
        works[f"{task} class"] = index[task].map(names).astype("string").fillna("").to_numpy()
    return works


def _title(path: str) -> str:
    stem = file_name(path).rsplit(".", 1)[0].split("_", 1)[-1]
    words = VARIANT.sub("", NUMBER.sub("", stem)).replace("-", " ").replace("_", " ").strip()
    words = YEAR.sub(r", \1", words)
    return words[:1].upper() + words[1:]
