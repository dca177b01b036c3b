"""Paintings in the space of words: image embeddings mapped by the cross-modal head into the title encoder's space.

There, words find a painting by what it shows, whatever its title.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError

REMEDY = "`dvc repro train_siamese`"


def in_words(images: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Map image embeddings (n, d) by mean (d,) and weight (d, t) of a head; unit rows float32 (n, t)."""
    return unit_rows((images - mean) @ weight)


def words_vectors(images: np.ndarray, head: Path) -> np.ndarray:
    """``in_words`` by a trained head that is read from its file.

    Args:
        images: Unit rows (n, d).
        head: safetensors file with ``mean`` (d,) and ``weight`` (d, t).

    Returns:
        Unit rows float32 (n, t).

    Raises:
        ArtExtractError: There is no head, or it is that of other embeddings.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(head)
    except FileNotFoundError:
        raise ArtExtractError(
            "the cross-modal head, by which words find images, is missing", where=str(head), remedy=REMEDY
        ) from None
    except SafetensorError as error:
        raise ArtExtractError(f"not readable as safetensors: {error}", where=str(head), remedy=REMEDY) from error
    mean, weight = tensors.get("mean"), tensors.get("weight")
    if mean is None or weight is None or weight.ndim != 2 or mean.shape != weight.shape[:1]:
        raise ArtExtractError("no cross-modal head: it wants `mean` (d,) and `weight` (d, t)", where=str(head))
    if len(mean) != images.shape[1]:
        raise ArtExtractError(
            f"the head maps {len(mean)} dimensions, and the image embedding has {images.shape[1]}",
            where=str(head),
            remedy=REMEDY,
        )
    return in_words(images, mean, weight)
