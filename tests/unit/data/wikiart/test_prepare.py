from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.folders import cache_folder
from artextract.core.tasks import TASKS
from artextract.data.images import shard_writer
from artextract.data.images.decode import decode
from artextract.data.images.duplicates import perceptual_hash
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart import prepare as module
from artextract.data.wikiart.index import INDEX_COLUMNS
from artextract.data.wikiart.lists import SPLITS
from artextract.data.wikiart.prepare import Layout, prepare
from tests.conftest import jpeg
from tests.wikiart import section

Rows = dict[tuple[str, str], dict[str, int]]
STYLES = ["Baroque", "Cubism"]


def write_lists(folder: Path, rows: Rows) -> None:
    for task in TASKS:
        base = folder / task.capitalize()
        base.mkdir(parents=True, exist_ok=True)
        (base / f"{task}_class.txt").write_text("0 Baroque\n1 Cubism\n")
        for split in SPLITS:
            lines = [f"{path},{label}\r\n" for path, label in rows[task, split].items()]
            (base / f"{task}_{split}.csv").write_text("".join(lines), newline="")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Thirty pictures: p00 ... p19 training, p20 ... p29 validation of all tasks; even ones are class 0."""
    paths = {f"{STYLES[i % 2]}/a_p{i:02d}.jpg": i for i in range(30)}
    rows: Rows = {}
    for task in TASKS:
        rows[task, "train"] = {path: i % 2 for path, i in paths.items() if i < 20}
        rows[task, "val"] = {path: i % 2 for path, i in paths.items() if i >= 20}
    folder = tmp_path / "wikiart"
    write_lists(folder, rows)
    for path, i in paths.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(jpeg(i))
    return Layout(folder, folder)


def run(layout: Layout, out: Path, **changes: object) -> pd.DataFrame:
    prepare(layout, section(**changes), seed=1, out=out, metrics=out / "m.json", notes={"works": 30})
    return pd.read_parquet(out / "index.parquet")


def by_id(index: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["id"]: {str(key): value for key, value in row.items()} for row in index.to_dict("records")}


def add_row(layout: Layout, task: str, split: str, path: str, label: int) -> None:
    name = layout.lists / task.capitalize() / f"{task}_{split}.csv"
    name.write_bytes(name.read_bytes() + f"{path},{label}\r\n".encode())


def drop_row(layout: Layout, task: str, split: str, path: str) -> None:
    name = layout.lists / task.capitalize() / f"{task}_{split}.csv"
    name.write_bytes(b"".join(line for line in name.read_bytes().splitlines(True) if path.encode() not in line))


# --- the whole


def test_outputs(layout: Layout, tmp_path: Path) -> None:
    out = tmp_path / "out"
    index = run(layout, out)
    assert index.columns.tolist() == INDEX_COLUMNS
    assert index["id"].tolist() == sorted(index["id"]) and len(index) == 30
    assert sorted(path.name for path in out.iterdir()) == [
        "index.parquet", "labels.json", "m.json", "missing.csv", "problems.csv", "renamed.csv", "shard-00000.tar",
        "unreadable.csv",
    ]  # fmt: skip
    assert json.loads((out / "labels.json").read_text()) == {task: STYLES for task in TASKS}
    assert index["stratum"].isna().all()
    metrics = json.loads((out / "m.json").read_text())
    expected = {"images": 30, "images_stored": 30, "missing": 0, "works": 30, "groups": 30, "style.val": 10}
    assert {key: metrics[key] for key in expected} == expected
    assert metrics["style.train"] + metrics["style.select"] == 20 and metrics["style.select"] == 4
    assert list((cache_folder() / "scratch").glob("prepare_artgan-*/*")) == []  # nothing is left behind


def test_every_row_has_its_own_image_label_and_split(layout: Layout, tmp_path: Path) -> None:
    index = run(layout, tmp_path / "out")
    reader = ShardReader(tmp_path / "out", index)
    for row, entry in enumerate(index.to_dict("records")):
        number = int(entry["id"][-6:-4])
        assert reader.read(row) == jpeg(number) == (layout.images / entry["id"]).read_bytes()
        for task in TASKS:
            assert entry[task] == number % 2
            assert entry[f"{task}_split"] in (("val",) if number >= 20 else ("train", "select"))


def test_twice_the_same_bytes(layout: Layout, tmp_path: Path) -> None:
    for name in "ab":
        run(layout, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_select_rows_are_no_val_rows_and_shared_by_all_tasks(layout: Layout, tmp_path: Path) -> None:
    index = run(layout, tmp_path / "out", select_fraction=0.5)
    assert (index["style_split"] == "select").sum() == 10
    assert (index["style_split"] == index["genre_split"]).all() and (
        index["style_split"] == index["artist_split"]
    ).all()


# --- images that cannot be had


def test_broken_image_is_left_out_and_no_neighbour_takes_its_place(layout: Layout, tmp_path: Path) -> None:
    broken, gone = "Cubism/a_p05.jpg", "Baroque/a_p08.jpg"
    (layout.images / broken).write_bytes(jpeg(5)[:300])
    (layout.images / gone).unlink()
    index = run(layout, tmp_path / "out", max_missing_fraction=0.1)
    assert len(index) == 28 and not set(index["id"]) & {broken, gone}
    reader = ShardReader(tmp_path / "out", index)
    assert [reader.read(i) for i in range(28)] == [jpeg(int(path[-6:-4])) for path in index["id"]]
    assert index["style"].tolist() == [int(path[-6:-4]) % 2 for path in index["id"]]
    assert pd.read_csv(tmp_path / "out" / "missing.csv")["path"].tolist() == [gone]
    assert pd.read_csv(tmp_path / "out" / "unreadable.csv")["path"].tolist() == [broken]
    metrics = json.loads((tmp_path / "out" / "m.json").read_text())
    assert (metrics["missing"], metrics["unreadable"], metrics["images_stored"]) == (1, 1, 28)


def test_types_of_the_index_do_not_depend_on_failures(layout: Layout, tmp_path: Path) -> None:
    complete = run(layout, tmp_path / "complete")
    (layout.images / "Cubism/a_p05.jpg").unlink()
    partial = run(layout, tmp_path / "partial", max_missing_fraction=0.1)
    assert partial.dtypes.to_dict() == complete.dtypes.to_dict()


def test_too_many_missing_images_stop_the_stage(layout: Layout, tmp_path: Path) -> None:
    for number in (0, 2, 4, 6):
        (layout.images / f"Baroque/a_p{number:02d}.jpg").unlink()
    with pytest.raises(ArtExtractError, match="4 images are missing and 0 unreadable of 30") as caught:
        run(layout, tmp_path / "out", max_missing_fraction=0.1)
    message = str(caught.value)
    assert str(layout.images) in message and "raise artgan.max_missing_fraction in params.yaml" in message
    assert not (tmp_path / "out" / "index.parquet").exists()
    assert len(pd.read_csv(tmp_path / "out" / "missing.csv")) == 4


def test_link_that_leads_outside_is_refused(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(jpeg(1))
    (layout.images / "Cubism/a_p05.jpg").unlink()
    (layout.images / "Cubism/a_p05.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(ArtExtractError, match="leads outside of wikiart/"):
        run(layout, tmp_path / "out")


def test_unusable_rows_are_reported(layout: Layout, tmp_path: Path) -> None:
    add_row(layout, "style", "train", "../../secret.jpg", 0)
    run(layout, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "problems.csv")
    assert table[["file", "line", "problem"]].values.tolist() == [["style_train.csv", 21, "unsafe path"]]
    assert json.loads((tmp_path / "out" / "m.json").read_text())["problems"] == 1


@pytest.mark.parametrize("killed_at", [0, 13, 29])
def test_killed_run_is_resumed_and_equals_an_undisturbed_one(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    class Kill(BaseException):
        pass

    monkeypatch.setattr(shard_writer, "IMAGES_PER_SHARD", 8)
    normalise, calls = shard_writer.normalise, []

    def counted(data: bytes, max_side: int) -> object:
        if len(calls) == killed_at:
            raise Kill
        calls.append(data)
        return normalise(data, max_side)

    monkeypatch.setattr(shard_writer, "normalise", counted)
    with pytest.raises(Kill):
        run(layout, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    calls.clear()
    monkeypatch.setattr(shard_writer, "normalise", lambda data, side: (calls.append(data), normalise(data, side))[1])
    run(layout, tmp_path / "out")
    assert len(calls) == 30 - killed_at // 8 * 8  # finished shards are kept
    run(layout, tmp_path / "undisturbed")
    for path in (tmp_path / "undisturbed").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


def test_kill_between_shards_and_index_is_repaired(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_table", kill)
        with pytest.raises(KeyboardInterrupt):
            run(layout, tmp_path / "out")
    assert (tmp_path / "out" / "shard-00000.tar").exists()
    run(layout, tmp_path / "out")
    run(layout, tmp_path / "undisturbed")
    for path in (tmp_path / "undisturbed").iterdir():
        assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


def test_replaced_image_makes_new_shards_after_a_kill(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "report_failures", kill)
        with pytest.raises(KeyboardInterrupt):
            run(layout, tmp_path / "out")
    (layout.images / "Baroque/a_p00.jpg").write_bytes(jpeg(99, 50, 40))
    index = run(layout, tmp_path / "out")
    assert ShardReader(tmp_path / "out", index).read(0) == jpeg(99, 50, 40)
    shutil.rmtree(cache_folder() / "scratch")


# --- leaks


def test_image_that_is_val_in_one_task_is_trained_on_in_none(layout: Layout, tmp_path: Path) -> None:
    path = "Baroque/a_p02.jpg"
    drop_row(layout, "genre", "train", path)
    add_row(layout, "genre", "val", path, 0)
    entry = by_id(run(layout, tmp_path / "out"))[path]
    assert [entry[f"{task}_split"] for task in TASKS] == ["guarded", "val", "guarded"]
    assert [entry[task] for task in TASKS] == [0, 0, 0]


def test_copy_of_a_val_image_by_name_is_not_trained_on(layout: Layout, tmp_path: Path) -> None:
    """Same file name under another style, another picture: excluded by the name alone."""
    copy = "Baroque/a_p21.jpg"  # Cubism/a_p21.jpg is validation
    add_row(layout, "style", "train", copy, 0)
    (layout.images / copy).write_bytes(jpeg(500))
    entry = by_id(run(layout, tmp_path / "out"))[copy]
    assert entry["style_split"] == "guarded" and pd.isna(entry["genre_split"])


def test_near_duplicate_of_a_val_image_is_not_trained_on(layout: Layout, tmp_path: Path) -> None:
    train, val = "Cubism/a_p01.jpg", "Cubism/a_p21.jpg"
    (layout.images / train).write_bytes(jpeg(21, quality=60))
    rows = by_id(run(layout, tmp_path / "out"))
    assert rows[train]["sha256"] != rows[val]["sha256"]
    assert rows[train]["group"] == rows[val]["group"]
    assert [rows[train][f"{task}_split"] for task in TASKS] == ["guarded"] * 3
    assert [rows[val][f"{task}_split"] for task in TASKS] == ["val"] * 3
    assert [path for path, row in rows.items() if row["style_split"] == "guarded"] == [train]


def test_missing_label_is_null_and_in_no_split(layout: Layout, tmp_path: Path) -> None:
    path = "Baroque/a_p02.jpg"
    drop_row(layout, "artist", "train", path)
    entry = by_id(run(layout, tmp_path / "out"))[path]
    assert pd.isna(entry["artist"]) and pd.isna(entry["artist_split"])
    assert entry["style"] == 0 and entry["style_split"] in ("train", "select")


def test_class_order_is_the_class_files(layout: Layout, tmp_path: Path) -> None:
    """Only class 1 is left in artist's lists: it stays number 1, and both names stay in labels.json."""
    for i in range(0, 30, 2):
        drop_row(layout, "artist", "val" if i >= 20 else "train", f"a_p{i:02d}.jpg")
    index = run(layout, tmp_path / "out")
    assert set(index["artist"].dropna()) == {1}
    assert json.loads((tmp_path / "out" / "labels.json").read_text())["artist"] == STYLES


# --- manifest


def test_manifest_gives_stratum_and_groups(layout: Layout, tmp_path: Path) -> None:
    (layout.images / "manifest.csv").write_text(
        "path,geometry,group\n"
        "Baroque/a_p00.jpg,original,pendants\nCubism/a_p23.jpg,letterbox,pendants\n"
        "Cubism/a_p03.jpg,original,\nCubism/a_p05.jpg,,\nnot/listed.jpg,original,pendants\n"
    )
    rows = by_id(run(layout, tmp_path / "out"))
    assert {path: row["stratum"] for path, row in rows.items() if pd.notna(row["stratum"])} == {
        "Baroque/a_p00.jpg": "original",
        "Cubism/a_p23.jpg": "letterbox",
        "Cubism/a_p03.jpg": "original",
    }
    assert rows["Baroque/a_p00.jpg"]["group"] == rows["Cubism/a_p23.jpg"]["group"]
    assert len({row["group"] for row in rows.values()}) == 29  # rows without a declared group are not one group
    assert rows["Baroque/a_p00.jpg"]["style_split"] == "guarded"


def test_jpeg_helper_gives_pictures_that_are_far_apart() -> None:
    """What these tests rest upon: no two of their pictures are near-duplicates."""
    hashes = [int(perceptual_hash(decode(jpeg(i))), 16) for i in (*range(30), 99, 500)]
    assert min((a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i]) > 6
