"""Embeds a whole collection with the backend of the wanted precision, checked against fp32; resumable after a kill."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.core.compute import set_threads, unit_rows
from artextract.core.executors.job import Tick
from artextract.core.executors.rows import require_same, rows_over
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.rows_by_content import rows_by_content
from artextract.data.images.shards import Images, ShardReader
from artextract.encoders.agreement import check, checked_rows, compared, reference_rows, rows_between
from artextract.encoders.backends import Backend, computed_by, fast_backend, reference_backend
from artextract.encoders.batches import blocks, never_alone, pixels
from artextract.encoders.choice import choose, offers
from artextract.encoders.image import Preprocessing, identity_of, load_encoder
from artextract.encoders.parts import split
from artextract.params.sections import ImageEncoder

if TYPE_CHECKING:
    from torch import nn


def _chosen(
    model: nn.Module, reference: Backend, preprocessing: Preprocessing, key: str, reader: ShardReader
) -> tuple[Backend, dict[str, Any]]:
    """The backend of precision auto, and for the metrics what was measured; see ``choice``."""
    images = list(pixels(reader, rows_between(reader) or checked_rows(reader), preprocessing, 1, scaled=True))
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
