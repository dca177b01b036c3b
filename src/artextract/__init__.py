"""ArtExtract: classification and similarity of paintings, as a reproducible DVC pipeline.

Importing the package is cheap on purpose: torch, pandas and DVC are imported only by the modules that need them.
"""

from importlib import import_module
from os import PathLike
from typing import Any

__version__ = "0.2.0"


def load(source: str | PathLike[str], *, revision: str | None = None) -> Any:
    """A trained network, ready to predict: ``load("models/wikiart").predict(["painting.jpg"])``.

    Args:
        source: A folder that ``artextract publish`` or train_multitask has written, or ``user/repository`` on the
            Hugging Face hub, which is downloaded once. A folder of this name goes first.
        revision: Branch, tag or commit on the hub.

    Returns:
        A ``Predictor`` (artextract.classification.prediction.predictor).

    Raises:
        ArtExtractError: There is no such folder and nothing of this name on the hub, or its frozen networks are not
            here.
    """
    # By name, so that the code of predictions is in no stage's imports, all of which pass through this file.
    return import_module("artextract.classification.prediction.loading").load(source, revision)
