"""Embeddings that other processes compute: the same bits as in this one, whatever was there before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.executors import rows
from artextract.core.executors.rows import require_same
from artextract.core.fingerprint import sha256_file
from artextract.encoders import choice
from artextract.encoders.embed import embed_collection
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.params.sections import ImageEncoder
from tests.conftest import jpeg
from tests.museum import shards
from tests.tiny_models import TIMM, tiny_timm


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageEncoder:
    """A tiny network from a folder, one thread, a cache of its own, and shards of eight pictures."""
    import_torchvision()  # before timm, which imports it too
    tiny_timm(tmp_path / "net")
    sha256 = sha256_file(tmp_path / "net/model.safetensors")
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(rows, "LONGEST", 8)
    monkeypatch.setattr(rows, "MULTIPLE", 8)
    path = str(tmp_path / "net/model.safetensors")
    return ImageEncoder(name=TIMM, weights=path, sha256=sha256, layers=[], batch_size=4, precision="fp32")


def embedded(folder: Path, params: ImageEncoder, monkeypatch: pytest.MonkeyPatch, where: str, n: int) -> np.ndarray:
    reader = shards(folder, [jpeg(k, 40 + k % 5, 30) for k in range(n)])
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", where)
    found = embed_collection(reader, params)[0]
    monkeypatch.delenv("ARTEXTRACT_EXECUTOR")
    return found


@pytest.mark.parametrize(
    "precision",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "fast" else pytest.mark.long)
        for name in ("fp32", "fast", "auto")
    ],
)
def test_the_bits_are_the_same_wherever_they_are_computed(
    tmp_path: Path, params: ImageEncoder, monkeypatch: pytest.MonkeyPatch, precision: str
):
    monkeypatch.setattr(choice, "rates", lambda backends, images: {name: -i for i, name in enumerate(backends)})
    params = params.model_copy(update={"precision": precision})
    here = embedded(tmp_path / "here", params, monkeypatch, "", 17)
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "another"))
    elsewhere = embedded(tmp_path / "elsewhere", params, monkeypatch, "local:2", 17)  # shards of 8, 8 and 1
    assert elsewhere.tobytes() == here.tobytes()
    assert not list((tmp_path / "another/embeddings").glob("*-handed-out/*"))


@pytest.mark.long
def test_what_is_new_in_a_grown_collection_is_computed_elsewhere(
    tmp_path: Path, params: ImageEncoder, monkeypatch: pytest.MonkeyPatch
):
    before = embedded(tmp_path / "before", params, monkeypatch, "", 9)
    after = embedded(tmp_path / "after", params, monkeypatch, "local:1", 12)
    assert after[:9].tobytes() == before.tobytes()
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "another"))
    assert after.tobytes() == embedded(tmp_path / "again", params, monkeypatch, "", 12).tobytes()


def test_a_machine_of_another_kind_is_refused():
    require_same("key", "key", "torch cpu fp32")
    with pytest.raises(ArtExtractError, match="would compute other digits"):
        require_same("key", "other", "torch cpu bf16")
