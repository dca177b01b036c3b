"""A network in int8 on a CPU, by NNCF's quantisation after training; optional (requirements-openvino.txt).

Ranges of the activations are taken from images of the collection. The stem and the first stages, which see colours and
edges, keep their precision. Where a processor adds int8 products in 16 bits, as all without VNNI do, sums of 8-bit
weights overflow: there the weights get 7 bits.
"""

from __future__ import annotations

import logging
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import content_key, sha256_file
from artextract.core.folders import cache_folder
from artextract.core.kept import kept_file
from artextract.encoders.backends import (
    Backend,
    backend_of_files,
    computed_by,
    converted,
    openvino_bf16,
    openvino_version,
)
from artextract.encoders.image import Preprocessing
from artextract.encoders.parts import chain_of, split
from artextract.encoders.weights import weights_hash

if TYPE_CHECKING:
    import torch
    from torch import nn

KEPT_STAGES = 1  # stages at least that keep their precision, with the stem


def nncf_version() -> str | None:
    """Version of the installed NNCF, or None."""
    try:
        return version("nncf")
    except PackageNotFoundError:
        return None


def int8_backend(model: nn.Module, preprocessing: Preprocessing, key: str, images: list[torch.Tensor]) -> Backend:
    """OpenVINO with the late stages of a network in int8.

    The quantised network is kept. Images that come later do not change it, so that a collection which has grown keeps
    its embeddings; the backend's name has a hash of it.

    Args:
        model: An encoder that ``split`` can cut, on the CPU.
        preprocessing: Its preprocessing.
        key: Identity of the network.
        images: uint8 (1, 3, size, size), which the ranges are taken from if there is no kept network.

    Raises:
        ArtExtractError: There are no images, and no kept network.
    """
    import torch

    early, late = split(model, KEPT_STAGES)
    bf16 = openvino_bf16()
    needs_fp32 = (chain := chain_of(getattr(getattr(model, "maps", None), "model", model))) and chain.fp32_stages
    identity = f"{key}-int8-{weights_hash(early)}-{weights_hash(late)}"

    def first_stages(image: torch.Tensor) -> Any:
        with torch.inference_mode():
            return early(preprocessing.normalise(image))

    black = torch.zeros(1, 3, preprocessing.size, preprocessing.size, dtype=torch.uint8)
    first = converted(early, preprocessing.normalise(black).contiguous(), f"{identity}-early")
    last = converted(late, first_stages(black), f"{identity}-late")
    file = _quantised(last, identity, [first_stages(image).numpy() for image in images])
    made = content_key(sha256_file(file), sha256_file(file.with_suffix(".bin")))[:8]
    name = (
        f"openvino {openvino_version()} cpu int8 (nncf {nncf_version()}, {made}), first stages "
        f"{'fp32' if needs_fp32 or not bf16 else 'bf16'}"
    )
    hints = ("f32" if needs_fp32 or not bf16 else "bf16", "bf16" if bf16 else "f32")
    return backend_of_files(list(zip((first, file), hints, strict=True)), preprocessing, name)


def _quantised(network: Path, key: str, inputs: list[np.ndarray]) -> Path:
    """The quantised form of a network, made once and kept."""
    import openvino  # pyright: ignore[reportMissingImports]
    import torch

    vnni = bool(torch.cpu._is_vnni_supported())

    def quantise(folder: Path) -> None:
        if not inputs:
            raise ArtExtractError(
                "the quantised network is not in the cache of this machine",
                remedy="share ARTEXTRACT_CACHE with the machine that has started the work, or use precision=fast",
            )
        os.environ.setdefault("NNCF_CI", "1")  # else it reports its use to its makers where it finds the module for it
        import nncf  # pyright: ignore[reportMissingImports]

        nncf.set_log_level(logging.ERROR)
        folder.mkdir()
        fix = nncf.OverflowFix.DISABLE if vnni else nncf.OverflowFix.ENABLE
        found = nncf.quantize(
            openvino.Core().read_model(network),
            nncf.Dataset(inputs),
            preset=nncf.QuantizationPreset.MIXED,  # activations of these networks are not symmetric
            subset_size=len(inputs),
            advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=fix),
        )
        openvino.save_model(found, folder / "network.xml", compress_to_fp16=False)

    versions = (openvino_version(), nncf_version(), vnni, computed_by(__name__))
    folder = cache_folder() / "openvino" / content_key(key, "int8", versions)
    return kept_file(folder, quantise, "quantised network") / "network.xml"
