"""Embeds a whole collection with the backend of the wanted precision, checked against fp32; resumable after a kill."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.core.compute import set_threads, unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import Tick
from artextract.core.executors.rows import rows_over
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.prefetch import prefetched
from artextract.core.rows_by_content import rows_by_content
from artextract.core.runtime import threads
from artextract.data.images.shards import Images, ShardReader
from artextract.encoders.backends import Backend, computed_by, fast_backend, reference_backend
from artextract.encoders.choice import choose, offers
from artextract.encoders.image import Preprocessing, identity_of, load_encoder
from artextract.encoders.parts import split
from artextract.encoders.quick_pixels import quick_pixels
from artextract.params.sections import ImageEncoder

if TYPE_CHECKING:
    import torch
    from torch import nn

BLOCK = 64  # rows that a kill may cost
CHECKED = 64  # images that a fast backend is checked with
NEIGHBOURS = 10
COSINE, OVERLAP = 0.995, 0.97  # least cosine to fp32 of any checked image, and share of its nearest that stay


def pixels(
    reader: Images, rows: Iterable[int], preprocessing: Preprocessing, batch: int, *, scaled: bool
) -> Iterator[torch.Tensor]:
    """Batches of uint8 (b, 3, size, size), decoded ahead.

    Args:
        reader: The images.
        rows: Rows wanted.
        preprocessing: How images are framed.
        batch: Images at a time.
        scaled: Large JPEGs are decoded smaller, and torch reduces images (``quick_pixels``): in half the time, and
            not quite the same pixels.
    """
    import torch

    transform = quick_pixels(preprocessing) if scaled else preprocessing.pixels()
    target = preprocessing.target if scaled else None
    waiting: list[torch.Tensor] = []
    ahead = 2 * max(batch, threads())
    for image in prefetched(lambda row: transform(reader.image(row, target)), rows, workers=threads(), ahead=ahead):
        waiting.append(image)
        if len(waiting) == batch:
            yield torch.stack(waiting) if batch > 1 else image[None]
            waiting = []
    if waiting:
        yield torch.stack(waiting)


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


def _chosen(
    model: nn.Module, reference: Backend, preprocessing: Preprocessing, key: str, reader: ShardReader
) -> tuple[Backend, dict[str, Any]]:
    """The backend of precision auto, and for the metrics what was measured; see ``choice``."""
    images = list(pixels(reader, checked_rows(reader), preprocessing, 1, scaled=True))
    exact = reference_rows(reference, reader, preprocessing)
    offered, left = offers(model, reference, preprocessing, key, images, len(reader))
    return choose(offered, left, key, lambda backend: compared(backend, exact, reader, preprocessing), images)


def embed_collection(reader: ShardReader, params: ImageEncoder) -> tuple[np.ndarray, dict[str, Any]]:
    """Unit embeddings of all images of an index.

    An image that this network has embedded before, in another collection or before a kill, is found again in the user's
    cache by its content: a collection that has grown by twenty images embeds twenty.

    Args:
        reader: n images.
        params: Section ``image_encoder``.

    Returns:
        float32 (n, d), row i = image i; and the encoder's identity with the backend and, unless it is the reference
        itself, its agreement with the reference; with precision auto, what was measured before it was chosen.

    Raises:
        ArtExtractError: The backend does not agree with the reference; or see ``load_encoder``.
    """
    set_threads()
    model, preprocessing = load_encoder(params)
    identity = identity_of(model, preprocessing, params)
    backend = reference = reference_backend(model, preprocessing, params.batch_size)
    agreed: dict[str, Any] = {}
    if params.precision == "fast":
        backend = fast_backend(split(model), preprocessing, content_key(identity), len(reader))
    elif params.precision == "auto":
        backend, agreed = _chosen(model, reference, preprocessing, content_key(identity), reader)
    fast, chosen = backend is not reference, agreed.get("precision", {}).get("chosen", "")
    for line in filter(None, (f"embed images: {backend.name}", backend.hint)):
        print(line, file=sys.stderr, flush=True)
    identity["backend"] = backend.name
    key = (identity, backend.batch, computed_by(__name__))
    if fast and not agreed:
        agreed = check(backend, reference, reader, preprocessing)
    first = next(backend.outputs(pixels(reader, [0], preprocessing, 1, scaled=fast)))
    hashes, short = reader.hashes(), content_key(key)

    def shard(rows: list[int]) -> Pictures:
        name = content_key([hashes[row] for row in rows])
        return Pictures(name, reader.part(rows), params.model_dump_json(), len(reader), short, chosen)

    rows = rows_by_content(
        "embeddings", key, hashes, first.shape[1:], np.float32,
        lambda missing: rows_over(
            missing,
            lambda rows: _computed(backend, preprocessing, reader, rows, scaled=fast),
            shard,
            embed_pictures,
            folder=cache_folder() / "embeddings" / f"{short}-handed-out",
            row_bytes=first.nbytes,
            describe="embed images",
        ),
    )  # fmt: skip
    return unit_rows(rows), identity | agreed


def _computed(
    backend: Backend, preprocessing: Preprocessing, reader: Images, rows: list[int], *, scaled: bool
) -> Iterator[np.ndarray]:
    """Outputs for some rows of a collection, block by block."""

    def outputs(given: list[int]) -> Iterator[np.ndarray]:
        batches = pixels(reader, given, preprocessing, backend.batch, scaled=scaled)
        return blocks(backend.outputs(batches), len(given), len(reader), "embed images")

    return never_alone(rows, backend.batch, outputs)


@dataclass(frozen=True)
class Pictures:
    """Pictures that another process embeds: see ``core.executors.job.Shard``.

    Attributes:
        name: By the content of the pictures.
        reader: The pictures.
        params: Section ``image_encoder``, as JSON.
        images: How many the whole collection has.
        key: Of the rows that are wanted: network, code, libraries, threads.
        chosen: What precision auto has chosen; "" with another one.
    """

    name: str
    reader: ShardReader
    params: str
    images: int
    key: str
    chosen: str = ""

    @property
    def size(self) -> int:
        """Number of pictures."""
        return len(self.reader)


def embed_pictures(pictures: Pictures, tick: Tick) -> np.ndarray:
    """Outputs (n, ...) of a network for some pictures, before they are scaled to unit length.

    Raises:
        ArtExtractError: This process would compute other rows than are wanted.
    """
    backend, preprocessing, key, fast = _loaded(pictures.params, pictures.images, pictures.chosen)
    require_same(pictures.key, key, backend.name)
    rows = list(range(len(pictures.reader)))
    return np.concatenate(list(_computed(backend, preprocessing, pictures.reader, rows, scaled=fast)))


@lru_cache(maxsize=1)
def _loaded(params: str, images: int, chosen: str) -> tuple[Backend, Preprocessing, str, bool]:
    """The network of a process that computes shards, once for all of them, and the key of its rows."""
    set_threads()
    section = ImageEncoder.model_validate_json(params)
    model, preprocessing = load_encoder(section)
    identity = identity_of(model, preprocessing, section)
    backend = reference = reference_backend(model, preprocessing, section.batch_size)
    if section.precision == "fast":
        backend = fast_backend(split(model), preprocessing, content_key(identity), images)
    elif section.precision == "auto":  # where this machine has not what was chosen, ``require_same`` refuses fp32
        offered, _ = offers(model, reference, preprocessing, content_key(identity), [], images)
        backend = offered.get(chosen, lambda: reference)()
    identity["backend"] = backend.name
    key = content_key((identity, backend.batch, computed_by(__name__)))
    return backend, preprocessing, key, backend is not reference


def require_same(wanted: str, found: str, backend: str) -> None:
    """Refuse to compute rows that would not be those that were asked for.

    Raises:
        ArtExtractError: The keys differ.
    """
    if wanted != found:
        raise ArtExtractError(
            f"this machine ({platform.node()}, {backend}) would compute other digits than the one that has started the "
            "work: its processor, its packages, the code or the number of threads are others",
            remedy="use machines of one kind, with one environment and one checkout",
        )


def never_alone(
    missing: list[int], batch: int, compute: Callable[[list[int]], Iterator[np.ndarray]]
) -> Iterator[np.ndarray]:
    """Blocks of outputs, where no image is in a batch of its own unless all are.

    An image gives the same bits in every batch of two images or more, and others alone (seen with torch in fp32 on a
    CPU). So the last one is given twice where it would be alone, and an embedding does not depend on what was in the
    cache already.
    """
    alone = batch > 1 and len(missing) % batch == 1
    left = len(missing)
    for block in compute([*missing, missing[-1]] if alone else missing):
        yield block[:left]
        left -= len(block[:left])


def blocks(outputs: Iterable[np.ndarray], missing: int, total: int, describe: str) -> Iterator[np.ndarray]:
    """Outputs some batches at a time, with progress, rate and time left.

    Args:
        outputs: Batches of the missing rows.
        missing: How many rows these are.
        total: How many rows there are; the others are there already.
        describe: Label of the progress bar.
    """
    from tqdm import tqdm

    parts, held, done = [], 0, 0
    with tqdm(total=total, initial=total - missing, desc=describe, unit="img", mininterval=1) as bar:
        for part in outputs:
            parts.append(part)
            held += len(part)
            bar.update(len(part))
            if held >= BLOCK or done + held == missing:
                yield np.concatenate(parts)
                done, parts, held = done + held, [], 0
