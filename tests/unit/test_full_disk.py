"""Everything large that stages save, on a disk that is really full: a message, and no part of a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from artextract.classification.network.linear import Linear, write_linear
from artextract.classification.network.saved_network import save_model
from artextract.classification.prediction.evidence import Evidence, write_evidence
from artextract.classification.published.folder import copy_network
from artextract.core.errors import ArtExtractError
from artextract.core.words import in_words
from artextract.data.images.shard_writer import Source, write_shards
from artextract.siamese.projection.saved import save_projection
from artextract.siamese.projection.words import save_head
from tests.conftest import jpeg
from tests.damage import small_disk
from tests.toys import NAMES, toy_params

NOISE = np.random.default_rng(0).standard_normal((500, 500)).astype(np.float32)  # a megabyte


def network() -> nn.Module:
    net = nn.Linear(500, 500)
    net.weight.data = torch.from_numpy(NOISE)
    return net


def evidence() -> Evidence:
    works = pd.DataFrame({"id": [f"{value:.9f}" for value in NOISE.ravel()[:90_000]]})
    return Evidence(works, NOISE, NOISE[0], NOISE[1], NOISE)


def published(folder: Path) -> None:
    source = folder.parent.parent / "network"
    source.mkdir()
    (source / "model.safetensors").write_bytes(NOISE.tobytes())
    copy_network(source, folder)


SAVERS: dict[str, Callable[[Path], object]] = {
    "network": lambda folder: save_model(folder, network(), NAMES, toy_params().train, ""),
    "published network": published,
    "projection": lambda folder: save_projection(folder / "projection.safetensors", network()),  # type: ignore[arg-type]
    "head for words": lambda folder: save_head(folder / "crossmodal.safetensors", {"weight": NOISE}),
    "linear head": lambda folder: write_linear(folder / "style.npz", Linear(NOISE, NOISE[0], 1.0, {})),
    "evidence": lambda folder: write_evidence(folder, evidence()),
    "images": lambda folder: write_shards(
        [Source(str(i), lambda i=i: jpeg(i, 900, 900, quality=100)) for i in range(20)], folder, max_side=900
    ),
}


@pytest.mark.parametrize("saver", SAVERS)
def test_a_full_disk_is_a_message_and_leaves_no_part_of_a_file(saver: str, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2**19) as disk:
        with pytest.raises((ArtExtractError, OSError)) as caught:
            SAVERS[saver](disk / "out")
        assert "the disk is full" in str(in_words(caught.value))  # as stages and verbs print it
        there = [name for name in os.listdir(disk / "out") if not name.endswith(".seal")]
    assert there in ([], ["evidence.safetensors"])  # whole: the table of works is written after it
