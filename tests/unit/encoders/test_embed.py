"""Collections embedded fast: backends agree with fp32, are checked before use, and a kill costs a block at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from artextract.core.errors import ArtExtractError
from artextract.data.images.shards import ShardReader
from artextract.encoders import backends as inference
from artextract.encoders import choice
from artextract.encoders import embed as embedding_run
from artextract.encoders.agreement import COSINE, agreement, check, checked_rows, rows_between
from artextract.encoders.backends import Backend, fast_backend, reference_backend
from artextract.encoders.batches import pixels
from artextract.encoders.embed import embed_collection
from artextract.encoders.image import Preprocessing
from artextract.encoders.parts import Layered, split
from artextract.encoders.weights import timm_model
from artextract.params.sections import ImageEncoder
from tests.conftest import jpeg
from tests.damage import DAMAGES
from tests.museum import shards
from tests.tiers import later

PARAMS = ImageEncoder(name="toy", weights="none", sha256="", layers=[], batch_size=4, precision="fp32")
FAST = PARAMS.model_copy(update={"precision": "fast"})
PREPROCESSING = Preprocessing(16, None, "bilinear", (0.4, 0.5, 0.6), (0.2, 0.3, 0.25))


class Toy(nn.Module):
    """A convolution, batch norm, and the mean of each channel: pictures differ in their outputs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 24, 3, stride=2), nn.BatchNorm2d(24), nn.ReLU())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images).mean((2, 3))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch, own_cache: Path, tmp_path: Path) -> Toy:
    """The toy as the encoder, one thread, a cache of its own."""
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    model = Toy().eval()
    monkeypatch.setattr(
        "artextract.encoders.agreement.OVERLAP", 0.9
    )  # the toy's outputs lie closer together than embeddings
    monkeypatch.setattr(embedding_run, "load_encoder", lambda params: (model, PREPROCESSING))
    return model


@pytest.fixture
def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "openvino_version", lambda: None)


def collection(folder: Path, n: int = 30) -> ShardReader:
    return shards(folder, [jpeg(k, 24 + k % 5, 20) for k in range(n)])


def by_hand(model: nn.Module, reader: ShardReader) -> np.ndarray:
    """An independent way: one image at a time, everything at once in memory."""
    transform = PREPROCESSING.pixels()
    with torch.inference_mode():
        rows = [model(PREPROCESSING.normalise(transform(reader.image(i))[None])).numpy() for i in range(len(reader))]
    found = np.concatenate(rows)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


# --- fp32 and fast


def test_fp32_is_what_the_network_computes(tmp_path: Path, toy: Toy):
    reader = collection(tmp_path)
    rows, identity = embed_collection(reader, PARAMS)
    np.testing.assert_allclose(rows, by_hand(toy, reader), atol=1e-6)
    assert rows.dtype == np.float32 and identity["backend"] == "torch cpu fp32"
    assert not any(key.startswith("check") for key in identity)


@pytest.mark.parametrize("pays", [True, False])
def test_without_openvino_torch_computes_and_says_so(
    tmp_path: Path, toy: Toy, without_openvino: None, monkeypatch: pytest.MonkeyPatch, pays: bool,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: pays)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    reader = collection(tmp_path)
    rows, identity = embed_collection(reader, FAST)
    assert identity["backend"] == f"torch cpu {'bf16' if pays else 'fp32'}"
    assert "pip install --no-deps -r requirements-openvino.txt" in capsys.readouterr().err
    np.testing.assert_allclose(rows, by_hand(toy, reader), atol=0.02 if pays else 0.002)  # bf16; roundings of pixels
    assert identity["check_images"] == 30 and identity["check_cosine_min"] > 0.999


def test_openvino_agrees_and_its_conversion_is_kept(tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("openvino", reason="openvino is not installed (requirements-openvino.txt)")
    reader = collection(tmp_path)
    rows, identity = embed_collection(reader, FAST)
    assert identity["backend"].startswith("openvino ")
    np.testing.assert_allclose(rows, by_hand(toy, reader), atol=0.02)
    assert identity["check_cosine_mean"] > 0.999 and identity["check_neighbour_overlap"] >= 0.9
    import openvino  # pyright: ignore[reportMissingImports]

    monkeypatch.setattr(openvino, "convert_model", lambda *args, **kwargs: pytest.fail("converted again"))
    backend = fast_backend([toy], PREPROCESSING, embedding_run.content_key(_identity(toy)), len(reader))
    assert backend.name == identity["backend"]


@pytest.mark.parametrize("victim", ["*/network.xml", "*/network.bin", "*-compiled/*.blob"])
def test_a_damaged_file_of_openvino_is_made_anew(
    tmp_path: Path, toy: Toy, victim: str, capfd: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("openvino", reason="openvino is not installed (requirements-openvino.txt)")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    reader = collection(tmp_path)

    def run() -> np.ndarray:
        backend = fast_backend([toy], PREPROCESSING, "toy", len(reader))
        return np.concatenate(list(backend.outputs(pixels(reader, range(9), PREPROCESSING, 3, scaled=True))))

    first = run()
    for damage in ("flip", "empty"):
        (path,) = (tmp_path / "cache" / "openvino").glob(victim)
        path.chmod(0o644)
        capfd.readouterr()
        DAMAGES[damage](path)
        np.testing.assert_array_equal(run(), first)
        assert capfd.readouterr().err.count(" was damaged;") == 1
    run()
    assert " was damaged;" not in capfd.readouterr().err


def _identity(model: nn.Module) -> dict[str, Any]:
    return embedding_run.identity_of(model, PREPROCESSING, FAST)


def test_openvino_gives_the_same_for_any_number_of_threads(
    tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    pytest.importorskip("openvino", reason="openvino is not installed (requirements-openvino.txt)")
    reader, found = collection(tmp_path), []
    for threads in ("1", "2"):
        monkeypatch.setenv("ARTEXTRACT_THREADS", threads)
        backend = fast_backend([toy], PREPROCESSING, "toy", len(reader))
        found.append(np.concatenate(list(backend.outputs(pixels(reader, range(30), PREPROCESSING, 3, scaled=True)))))
    np.testing.assert_array_equal(*found)


# --- features of several depths

# small networks of five families with the stage that is looked at besides the pooled features; swin is cut down
NETWORKS: dict[str, tuple[int, dict[str, Any]]] = {
    "test_efficientnet": (3, {}),
    "test_resnet": (2, {}),
    "test_vit": (3, {}),
    "test_convnext": (2, {}),
    "swin_tiny_patch4_window7_224": (2, {"embed_dim": 24, "depths": (1, 1, 2, 1), "num_heads": (1, 2, 2, 4)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["openvino", "torch"])
@pytest.mark.parametrize("name", [later(name) if name.startswith("swin") else name for name in NETWORKS])
def test_fast_backends_agree_on_features_of_several_depths(
    name: str, compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    if compiler == "openvino":
        pytest.importorskip("openvino", reason="openvino is not installed (requirements-openvino.txt)")
    else:
        monkeypatch.setattr(inference, "openvino_version", lambda: None)
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    layer, settings = NETWORKS[name]
    timms = timm_model(name, "none", "", num_classes=0, **settings).eval()
    network, preprocessing, reader = Layered(timms, [layer]).eval(), Preprocessing.of(timms), collection(tmp_path, 6)
    fast = fast_backend(split(network), preprocessing, name, len(reader))
    assert fast.name.startswith(compiler)
    fast_rows, exact_rows = (
        np.concatenate(list(one.outputs(pixels(reader, range(6), preprocessing, one.batch, scaled=False))))
        for one in (fast, reference_backend(network, preprocessing, 2))
    )
    assert agreement(fast_rows, exact_rows)["cosine_min"] >= COSINE
    error = np.linalg.norm(fast_rows - exact_rows, axis=1).max()
    assert error < 0.1 * np.linalg.norm(exact_rows - np.roll(exact_rows, 1, axis=0), axis=1).min()


# Networks as they are used, with the number of their outputs: the pooled features and two or three stages.
LARGE = {
    "tf_efficientnet_b7": ([3, 4, 5], 2560 + 160 + 224 + 384),
    "vit_base_patch16_224": ([5, 8], 3 * 768),
    "convnext_tiny": ([1, 2], 768 + 192 + 384),
    "swin_tiny_patch4_window7_224": ([1, 2], 768 + 192 + 384),
}


@pytest.mark.long
@pytest.mark.parametrize("name", LARGE)
def test_large_networks_embed_features_of_several_depths(name: str, tmp_path: Path):
    """Their own sizes (600 px for EfficientNet-B7), random weights, the fast backend of this machine."""
    layers, outputs = LARGE[name]
    params = FAST.model_copy(update={"name": name, "layers": layers})
    rows, identity = embed_collection(shards(tmp_path, [jpeg(k, 300, 200) for k in range(3)]), params)
    assert rows.shape == (3, outputs) and identity["check_cosine_min"] >= COSINE
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


# --- the check


def turned(reference: Backend, share: float) -> Backend:
    """A backend whose outputs are mixed with others."""

    def outputs(batches: Iterable[torch.Tensor]) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        for part in reference.outputs(batches):
            yield part + share * np.linalg.norm(part) * rng.standard_normal(part.shape).astype(np.float32)

    return Backend("a wrong backend", 4, outputs)


@pytest.mark.parametrize("share", [0.2, float("nan")])
def test_a_backend_that_does_not_agree_is_refused(tmp_path: Path, toy: Toy, share: float):
    reference = reference_backend(toy, PREPROCESSING, 4)
    with pytest.raises(ArtExtractError, match="a wrong backend does not agree with fp32 on 30 images") as caught:
        check(turned(reference, share), reference, collection(tmp_path), PREPROCESSING)
    assert caught.value.remedy == "set image_encoder.precision=fp32"


def test_agreement_by_hand():
    exact = np.eye(2, dtype=np.float32)
    found = agreement(np.array([[2.0, 0.0], [3.0, 4.0]]), exact)
    assert found == pytest.approx({"cosine_min": 0.8, "cosine_mean": 0.9})  # too few for neighbours
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((40, 6))
    assert agreement(5 * rows, rows)["neighbour_overlap"] == 1
    apart = agreement(rng.standard_normal((40, 6)), rows)["neighbour_overlap"]
    assert 0 < apart < 0.6  # ten of 39 by chance: 0.26


# --- decoding ahead, progress over a kill


def test_batches_follow_the_asked_rows(tmp_path: Path):
    reader = collection(tmp_path, 5)
    rows = [4, 0, 0, 2, 1]
    batches = list(pixels(reader, rows, PREPROCESSING, 2, scaled=False))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    transform = PREPROCESSING.pixels()
    expected = torch.stack([transform(reader.image(row)) for row in rows])
    torch.testing.assert_close(torch.cat(batches), expected, rtol=0, atol=0)


class Killed(Exception):
    pass


@pytest.mark.parametrize("precision", ["fp32", "fast"])
def test_what_was_finished_before_a_kill_is_not_computed_again(
    tmp_path: Path, toy: Toy, without_openvino: None, monkeypatch: pytest.MonkeyPatch, precision: str
):
    monkeypatch.setattr("artextract.encoders.batches.BLOCK", 8)
    monkeypatch.setattr(embedding_run, "check", lambda *args: {})
    params = PARAMS.model_copy(update={"precision": precision})
    reader, asked = collection(tmp_path), []
    whole = reader.image

    def image(row: int, target: Any = None) -> Any:
        asked.append(row)
        if row == 20 and broken[0]:
            raise Killed
        return whole(row, target)

    monkeypatch.setattr(reader, "image", image)
    broken = [True]
    with pytest.raises(Killed):
        embed_collection(reader, params)
    broken[0], asked[:] = False, []
    rows, _ = embed_collection(reader, params)
    assert sorted(set(asked)) == [0, *range(16, 30)]  # row 0 tells the number of dimensions
    np.testing.assert_allclose(rows, by_hand(toy, collection(tmp_path)), atol=0.02)


def test_other_images_or_another_precision_are_other_work(tmp_path: Path, toy: Toy, without_openvino: None):
    one, _ = embed_collection(collection(tmp_path / "a"), PARAMS)
    other = shards(tmp_path / "b", [jpeg(100 + k, 24, 20) for k in range(30)])
    two, _ = embed_collection(other, PARAMS)
    assert not np.allclose(one, two)
    embed_collection(other, FAST)
    kept = [path.stat().st_size for path in (tmp_path / "cache" / "embeddings").glob("*.rows")]
    assert max(kept) == 2 * min(kept)


@pytest.mark.parametrize("more", [1, 4, 20])
def test_a_collection_that_has_grown_embeds_what_is_new(
    tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch, more: int
):
    embed_collection(collection(tmp_path / "before", 30), PARAMS)
    after, decoded = collection(tmp_path / "after", 30 + more), set()
    whole = after.image
    monkeypatch.setattr(after, "image", lambda row, target=None: decoded.add(row) or whole(row, target))
    rows, _ = embed_collection(after, PARAMS)
    assert decoded == {0, *range(30, 30 + more)}  # row 0 tells the number of dimensions
    np.testing.assert_allclose(rows, by_hand(toy, collection(tmp_path / "again", 30 + more)), atol=1e-6)


# --- precision auto


@pytest.mark.slow
def test_auto_embeds_with_what_it_chose_and_records_it(
    tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    reader, auto = collection(tmp_path), PARAMS.model_copy(update={"precision": "auto"})
    rows, identity = embed_collection(reader, auto)
    np.testing.assert_allclose(rows, by_hand(toy, reader), atol=0.02)
    kept = identity["precision"]
    assert kept["measured"][kept["chosen"]]["agrees"] and kept["measured"]["fp32"]["check_cosine_min"] > 0.999
    monkeypatch.setattr(choice, "rates", lambda *args: pytest.fail("measured again"))
    again, same = embed_collection(reader, auto)
    np.testing.assert_array_equal(again, rows)
    assert same == identity


def test_auto_does_not_take_what_does_not_agree(tmp_path: Path, toy: Toy, monkeypatch: pytest.MonkeyPatch):
    def wrong(batches: Iterable[torch.Tensor]) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(0)
        yield from (rng.random((len(batch), 24), dtype=np.float32) for batch in batches)

    def offered(model: nn.Module, reference: Backend, *args: Any) -> tuple[dict[str, Any], dict[str, str]]:
        return {"fp32": lambda: reference, "int8": lambda: Backend("wrong", 8, wrong)}, {}

    monkeypatch.setattr(embedding_run, "offers", offered)
    monkeypatch.setattr(choice, "rates", lambda *args: {"fp32": 1.0, "int8": 100.0})
    reader = collection(tmp_path)
    rows, identity = embed_collection(reader, PARAMS.model_copy(update={"precision": "auto"}))
    assert identity["precision"]["chosen"] == "fp32" and not identity["precision"]["measured"]["int8"]["agrees"]
    np.testing.assert_array_equal(rows, embed_collection(reader, PARAMS)[0])  # fp32 to the last bit


@pytest.mark.parametrize("n", [1, 2, 64, 100, 1326])
def test_what_is_fitted_is_not_what_is_checked(n: int):
    class Many:
        def __len__(self) -> int:
            return n

    between, checked = rows_between(Many()), checked_rows(Many())  # type: ignore[arg-type]
    assert not set(between) & set(checked) and all(0 < row < n for row in between)
    assert len(between) == (63 if n > 200 else len(between)) and len(checked) == min(n, 64)
