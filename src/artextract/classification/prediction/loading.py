"""A trained network from a folder or from the Hugging Face hub, ready to predict."""

from __future__ import annotations

from os import PathLike, fspath

from artextract.classification.prediction.predictor import Predictor
from artextract.classification.published.hub import network_folder
from artextract.core.runtime import prepare_environment


def load(source: str | PathLike[str], revision: str | None = None) -> Predictor:
    """See ``artextract.load``."""
    prepare_environment()
    return Predictor(network_folder(fspath(source), revision))
