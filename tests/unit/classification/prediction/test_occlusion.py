"""What mattered is found where it is known, and the deletion test refuses what explains nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from artextract.classification.network.network import MultitaskNet
from artextract.classification.network.saved_network import save_model
from artextract.classification.prediction.occlusion import GRID, Covered, explain, importance_of, window_masks
from artextract.classification.prediction.why_picture import captions, draw_why, panel, spotlit
from artextract.classification.prediction.whys import place_of
from artextract.core.tasks import TASKS
from tests.command import artextract
from tests.toys import CLASSES, NAMES, one_thread, painting, toy_params  # noqa: F401

PLACES = {"style": (1, 1), "genre": (6, 2), "artist": (3, 7)}  # the cell that alone decides each task


def picture() -> Image.Image:
    """Grey, with a red square in each of the deciding cells."""
    pixels = np.full((80, 160, 3), 128, dtype=np.uint8)
    for i, j in PLACES.values():
        pixels[10 * i : 10 * i + 10, 20 * j : 20 * j + 20] = (250, 10, 10)
    return Image.fromarray(pixels)


def redness(covered: Covered) -> Mapping[str, np.ndarray]:
    """A network that looks at one cell per task: how red it is."""
    images = [np.asarray(covered.image(k), dtype=float) for k in range(len(covered))]
    found = {}
    for task, (i, j) in PLACES.items():
        cells = [image[10 * i : 10 * i + 10, 20 * j : 20 * j + 20] for image in images]
        p = np.array([np.clip((c[..., 0] - c[..., 1]).mean() / 255, 0.05, 0.95) for c in cells])
        found[task] = np.stack([1 - p, p], axis=1)
    return found


def test_the_cell_that_decides_is_found_for_each_task() -> None:
    for task, why in explain(picture(), redness).items():
        assert why.answer == 1 and why.probability > 0.9
        assert np.unravel_index(why.importance.argmax(), (GRID, GRID)) == PLACES[task]
        assert why.holds and why.falling[0] < 0.2 < why.at_random[:, 0].mean()


def test_a_network_that_does_not_look_explains_nothing() -> None:
    def blind(covered: Covered) -> Mapping[str, np.ndarray]:
        return {task: np.tile([0.3, 0.7], (len(covered), 1)) for task in TASKS}

    for why in explain(picture(), blind).values():
        assert not why.holds and not why.importance.any()
        assert "No part" in captions("style", why, ["a", "b"])[1][0]
        assert panel(picture(), why).tobytes() == spotlit(picture(), np.zeros((GRID, GRID))).tobytes()


def test_a_network_of_luck_is_found_out() -> None:
    rng = np.random.default_rng(3)

    def lucky(covered: Covered) -> Mapping[str, np.ndarray]:
        p = rng.uniform(0.55, 0.95, len(covered))
        return {task: np.stack([1 - p, p], axis=1) for task in TASKS}

    held = [why.holds for _ in range(20) for why in explain(picture(), lucky).values()]
    assert np.mean(held) < 0.4  # a fifth by luck


def test_windows_cover_every_cell_alike_and_one_covered_cell_is_the_most_important() -> None:
    masks = window_masks()
    counts = masks.sum(0)
    assert (counts == counts[0, 0]).all()
    log_p = np.concatenate([[0.0], -masks[:, 4, 5].astype(float)])
    assert np.unravel_index(importance_of(log_p).argmax(), (GRID, GRID)) == (4, 5)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 5), (7, 7)])
def test_pictures_smaller_than_the_grid(size: tuple[int, int], tmp_path: Path) -> None:
    image = Image.new("RGB", size, "red")
    covered = Covered(image, window_masks())
    assert all(covered.image(k).size == size for k in range(len(covered)))
    found = explain(image, lambda c: {task: np.tile([0.4, 0.6], (len(c), 1)) for task in TASKS})
    draw_why(tmp_path / "why.webp", "a <name>", image, found, {task: ["a", "b"] for task in TASKS})
    assert Image.open(tmp_path / "why.webp").format == "WEBP"


def test_a_spotlight_keeps_what_mattered_and_fades_the_rest() -> None:
    importance = np.zeros((GRID, GRID))
    importance[:4] = 1
    red = Image.new("RGB", (80, 80), (200, 0, 0))
    shown = np.asarray(spotlit(red, importance), dtype=int)
    assert (abs(shown[5, 40] - [200, 0, 0]) < 3).all() and shown[75, 40, 1] > 120


@pytest.mark.slow
def test_the_command_draws_a_picture_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    params = toy_params().train
    save_model(tmp_path / "network", MultitaskNet(params, CLASSES), NAMES, params, "")
    for name, data in (("one/p.jpg", painting(1, 1)), ("two/b.jpg", b"")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(data)
    assert artextract("predict", "one", "two", "--model", "network", "--why", "--json", "found.json") == 0
    assert "deletion test holds for" in capsys.readouterr().err
    for one in json.loads(Path("found.json").read_text())["pictures"]:
        assert Image.open(one["why"]["picture"]).format == "WEBP"
        assert one["why"]["style"]["answer"] == one["style"]["answer"]
        assert len(one["why"]["genre"]["probability, most important first"]) == 4
    assert [str(path) for path in Path("why").rglob("*.webp")] == ["why/one/p.webp"]


def test_every_picture_gets_a_file_of_its_own_inside_the_folder() -> None:
    taken: set[Path] = set()
    names = ["a/p.jpg", "a/p.png", "b/p.jpg", "/tmp/p.jpg", "../p.jpg", "p.jpg"]
    places = [place_of(Path("why"), name, taken) for name in names]
    expected = ["a/p.webp", "a/p-2.webp", "b/p.webp", "p.webp", "p-2.webp", "p-3.webp"]
    assert [str(place) for place in places] == [f"why/{name}" for name in expected]
