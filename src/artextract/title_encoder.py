"""Titles to unit vectors by SentenceBERT, with the identity that the result depends on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from artextract.compute import device, set_threads, unit_rows
from artextract.errors import ArtExtractError
from artextract.files import sha256_file
from artextract.params import TitleEncoder
from artextract.title_weights import title_model_cache
from artextract.torchvision_cure import import_torchvision
from artextract.weights import verify


def load_title_encoder(params: TitleEncoder) -> tuple[Any, str]:
    """The SentenceBERT model, from packages or from the hub by the same call, and its weights' SHA-256.

    Raises:
        ArtExtractError: See ``title_model_cache``; from the hub: no network and no filled cache, or no such model.
    """
    import_torchvision()
    from sentence_transformers import SentenceTransformer

    cache = None
    if params.weights == "package":
        cache = title_model_cache(params.name, params.revision, params.sha256)
    try:
        model = SentenceTransformer(
            params.name,
            revision=params.revision,
            cache_folder=str(cache) if cache else None,
            local_files_only=cache is not None,
            device=str(device()),
        )
    except Exception as error:  # the hub's client raises a dozen types; none may end in another model
        raise ArtExtractError(
            f"{params.name} cannot be loaded: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}",
            where="title_encoder in params.yaml",
            remedy="weights: hub needs a network, or a filled hub cache (HF_HOME); weights: package needs `make setup`",
        ) from error
    return model, _verified_hash(params, cache)


def _verified_hash(params: TitleEncoder, cache: Path | None) -> str:
    from huggingface_hub import hf_hub_download

    path = Path(
        hf_hub_download(
            params.name, "model.safetensors", revision=params.revision, cache_dir=cache, local_files_only=True
        )
    )
    if params.sha256:
        verify(path, params.sha256)
    return sha256_file(path)


def embed_titles(titles: Sequence[str], params: TitleEncoder) -> tuple[np.ndarray, dict[str, Any]]:
    """Unit title embeddings.

    Args:
        titles: n titles, none empty.
        params: Section ``title_encoder``.

    Returns:
        float32 (n, d), row i = title i; and the encoder's identity.
    """
    set_threads()
    model, sha256 = load_title_encoder(params)
    embedded = model.encode(list(titles), batch_size=params.batch_size, show_progress_bar=True, convert_to_numpy=True)
    identity = {
        "name": params.name,
        "revision": params.revision,
        "weights": params.weights,
        "weights_sha256": sha256,
        "max_tokens": int(model.max_seq_length),
        "backend": f"torch {device().type} fp32",
    }
    return unit_rows(cast(np.ndarray, embedded)), identity
