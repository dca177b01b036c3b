"""How well a fast backend agrees with fp32 on images of the collection."""

from __future__ import annotations

from typing import Any

import numpy as np

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.data.images.shards import Images
from artextract.encoders.backends import Backend
from artextract.encoders.batches import pixels
from artextract.encoders.image import Preprocessing

CHECKED = 64  # images that a fast backend is checked with
NEIGHBOURS = 10
COSINE, OVERLAP = 0.995, 0.97  # least cosine to fp32 of any checked image, and share of its nearest that stay


def agreement(fast: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Agreement of embeddings with those of the reference.

    Args:
        fast: (n, d).
        exact: The same images by the reference (n, d).

    Returns:
        Least and mean cosine; and with at least twice as many images as neighbours, the mean share of an image's ten
        nearest among the others that are the same.
    """
    fast, exact = unit_rows(fast), unit_rows(exact)
    cosine = (fast * exact).sum(axis=1)
    found = {"cosine_min": float(cosine.min()), "cosine_mean": float(cosine.mean())}
    if len(fast) >= 2 * NEIGHBOURS:
        nearest = []
        for rows in (fast, exact):
            similarity = rows @ rows.T
            np.fill_diagonal(similarity, -np.inf)
            nearest.append(np.argpartition(-similarity, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS])
        shared = [len(np.intersect1d(a, b)) for a, b in zip(*nearest, strict=True)]
        found["neighbour_overlap"] = float(np.mean(shared)) / NEIGHBOURS
    return found


def check(
    backend: Backend,
    reference: Backend,
    reader: Images,
    preprocessing: Preprocessing,
    section: str = "image_encoder",
) -> dict[str, Any]:
    """Agreement of a fast backend with the reference on images of the collection, for the metrics.

    Args:
        backend: The backend to check.
        reference: The same network in fp32.
        reader: The collection.
        preprocessing: Preprocessing of the network.
        section: Section of params.yaml whose ``precision`` called for the backend.

    Raises:
        ArtExtractError: A cosine is below ``COSINE``, or the overlap of neighbours below ``OVERLAP``.
    """
    agrees, found = compared(backend, reference_rows(reference, reader, preprocessing), reader, preprocessing)
    if not agrees:
        shown = ", ".join(f"{name.removeprefix('check_')} {value:.4f}" for name, value in list(found.items())[1:])
        raise ArtExtractError(
            f"{backend.name} does not agree with fp32 on {found['check_images']} images: {shown} "
            f"(wanted: cosine {COSINE}, neighbour_overlap {OVERLAP})",
            where="params.yaml",
            remedy=f"set {section}.precision=fp32",
        )
    return found


def checked_rows(reader: Images) -> list[int]:
    """Rows of the images that backends are compared on, spread over the collection."""
    return np.unique(np.linspace(0, len(reader) - 1, CHECKED).astype(int)).tolist()


def rows_between(reader: Images) -> list[int]:
    """Rows of other images, each between two of ``checked_rows``: what is fitted on them is not checked on them."""
    checked = np.array(checked_rows(reader))
    return np.setdiff1d((checked[:-1] + checked[1:]) // 2, checked).tolist()


def reference_rows(reference: Backend, reader: Images, preprocessing: Preprocessing) -> np.ndarray:
    """The reference's outputs for ``checked_rows``."""
    batches = pixels(reader, checked_rows(reader), preprocessing, reference.batch, scaled=False)
    return np.concatenate(list(reference.outputs(batches)))


def compared(
    backend: Backend, exact: np.ndarray, reader: Images, preprocessing: Preprocessing
) -> tuple[bool, dict[str, Any]]:
    """Whether a backend agrees with ``reference_rows`` on images of the collection; and how well, for the metrics."""
    batches = pixels(reader, checked_rows(reader), preprocessing, backend.batch, scaled=True)
    fast = np.concatenate(list(backend.outputs(batches)))
    found = agreement(fast.reshape(len(fast), -1), exact.reshape(len(exact), -1))
    agrees = found["cosine_min"] >= COSINE and found.get("neighbour_overlap", 1.0) >= OVERLAP  # NaN is no agreement
    return agrees, {"check_images": len(exact)} | {f"check_{name}": value for name, value in found.items()}
