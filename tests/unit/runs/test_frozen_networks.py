"""The table of frozen networks, and the list of those that are compared."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.encoders.image import Preprocessing
from artextract.encoders.parts import StageMaps
from artextract.encoders.torchvision_cure import import_torchvision
from artextract.params.sections import Train
from artextract.runs import frozen_networks
from artextract.runs.ablations import read_ablations, read_profile
from tests.tiers import later
from tests.unit.params_toys import with_overrides

ROOT = Path(__file__).resolve().parents[3]
LISTED = read_ablations(ROOT / "profiles/frozen_networks.yaml")


def train_of(name: str) -> Train:
    profile = read_profile(ROOT / "profiles/wikiart.args")
    return with_overrides(profile + [part for change in LISTED[name] for part in ("-S", change)]).train


# --- the list


@pytest.mark.slow
def test_three_networks_come_from_packages_and_twenty_from_the_hub() -> None:
    weights = [train_of(name).weights for name in LISTED]
    assert weights.count("package") == 3 and weights.count("hub") >= 20


@pytest.mark.slow
@pytest.mark.parametrize("name", [*list(LISTED)[:4], *map(later, list(LISTED)[4:])])
def test_every_listed_network_exists_and_has_its_layers(name: str) -> None:
    """Without weights and without arithmetic: torch's device `meta` knows shapes only."""
    import_torchvision()
    import timm

    train = train_of(name)
    assert train.backbone == name and train.head == "linear" and train.frozen
    assert name in timm.list_pretrained() or (train.weights == "package" and timm.is_model(name))
    with torch.device("meta"), torch.inference_mode():
        model = timm.create_model(name, pretrained=False, num_classes=0).eval()
        size = Preprocessing.of(model).size
        *maps, last = StageMaps(model, train.layers)(torch.zeros(1, 3, size, size))
    assert len(maps) == len(train.layers) and all(features.ndim == 4 for features in (*maps, last))
    assert last.shape[1] == model.num_features


# --- the table


def metrics(quality: float, tasks: tuple[str, ...] = TASKS) -> dict[str, Any]:
    found = {}
    for task in tasks:
        ends = {"": quality, "_low": quality - 0.1, "_high": quality + 0.1}
        found |= {f"{task}.auc_ovo{end}": value for end, value in ends.items()} | {f"{task}.top1": quality / 2}
    selected = {f"{task}_select_auc": quality for task in tasks}
    return {"metrics/classification.json": {"data": found}, "metrics/train.json": {"data": selected}}


def experiment(name: str, files: dict[str, Any], train: dict[str, Any] | None = None) -> dict[str, Any]:
    data = {"metrics": files, "params": {"params.yaml": {"data": {"train": train}}}}
    return {"name": name, "revs": [{"data": data}]}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What DVC shows: two networks, one of which was also run with unseen painters."""
    listing = [
        experiment("f-low", metrics(0.5)),
        experiment("f-high", metrics(0.75)),
        experiment("u-low", metrics(0.25)),
    ]
    monkeypatch.setattr(frozen_networks, "dvc", lambda *arguments: json.dumps([{"experiments": listing}]))
    return listing


def test_a_network_has_one_line_and_the_best_on_select_rows_is_first(shown: list[dict[str, Any]]) -> None:
    lines = frozen_networks.table("f", "u", seconds=False).splitlines()
    auc = "0.7500 (0.6500 to 0.8500)"
    assert lines[2] == f"| high | 0.7500 | {auc} | {auc} | {auc} | 0.375 | 0.375 | 0.375 |  |  |"
    assert lines[3].startswith("| low | 0.5000 |") and lines[3].endswith("| 0.2500 (0.1500 to 0.3500) |  |")
    assert len(lines) == 4 and len({line.count("|") for line in lines}) == 1


def test_a_task_without_scores_has_an_empty_cell(shown: list[dict[str, Any]]) -> None:
    shown[:] = [experiment("f-one", metrics(0.5, ("style",)))]
    cells = frozen_networks.table("f", None, seconds=False).splitlines()[2].split(" | ")
    assert cells[1:6] == ["0.5000", "0.5000 (0.4000 to 0.6000)", "", "", "0.250"]


def test_nothing_finished_says_what_to_do(shown: list[dict[str, Any]]) -> None:
    with pytest.raises(ArtExtractError, match="no experiment x-") as caught:
        frozen_networks.table("x", None, seconds=False)
    assert caught.value.remedy and "dvc queue" in caught.value.remedy


# --- seconds


def toy(precision: str, **changes: Any) -> Train:
    changes = {"backbone": "test_efficientnet.r160_in1k", "layers": [2, 3], "precision": precision} | changes
    return train_of("tf_efficientnet_lite0").model_copy(update=changes)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "fast"])
def test_seconds_are_those_of_all_networks(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    clock = iter([10.0, 14.0, 20.0, 22.0])
    monkeypatch.setattr(frozen_networks, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    one = toy(precision)
    other = frozen_networks.networks_of(one)[0].model_copy(update={"name": "test_resnet.r160_in1k", "layers": [1]})
    assert frozen_networks.seconds_per_image(one.model_copy(update={"networks": [other]}), 2) == (4 + 2) / 2


def test_seconds_are_measured_where_they_are_wanted(
    shown: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_networks, "seconds_per_image", lambda train: 0.0125 * len(train.layers))
    shown[:] = [experiment("f-one", metrics(0.5), toy("fp32").model_dump())]
    assert frozen_networks.table("f", None, seconds=True).endswith("| 0.025 |\n")
    shown[:] = [experiment("f-one", metrics(0.5), {"backbone": "old"})]
    with pytest.raises(ArtExtractError, match="section train is not one of this code") as caught:
        frozen_networks.table("f", None, seconds=True)
    assert caught.value.where == "experiment f-one"
