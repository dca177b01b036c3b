"""What the trained network says about a picture, with the training works that it sees as most alike."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.classification.prediction.predicting import default_model
from artextract.core.errors import ArtExtractError
from artextract.core.folders import repository
from artextract.core.tasks import TASKS

if TYPE_CHECKING:
    from artextract.classification.prediction.evidence import Evidence
    from artextract.classification.prediction.predictor import Predictor
    from artextract.classification.prediction.seen import Seen

TOP = 3  # classes of a task, and training works
SOON = 300  # works that a network has looked at within the time that a visitor waits


class Prediction:
    """The network that predicts, where there is one.

    Attributes:
        model: Its folder; None = there is none.
    """

    def __init__(self, model: Path | None, here: Path):
        """Find the network; it is loaded when it is first asked.

        Args:
            model: Its folder; None = the default one, where there is one.
            here: Root of the collection.

        Raises:
            ArtExtractError: The folder holds no network.
        """
        if model is not None and not (model / "model.json").is_file():
            raise ArtExtractError("no trained network is here: it has no model.json", where=str(model))
        try:
            self.model = model or default_model(here)
        except ArtExtractError:
            self.model = None
        self._evidence: Evidence | None = None

    def of(self, data: bytes) -> dict[str, Any]:
        """What the network says about a picture, or why it says nothing.

        Args:
            data: An image file.
        """
        told = {"prediction": None, "evidence": [], "predicted_by": self._name, "prediction_problem": None}
        if self.model is None:
            return told | {"prediction_problem": "no trained network is here"}
        if isinstance(self._loaded, ArtExtractError):
            return told | {"prediction_problem": self._loaded.problem}
        seen = next(iter(self._loaded.look_at([data])))
        return told | {"prediction": _answers(seen, self._loaded.classes), "evidence": _alike(seen, self._evidence)}

    def load_evidence(self) -> None:
        """Make the training works known; at the first time the network looks at each of them, which takes seconds."""
        if self.model is not None and not isinstance(self._loaded, ArtExtractError):
            self._evidence = _evidence(self._loaded)

    @cached_property
    def _loaded(self) -> Predictor | ArtExtractError:
        """The network, or the problem that it could not be loaded for: it is not tried again."""
        from artextract.classification.prediction.predictor import Predictor

        assert self.model is not None
        try:
            return Predictor(self.model)
        except ArtExtractError as error:
            return error

    @property
    def _name(self) -> str | None:
        """The folder as it is called within the repository; of one elsewhere, the name: no path leaves the machine."""
        if self.model is None:
            return None
        folder = self.model.resolve()
        inside = folder.is_relative_to(repository())
        return folder.relative_to(repository()).as_posix() if inside else folder.name


def _evidence(network: Predictor) -> Evidence | None:
    """Training works to name; None where there are none, or where it would take minutes to look at them all."""
    import pyarrow.parquet as parquet

    from artextract.classification.prediction.evidence import read_evidence
    from artextract.classification.prediction.training_works import evidence_for

    index = network.folder.resolve().parent / "artgan" / "index.parquet"
    many = index.is_file() and parquet.read_metadata(index).num_rows > SOON
    return read_evidence(network.folder) if many else evidence_for(network)


def _answers(seen: Seen, classes: dict[str, list[str]]) -> dict[str, Any]:
    """The most probable classes of each task, and whether the network is unsure (null: it has no threshold)."""
    told = {}
    for task in TASKS:
        p, unsure = seen.p[task][0], seen.unsure[task]
        top = [[classes[task][k], round(float(p[k]), 6)] for k in np.argsort(-p, kind="stable")[:TOP]]
        told[task] = {"top": top, "unsure": None if unsure is None else bool(unsure[0])}
    return told


def _alike(seen: Seen, evidence: Evidence | None) -> list[dict[str, Any]]:
    """The training works that the network sees as most alike, with their classes."""
    if evidence is None:
        return []
    rows, cosines = evidence.nearest(seen.vectors, TOP)
    works = evidence.works.iloc[rows[0]].fillna("").astype(str).to_dict("records")
    return [work | {"score": round(float(cosine), 4)} for work, cosine in zip(works, cosines[0], strict=True)]
