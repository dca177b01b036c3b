from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from artextract.classification.network.augment import Augmentation, apply, draw, draw_view, resize
from artextract.classification.network.backbones import TimmBackbone, make_backbone, preprocessing_of
from artextract.classification.network.inputs import Inputs, labels_of, load_inputs, predict
from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.networks import framed
from artextract.classification.network.tokens import joined_tokens, tokens_of
from artextract.classification.network.trainer import Trainer
from artextract.core.errors import ArtExtractError
from artextract.data.images.shards import ShardReader
from artextract.encoders.image import Preprocessing
from artextract.encoders.parts import StageMaps, split_stages
from artextract.encoders.weights import weights_hash
from artextract.params.sections import Network
from tests.toys import (  # noqa: F401
    CLASSES,
    EVEN,
    damage,
    one_thread,
    toy_collection,
    toy_data,
    toy_params,
    toy_preprocessing,
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_labels_by_eye() -> None:
    index = pd.DataFrame(
        {
            "style": pd.array([0, 1, 2, 3], dtype="Int64"),
            "style_split": pd.array(["train", "val", "guarded", "train"], dtype="string"),
            "genre": pd.array([None, 1, 0, None], dtype="Int64"),
            "genre_split": pd.array([None, "train", "train", None], dtype="string"),
            "artist": pd.array([None] * 4, dtype="Int64"),
            "artist_split": pd.array([None] * 4, dtype="string"),
        }
    )
    labels = labels_of(index, [3, 2, 1, 0], "train")
    assert {task: values.tolist() for task, values in labels.items()} == {
        "style": [3, -1, -1, 0],
        "genre": [-1, 0, 1, -1],
        "artist": [-1] * 4,
    }
    assert {values.dtype for values in labels.values()} == {torch.int64}
    assert labels_of(index, [1, 2], "val")["style"].tolist() == [1, -1]


def test_labels_survive_parquet(tmp_path: Path) -> None:
    _, index = toy_collection(tmp_path, ["train", "val", "train", "select", "train", "train"])
    index.to_parquet(tmp_path / "index.parquet")
    again = pd.read_parquet(tmp_path / "index.parquet")
    for split in ("train", "select"):
        one, two = labels_of(index, range(6), split), labels_of(again, range(6), split)
        assert all(torch.equal(one[task], two[task]) for task in one)
    assert labels_of(again, range(6), "train")["artist"].tolist() == [-1, -1, 2, -1, 1, 2]


def test_pixels_are_those_of_the_rows_asked_for(tmp_path: Path, cache: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 20)
    rows = [7, 0, 19, 7]
    inputs = load_inputs(reader, index, rows, toy_params().train)
    assert inputs.array.shape == (4, 3, 128, 128) and inputs.array.dtype == np.uint8
    assert inputs.backbone_sha256 == ""
    transform = preprocessing_of(make_backbone(toy_params().train)).pixels()
    for pixels, row in zip(np.asarray(inputs.array), rows, strict=True):
        np.testing.assert_array_equal(pixels, transform(reader.image(row)).numpy())
    expected = inputs.preprocessing.normalise(torch.from_numpy(np.array(inputs.array[[2, 1]])))
    torch.testing.assert_close(inputs.batch(np.array([2, 1])), expected, rtol=0, atol=0)


def test_pixels_are_read_once_and_found_by_content(tmp_path: Path, cache: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 6)
    first = load_inputs(reader, index, range(5), toy_params().train)
    broken = ShardReader(tmp_path / "shards", damage(index, ["train"]))
    again = load_inputs(broken, index, [4, 0, 2], toy_params().train)  # nothing is read: the cache has it
    np.testing.assert_array_equal(first.array[[4, 0, 2]], again.array)
    with pytest.raises(ArtExtractError, match="damaged"):
        load_inputs(broken, index, [4, 5], toy_params().train)  # row 5 was never asked for
    with pytest.raises(ArtExtractError, match="damaged"):
        load_inputs(broken, index.assign(sha256=index["sha256"][::-1].to_numpy()), [0], toy_params().train)


def test_a_damaged_image_is_an_error_and_never_another_image(tmp_path: Path, cache: Path) -> None:
    _, index = toy_collection(tmp_path / "shards", ["train", "train", "select", "train"])
    broken = ShardReader(tmp_path / "shards", damage(index, ["select"]))
    with pytest.raises(ArtExtractError, match="image p2 "):
        load_inputs(broken, index, range(4), toy_params().train)
    assert len(load_inputs(broken, index, [0, 1, 3], toy_params().train).array) == 3


def test_tokens_of_a_frozen_backbone(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens are those of the backbone in evaluation mode, batch by batch, and its hash goes with them."""
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", "none", "")
    monkeypatch.setattr("artextract.classification.network.networks.TimmBackbone", lambda *_: backbone)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 19)  # more than one batch of 16
    rows = list(range(18, -1, -1))
    params = toy_params(backbone="test_resnet", frozen=True, token_grid=3).train
    inputs = load_inputs(reader, index, rows, params)
    assert inputs.array.shape == (19, 9, backbone.dim) and inputs.array.dtype == np.float32
    assert inputs.backbone_sha256 == weights_hash(backbone.model) and inputs.widths == ((backbone.dim,),)
    transform = inputs.preprocessing.pixels()
    with torch.inference_mode():
        for tokens, row in list(zip(np.asarray(inputs.array), rows, strict=True))[::6]:
            image = inputs.preprocessing.normalise(transform(reader.image(row))[None])
            torch.testing.assert_close(
                torch.from_numpy(np.array(tokens)), tokens_of(backbone(image), 3)[0], rtol=1e-4, atol=1e-5
            )
    # tokens go to the network as they are, and are not mirrored
    shown = draw(2, flip=True, crop=0.5, seed=0, epoch=0)
    np.testing.assert_array_equal(inputs.batch(np.array([3, 1]), shown).numpy(), inputs.array[[3, 1]])


def test_other_backbone_weights_are_other_tokens(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 3)
    params = toy_params(backbone="test_resnet", frozen=True, token_grid=2).train
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        backbone = TimmBackbone("test_resnet", "none", "")
        monkeypatch.setattr("artextract.classification.network.networks.TimmBackbone", lambda *_, b=backbone: b)
        found.append(load_inputs(reader, index, range(3), params))
    assert found[0].backbone_sha256 != found[1].backbone_sha256
    assert (np.array(found[0].array) != np.array(found[1].array)).any()


def test_only_the_rows_marked_are_mirrored() -> None:
    pixels = np.arange(3 * 3 * 2 * 4, dtype=np.uint8).reshape(3, 3, 2, 4)
    plain = Preprocessing(4, None, "bilinear", (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255))
    inputs = Inputs(pixels, plain, "")
    mirrored = Augmentation(np.array([True, False, True]), np.ones((3, 2)), np.zeros((3, 2)))
    batch = inputs.batch(np.array([2, 0, 1]), mirrored).round().numpy()
    np.testing.assert_array_equal(batch[0], pixels[2][:, :, ::-1])
    np.testing.assert_array_equal(batch[1], pixels[0])
    np.testing.assert_array_equal(batch[2], pixels[1][:, :, ::-1])
    np.testing.assert_array_equal(inputs.batch(np.array([2, 0, 1])).round().numpy(), pixels[[2, 0, 1]])


Shown = dict[int, list[float]]


def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int, **changes: float) -> Shown:
    """Row -> how it was shown in one epoch of a training: mirrored, height and width seen, where."""
    seen: Shown = {}
    batch = Inputs.batch

    def watched(
        self: Inputs, rows: np.ndarray, augmentation: Augmentation | None = None, views: np.ndarray | None = None
    ) -> torch.Tensor:
        assert augmentation is not None
        columns = np.column_stack([augmentation.flip, augmentation.scale, augmentation.shift])
        seen.update(zip(rows.tolist(), columns.tolist(), strict=True))
        return batch(self, rows, augmentation)

    with monkeypatch.context() as patched:
        patched.setattr(Inputs, "batch", watched)
        trainer = Trainer(toy_params(**{"crop": 0.3} | changes), CLASSES, EVEN, tmp_path)
        trainer._train_epoch(epoch, toy_data(40, 0))
    return dict(sorted(seen.items()))


@pytest.mark.slow
def test_augmentation_depends_on_seed_epoch_and_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown(tmp_path, monkeypatch, 1)
    assert list(first) == list(range(40)) and 8 < sum(row[0] for row in first.values()) < 32
    torch.rand(7)
    np.random.rand(7)  # the global generators play no part
    assert shown(tmp_path, monkeypatch, 1) == first
    assert shown(tmp_path, monkeypatch, 1, batch_size=13) == first
    assert shown(tmp_path, monkeypatch, 1, hidden=8, epochs=9, mixup=0.2) == first
    for other in (shown(tmp_path, monkeypatch, 2), shown(tmp_path, monkeypatch, 1, seed=6)):
        for column in range(5):  # none of the five is drawn alike
            assert [row[column] for row in other.values()] != [row[column] for row in first.values()]
    assert not any(row[0] for row in shown(tmp_path, monkeypatch, 1, flip=False).values())
    assert all(row[1:3] == [1, 1] for row in shown(tmp_path, monkeypatch, 1, crop=0.0).values())


@pytest.mark.parametrize("batch_size", [1, 4, 7, 100])
def test_predictions_stand_in_row_order_whatever_the_batch(batch_size: int) -> None:
    torch.manual_seed(0)
    params = toy_params(flip=False).train
    net = MultitaskNet(params, CLASSES).train()  # predict turns dropout off by itself
    inputs = toy_data(14, 1).inputs
    logits = predict(net, inputs, batch_size, params)
    net.eval()
    with torch.inference_mode():
        for row in range(14):
            alone = net(inputs.batch(np.array([row])))
            for task, scores in logits.items():
                torch.testing.assert_close(scores[row], alone[task][0], rtol=1e-4, atol=1e-5)
    assert {task: tuple(scores.shape) for task, scores in logits.items()} == {t: (14, k) for t, k in CLASSES.items()}


def test_predictions_average_both_orientations_where_training_mirrored() -> None:
    torch.manual_seed(0)
    params = toy_params(flip=True).train
    net = MultitaskNet(params, CLASSES)
    inputs = toy_data(5, 1).inputs
    turned = Inputs(inputs.array[:, :, :, ::-1], inputs.preprocessing, "")
    plain = toy_params(flip=False).train
    one, two = predict(net, inputs, 5, plain), predict(net, turned, 5, plain)
    for task, logits in predict(net, inputs, 5, params).items():
        torch.testing.assert_close(logits, (one[task] + two[task]) / 2)
        assert (one[task] - two[task]).abs().max() > 1e-5
        torch.testing.assert_close(logits, predict(net, turned, 5, params)[task])


def test_normalised_pixels_by_eye() -> None:
    inputs = Inputs(np.array([0, 255], dtype=np.uint8).reshape(1, 1, 1, 2).repeat(3, 1), toy_preprocessing(2), "")
    assert inputs.batch(np.array([0]))[0, 0, 0].tolist() == [-1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("frozen", [True, False])
def test_views_of_frozen_stages(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, frozen: bool) -> None:
    """View 0 is the image, view 1 its mirror image, view 2 a crop; a batch takes the view that it is told to."""
    torch.manual_seed(0)
    backbone = TimmBackbone("test_resnet", "none", "").eval()
    monkeypatch.setattr("artextract.classification.network.inputs.make_backbone", lambda params: backbone)
    monkeypatch.setattr("artextract.classification.network.networks.TimmBackbone", lambda *_: backbone)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 18)
    params = toy_params(
        backbone="test_resnet", frozen=frozen, tuned_stages=0 if frozen else 2, views=3, flip=True, crop=0.4
    ).train
    rows = list(range(18))
    inputs = load_inputs(reader, index, rows, params, 3)
    stage = backbone if frozen else split_stages(backbone, 2)[0]
    assert stage is not None and len(inputs.further) == 2
    pixels = torch.stack([inputs.preprocessing.pixels()(reader.image(row)) for row in (0, 17)])
    images = inputs.preprocessing.normalise(pixels)
    cropped = apply(images, draw_view(18, 2, flip=True, crop=0.4).rows(np.array([0, 17])))
    with torch.inference_mode():
        for view, seen in enumerate((images, images.flip(3), cropped)):
            expected = stage(seen)
            expected = tokens_of(expected, params.token_grid) if frozen else expected
            found = inputs.batch(np.array([0, 17]), views=np.array([view, view]))
            torch.testing.assert_close(found, expected, rtol=2e-3, atol=2e-3)  # feature maps are kept as float16
    mixed = inputs.batch(np.array([4, 4, 4]), views=np.array([2, 0, 1]))
    assert torch.equal(mixed[1], inputs.batch(np.array([4]))[0]) and not torch.equal(mixed[0], mixed[1])
    again = load_inputs(reader, index, rows, params, 1)
    assert again.further == () and again.backbone_sha256 == inputs.backbone_sha256


def test_predictions_average_the_image_and_its_mirror_image() -> None:
    params = toy_params(backbone="test_resnet", frozen=True, weights="package", views=2, flip=True, token_dim=4).train
    dim = 7
    net = MultitaskNet(params, CLASSES, dim)
    one, two = np.random.default_rng(0).normal(size=(2, 5, 4, dim)).astype(np.float32)
    both = predict(net, Inputs(one, toy_preprocessing(), "x", (two,)), 2, params)
    alone = [predict(net, Inputs(array, toy_preprocessing(), "x"), 5, params) for array in (one, two)]
    torch.testing.assert_close(both["style"], (alone[0]["style"] + alone[1]["style"]) / 2)


def test_pixels_are_enlarged_for_predictions_alone(tmp_path: Path) -> None:
    params = toy_params(test_scale=1.5, flip=False).train
    net = MultitaskNet(params, CLASSES).eval()
    inputs = toy_data(3, 0, size=16).inputs
    found = predict(net, inputs, 2, params)["style"]
    with torch.inference_mode():
        expected = net(resize(inputs.batch(np.arange(3)), 24))["style"]
    torch.testing.assert_close(found, expected)
    assert resize(torch.zeros(1, 3, 16, 16), 24).shape == (1, 3, 24, 24)


def test_tokens_of_several_networks_are_next_to_each_other(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    nets = {name: TimmBackbone(name, "none", "") for name in ("test_resnet", "test_efficientnet")}
    monkeypatch.setattr("artextract.classification.network.networks.TimmBackbone", lambda name, *_: nets[name])
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 5)
    further = Network(name="test_efficientnet", weights="none", sha256="", layers=[3, 2], size=96, min_side=0)
    params = toy_params(backbone="test_resnet", frozen=True, token_grid=3, layers=[1], networks=[further]).train
    inputs = load_inputs(reader, index, [4, 0], params, 2)
    assert [len(blocks) for blocks in inputs.widths] == [2, 3]  # the stages asked for, and the last map
    assert inputs.array.shape == (2, 9, sum(map(sum, inputs.widths))) and len(inputs.further) == 1
    alone = params.model_copy(update={"networks": []})
    first = load_inputs(reader, index, [4, 0], alone)
    np.testing.assert_array_equal(np.asarray(inputs.array)[..., : sum(inputs.widths[0])], np.asarray(first.array))
    preprocessing = framed(Preprocessing.of(nets["test_efficientnet"].model), 96, params.framing)
    image = preprocessing.normalise(preprocessing.pixels()(reader.image(0))[None])
    with torch.inference_mode():
        expected = joined_tokens(StageMaps(nets["test_efficientnet"].model, [2, 3])(image), 3)[0]
    found = torch.from_numpy(np.asarray(inputs.array)[1, :, sum(inputs.widths[0]) :].copy())
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert inputs.backbone_sha256 not in ("", first.backbone_sha256)


def test_a_linear_head_sees_the_mean_of_each_map(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    backbone = TimmBackbone("test_efficientnet", "none", "").eval()
    monkeypatch.setattr("artextract.classification.network.networks.TimmBackbone", lambda *_: backbone)
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 2)
    params = toy_params(backbone="test_efficientnet", frozen=True, head="linear", layers=[2]).train
    inputs = load_inputs(reader, index, [1], params)
    image = inputs.preprocessing.normalise(inputs.preprocessing.pixels()(reader.image(1))[None])
    with torch.inference_mode():
        expected = torch.cat([one.mean((2, 3)) for one in StageMaps(backbone.model, [2])(image)], dim=1)
    torch.testing.assert_close(torch.from_numpy(np.array(inputs.array))[:, 0], expected, rtol=1e-4, atol=1e-5)
