"""prepare() on about 1,400 real WikiArt images with the published lists, cut down to the images at hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.tasks import TASKS
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.index import INDEX_COLUMNS
from artextract.data.wikiart.lists import SPLITS, find_file, read_lists
from artextract.data.wikiart.prepare import Layout, prepare
from artextract.params.sections import ArtGAN
from tests.conftest import test_data

pytestmark = pytest.mark.real
BITS, MISSING = 6, 3


@dataclass(frozen=True)
class Run:
    """What went in and what came out."""

    lists: Path
    images: Path
    out: Path
    manifest: pd.DataFrame
    absent: list[str]
    index: pd.DataFrame
    metrics: dict[str, float]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    published, images = test_data("artgan_lists"), test_data("wikiart")
    manifest = pd.read_csv(images / "manifest.csv", dtype=str, keep_default_na=False)
    manifest = manifest[manifest["tier"] == "1"].set_index("path")
    read = read_lists(published)
    known = set(pd.read_csv(images / "manifest.csv", dtype=str)["path"])
    absent = [path for path in read.rows["style", "train"]["path"] if path not in known][:MISSING]
    folder = tmp_path_factory.mktemp("real_prepare")
    for task in TASKS:
        base = folder / "lists" / task.capitalize()
        base.mkdir(parents=True)
        (base / f"{task}_class.txt").write_bytes(find_file(published, task, "class").read_bytes())
        for split in SPLITS:
            rows = read.rows[task, split]
            rows = rows[rows["path"].isin(manifest.index) | rows["path"].isin(absent)]
            lines = [f"{path},{label}\r\n" for path, label in zip(rows["path"], rows["label"], strict=True)]
            (base / f"{task}_{split}.csv").write_bytes("".join(lines).encode())
    params = ArtGAN(
        source="folder",
        max_side=640,
        max_missing_fraction=0.01,
        select_fraction=0.15,
        near_duplicate_bits=BITS,
        guard=True,
        held_out_painters=0.0,
        min_judged_side=0,
    )
    out = folder / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTEXTRACT_CACHE", str(folder / "cache"))
        prepare(Layout(folder / "lists", [images]), params, seed=1, out=out, metrics=out / "m.json", notes={})
    index, metrics = pd.read_parquet(out / "index.parquet"), json.loads((out / "m.json").read_text())
    return Run(folder / "lists", images, out, manifest, absent, index, metrics)


def listed(run: Run, task: str, split: str) -> dict[str, int]:
    rows = read_lists(run.lists).rows[task, split]
    return dict(zip(rows["path"], rows["label"], strict=True))


def split_of(run: Run, kind: str) -> np.ndarray:
    """Rows that have a split in any task."""
    return np.any([(run.index[f"{task}_split"] == kind).fillna(False).to_numpy(bool) for task in TASKS], axis=0)


@pytest.mark.slow
def test_one_row_for_each_image_at_hand(run: Run) -> None:
    paths = {path for task in TASKS for split in SPLITS for path in listed(run, task, split)}
    assert run.index["id"].tolist() == sorted(paths - set(run.absent))
    assert len(run.index) > 1_300
    assert run.index.columns.tolist() == INDEX_COLUMNS
    assert all(str(run.index[name].dtype) == "int64" for name in ("offset", "size", "width", "height", "group"))


@pytest.mark.slow
def test_exactly_the_missing_ones_are_reported(run: Run) -> None:
    assert len(run.absent) == MISSING
    assert sorted(pd.read_csv(run.out / "missing.csv")["path"]) == sorted(run.absent)
    assert pd.read_csv(run.out / "unreadable.csv").empty
    assert run.metrics["missing"] == MISSING and run.metrics["images_stored"] == len(run.index)


@pytest.mark.slow
def test_geometry_became_the_stratum(run: Run) -> None:
    assert run.index["stratum"].tolist() == run.manifest.loc[run.index["id"], "geometry"].tolist()
    assert run.index["stratum"].nunique() >= 3


@pytest.mark.slow
def test_labels_and_validation_lists_stay_as_published(run: Run) -> None:
    index = run.index.set_index("id")
    for task in TASKS:
        train, val = (listed(run, task, split) for split in SPLITS)
        expected = {path: label for path, label in (train | val).items() if path in index.index}
        assert index[task].dropna().astype(int).to_dict() == expected
        assert set(index.index[index[f"{task}_split"] == "val"]) == set(val) & set(index.index)
        assert set(index.index[index[f"{task}_split"].isin(["train", "select", "guarded"])]) <= set(train)


@pytest.mark.slow
def test_no_val_image_is_trained_on_in_any_task(run: Run) -> None:
    val, trained = split_of(run, "val"), split_of(run, "train") | split_of(run, "select")
    assert val.sum() > 300 and trained.sum() > 500
    assert not (val & trained).any()
    names = run.index["id"].str.split("/").str[-1]
    assert not set(names[val]) & set(names[trained])
    assert not set(run.index.loc[val, "sha256"]) & set(run.index.loc[trained, "sha256"])


@pytest.mark.slow
def test_groups_never_straddle(run: Run) -> None:
    group = run.index["group"]
    sides = {kind: set(group[split_of(run, kind)]) for kind in ("train", "select", "val")}
    assert not sides["train"] & sides["select"]
    assert not (sides["train"] | sides["select"]) & sides["val"]
    assert all(sides.values())


@pytest.mark.slow
def test_near_duplicates_are_one_group_and_only_they(run: Run) -> None:
    """Brute force over hashes and names: a pair is in one group; a group of several is held together by pairs."""
    words = np.array([int(value, 16) for value in run.index["phash"]], dtype=np.uint64)
    names = run.index["id"].str.split("/").str[-1].to_numpy()
    near = np.array([np.bitwise_count(words ^ word) <= BITS for word in words]) | (names[:, None] == names[None, :])
    group = run.index["group"].to_numpy()
    assert (group[:, None] == group[None, :])[near].all()
    alone = near.sum(axis=1) == 1
    sizes = run.index.groupby("group")["id"].transform("size").to_numpy()
    assert (sizes[alone] == 1).all() and (sizes[~alone] > 1).all()
    assert (~alone).any()  # real paintings do have doubles


@pytest.mark.slow
def test_select_has_its_share_and_leaves_every_class_a_training_row(run: Run) -> None:
    select, train = split_of(run, "select"), split_of(run, "train")
    assert 0.13 < select.sum() / (select | train).sum() <= 0.15
    for task in TASKS:
        trained = run.index[f"{task}_split"].isin(["train", "select"])
        assert set(run.index.loc[trained, task]) == set(run.index.loc[run.index[f"{task}_split"] == "train", task])


@pytest.mark.slow
def test_shards_hold_the_images(run: Run) -> None:
    reader = ShardReader(run.out, run.index)
    same = 0
    for row, path in enumerate(run.index["id"]):
        stored = reader.read(row)
        same += stored == (run.images / path).read_bytes()
    assert same > 0.9 * len(run.index)  # images at hand are small: most are kept as they are
    for row in range(0, len(run.index), 97):
        assert reader.image(row).size == (run.index.loc[row, "width"], run.index.loc[row, "height"])
