"""The cross-modal head: image embeddings into the title encoder's space, so that words find what a painting shows.

A linear map, fitted by ridge regression on training works. The direction of the mean title is removed from its output.
That direction only says "this is a painting", is the same for all works, and does not help to rank them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_tensors
from artextract.siamese.projection.cosines import blocks
from artextract.siamese.projection.linear import ridge_weight
from artextract.siamese.projection.pairs import titled_rows
from artextract.similarity.ranking.topk import OwnGroup

REMEDY = "`dvc repro train_siamese`"


class UntrainedHead(ArtExtractError):
    """The collection was too small for a training: its head maps every image to zero."""


def fit_head(
    index: pd.DataFrame, images: np.ndarray, titles: np.ndarray, rows: np.ndarray, penalty: float
) -> dict[str, np.ndarray]:
    """Fit the head.

    Args:
        index: title, n works.
        images: Image embeddings, unit rows (n, d).
        titles: Title embeddings, unit rows (n, t).
        rows: Training rows; those without a title of their own are left out.
        penalty: Penalty for ``ridge_weight``.

    Returns:
        mean float32 (d,), weight float32 (d, t): a work's place is (image - mean) @ weight, scaled to length one.
    """
    known = titled_rows(index, rows)
    mean, of = images[known].mean(axis=0), titles[known].mean(axis=0)
    weight = ridge_weight(images[known] - mean, titles[known] - of, penalty)
    direction = of / (np.linalg.norm(of) or 1.0)
    weight -= np.outer(weight @ direction, direction)
    return {"mean": mean.astype(np.float32), "weight": np.ascontiguousarray(weight, dtype=np.float32)}


def untrained_head(dim: int, words: int) -> dict[str, np.ndarray]:
    """The head of a collection that is too small for one; ``words_vectors`` refuses it in words.

    Args:
        dim: Dimensions of the image embedding.
        words: Dimensions of the title embedding.
    """
    return {"mean": np.zeros(dim, dtype=np.float32), "weight": np.zeros((dim, words), dtype=np.float32)}


def save_head(path: Path, head: dict[str, np.ndarray]) -> None:
    """Write the head as safetensors; ``words_space.words_vectors`` reads it."""
    write_tensors(path, head)


def known_item_rank(words: np.ndarray, places: np.ndarray, queries: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Rank from 1 at which a work is found by its own title among all works; its group's others are left out.

    Args:
        words: Title embeddings, unit rows (n, t).
        places: Works in the same space, unit rows (n, t).
        queries: Rows whose titles are queries.
        group: Group of each work (n,).

    Returns:
        int64 (len(queries),); works as near as the right one count as before it.
    """
    own, found = OwnGroup(group[queries], group), []
    for part, similarity in blocks(words[queries], places):
        known = similarity[np.arange(len(similarity)), queries[part]]
        before = similarity >= known[:, None]
        before[own.pairs(part)] = False
        found.append(1 + before.sum(axis=1))
    return np.concatenate(found)


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
        ArtExtractError: The head is missing, or was fitted on other embeddings.
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
    if not weight.any():
        raise UntrainedHead(
            "the head by which words find images was not trained: too few works have a title of their own",
            where=str(head),
            remedy="search in titles: --space title",
        )
    return in_words(images, mean, weight)
