"""Titles to unit vectors by SentenceBERT, with the identity that the result depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from artextract.core.compute import backend, bf16_pays, device, set_threads, unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.executors.blocks import blocks_over
from artextract.core.executors.rows import require_same
from artextract.core.fingerprint import sha256_file
from artextract.encoders.local_weights import local_weights
from artextract.encoders.title_weights import title_model_cache
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.encoders.weights import not_loadable, verify
from artextract.params.fields import is_path
from artextract.params.sections import TitleEncoder

BATCHES = 8  # of a block, which one process computes
CHECKED = 64  # titles that weights in bf16 are checked with
COSINE = 0.999  # least cosine to fp32 of any of them


def load_title_encoder(params: TitleEncoder) -> tuple[Any, str]:
    """The SentenceBERT model, from packages, the hub or a folder by the same call, and its weights' SHA-256.

    Raises:
        ArtExtractError: See ``title_model_cache`` and ``local_weights``; from the hub: no network and no filled cache,
            or no such model.
    """
    import_torchvision()
    from sentence_transformers import SentenceTransformer

    cache = folder = None
    if params.weights == "package":
        cache = title_model_cache(params.name, params.revision, params.sha256)
    elif is_path(params.weights):
        folder = _title_folder(params)
    try:
        model = SentenceTransformer(
            str(folder) if folder else params.name,
            revision=None if folder else params.revision,
            cache_folder=str(cache) if cache else None,
            local_files_only=params.weights != "hub",
            device=str(device()),
        )
    except Exception as error:  # the hub's client raises a dozen types; none may end in another model
        raise not_loadable(params.name, error, "title_encoder in params.yaml") from error
    return model, params.sha256 if folder else _verified_hash(params, cache)


def _title_folder(params: TitleEncoder) -> Path:
    """The folder that ``title_encoder.weights`` names, whose content is the expected one."""
    folder = local_weights(params.weights, params.sha256, "title_encoder.sha256")
    if not (folder / "modules.json").is_file():
        raise ArtExtractError(
            "is not a folder of sentence-transformers: it has no modules.json",
            where=str(folder),
            remedy="name a folder as SentenceTransformer.save writes it; a file of tensors alone has no tokenizer",
        )
    return folder


def _verified_hash(params: TitleEncoder, cache: Path | None) -> str:
    from huggingface_hub import hf_hub_download

    path = Path(
        hf_hub_download(
            params.name, "model.safetensors", revision=params.revision, cache_dir=cache, local_files_only=True
        )
    )
    if params.sha256:
        verify(path, params.sha256)
    return params.sha256 or sha256_file(path)


def embed_titles(titles: Sequence[str], params: TitleEncoder) -> tuple[np.ndarray, dict[str, Any]]:
    """Unit title embeddings.

    Args:
        titles: n titles, none empty.
        params: Section ``title_encoder``.

    Returns:
        float32 (n, d), row i = title i; and the encoder's identity.

    Raises:
        ArtExtractError: The weights in bf16 do not agree with those in fp32; or see ``load_title_encoder``.
    """
    set_threads()
    model, sha256 = load_title_encoder(params)
    agreed = {}
    if params.precision == "fast" and bf16_pays():
        agreed = to_bf16(model, titles, params.batch_size)
    embedded = _embedded(model, titles, params)
    identity = {
        "name": params.name,
        "revision": params.revision,
        "weights": params.weights,
        "weights_sha256": sha256,
        "max_tokens": int(model.max_seq_length),
        "backend": backend(params.precision),
    }
    return embedded, identity | agreed


def _embedded(model: Any, titles: Sequence[str], params: TitleEncoder) -> np.ndarray:
    """Unit rows (n, d), computed in this process or wherever the environment says."""
    order = _longest_first(titles)
    task = _Batches(
        list(map(titles.__getitem__, order.tolist())), params.model_dump_json(), backend(params.precision), model
    )
    found = list(blocks_over(task, __name__, "embed titles", "title"))
    rows = np.empty((len(titles), found[0].shape[1]), dtype=np.float32)
    rows[order] = np.concatenate(found)
    return rows


def _longest_first(titles: Sequence[str]) -> np.ndarray:
    """The order in which titles are put into batches, so that little is padded: that of sentence-transformers."""
    return np.argsort([-len(title) for title in titles])


@dataclass(frozen=True)
class _Batches:
    """See ``core.executors.blocks.Task``: titles in batches, whose digits depend on the titles that share one.

    Attributes:
        titles: n titles, the longest first.
        params: Section ``title_encoder``, as JSON.
        backend: What has to compute them.
        model: The encoder, ready for the wanted precision; None in another process, which makes its own.
    """

    titles: list[str]
    params: str
    backend: str
    model: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _Batches, (self.titles, self.params, self.backend)

    @property
    def blocks(self) -> list[int]:
        """Titles of each block."""
        each = BATCHES * self._section.batch_size
        return [min(each, len(self.titles) - start) for start in range(0, len(self.titles), each)]

    def block(self, number: int) -> np.ndarray:
        """Unit rows float32 (b, d)."""
        size = self._section.batch_size
        start, model = number * BATCHES * size, self.model
        if model is None:
            model = _ready(self.params)
            require_same(self.backend, backend(self._section.precision), backend(self._section.precision))
        part = self.titles[start : start + BATCHES * size]
        return np.concatenate([_encode(model, part[i : i + size], size) for i in range(0, len(part), size)])

    @property
    def _section(self) -> TitleEncoder:
        return TitleEncoder.model_validate_json(self.params)


@lru_cache(maxsize=1)
def _ready(params: str) -> Any:
    """The encoder of a process that computes batches for another one, which has checked what bf16 does to it."""
    set_threads()
    section = TitleEncoder.model_validate_json(params)
    model, _ = load_title_encoder(section)
    return model.bfloat16() if section.precision == "fast" and bf16_pays() else model


def _encode(model: Any, titles: Sequence[str], batch_size: int) -> np.ndarray:
    """Unit rows; the library makes batches of titles of like length, so that little is padded."""
    found = model.encode(list(titles), batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True)
    return unit_rows(cast(np.ndarray, found))


def to_bf16(model: Any, titles: Sequence[str], batch_size: int) -> dict[str, Any]:
    """Convert the model's weights in place, and compare some titles' embeddings with those in fp32.

    Returns:
        Number of titles compared, and their least and mean cosine, for the metrics.

    Raises:
        ArtExtractError: A cosine is below ``COSINE``.
    """
    rows = np.unique(np.linspace(0, len(titles) - 1, CHECKED).astype(int))
    sample = [titles[int(row)] for row in rows]
    exact = _encode(model, sample, batch_size)
    model.bfloat16()
    cosine = (exact * _encode(model, sample, batch_size)).sum(axis=1)
    if not cosine.min() >= COSINE:  # NaN is no agreement
        raise ArtExtractError(
            f"weights in bf16 do not agree with fp32 on {len(rows)} titles: least cosine {cosine.min():.4f}, "
            f"wanted {COSINE}",
            where="embed_titles",
            remedy="set title_encoder.precision=fp32",
        )
    return {
        "check_titles": len(rows),
        "check_cosine_min": float(cosine.min()),
        "check_cosine_mean": float(cosine.mean()),
    }
