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
    return Layout(folder, [folder])


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
        assert reader.read(row) == jpeg(number) == (layout.lists / entry["id"]).read_bytes()
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
    (layout.lists / broken).write_bytes(jpeg(5)[:300])
    (layout.lists / gone).unlink()
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
    (layout.lists / "Cubism/a_p05.jpg").unlink()
    partial = run(layout, tmp_path / "partial", max_missing_fraction=0.1)
    assert partial.dtypes.to_dict() == complete.dtypes.to_dict()


def test_too_many_missing_images_stop_the_stage(layout: Layout, tmp_path: Path) -> None:
    for number in (0, 2, 4, 6):
        (layout.lists / f"Baroque/a_p{number:02d}.jpg").unlink()
    with pytest.raises(ArtExtractError, match="4 images are missing and 0 unreadable of 30") as caught:
        run(layout, tmp_path / "out", max_missing_fraction=0.1)
    message = str(caught.value)
    assert str(layout.lists) in message and "raise artgan.max_missing_fraction in params.yaml" in message
    assert not (tmp_path / "out" / "index.parquet").exists()
    assert len(pd.read_csv(tmp_path / "out" / "missing.csv")) == 4


def test_linked_folders_and_files_are_read_and_a_circle_ends(layout: Layout, tmp_path: Path) -> None:
    expected = run(layout, tmp_path / "expected")
    (layout.lists / "Cubism").rename(tmp_path / "disk")
    (layout.lists / "Cubism").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "circle").symlink_to(layout.lists)
    (layout.lists / "Baroque/a_p00.jpg").rename(tmp_path / "alone.jpg")
    (layout.lists / "Baroque/a_p00.jpg").symlink_to(tmp_path / "alone.jpg")
    assert run(layout, tmp_path / "out").equals(expected)


@pytest.mark.parametrize("change", ["deeper", "jpeg", "webp lists"])
def test_files_below_another_folder_or_of_another_suffix_are_read(layout: Layout, tmp_path: Path, change: str) -> None:
    expected = run(layout, tmp_path / "expected")
    for style in STYLES:
        if change == "deeper":
            (layout.lists / "data/wikiart").mkdir(parents=True, exist_ok=True)
            (layout.lists / style).rename(layout.lists / "data/wikiart" / style)
        else:
            for path in list((layout.lists / style).iterdir()):
                path.rename(path.with_suffix(".JPEG" if change == "jpeg" else ".webp"))
    found = run(layout, tmp_path / "out")
    assert found["id"].tolist() == expected["id"].tolist() and found["sha256"].equals(expected["sha256"])


def test_missing_images_are_told_with_what_is_there_instead(layout: Layout, tmp_path: Path) -> None:
    shutil.rmtree(layout.lists / "Cubism")
    (layout.lists / "Cubism").symlink_to(tmp_path / "gone")
    (layout.lists / "rest.tar.gz").write_bytes(b"")
    with pytest.raises(ArtExtractError, match=r"rest\.tar\.gz .*Cubism, a link that leads nowhere") as caught:
        run(layout, tmp_path / "out")
    assert "tar -xf rest.tar.gz" in str(caught.value)


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
    write = module.write_table

    def kill(path: Path, *rest: Any) -> None:
        if path.name == "index.parquet":
            raise KeyboardInterrupt
        write(path, *rest)

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
    (layout.lists / "Baroque/a_p00.jpg").write_bytes(jpeg(99, 50, 40))
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
    (layout.lists / copy).write_bytes(jpeg(500))
    entry = by_id(run(layout, tmp_path / "out"))[copy]
    assert entry["style_split"] == "guarded" and pd.isna(entry["genre_split"])


def test_near_duplicate_of_a_val_image_is_not_trained_on(layout: Layout, tmp_path: Path) -> None:
    train, val = "Cubism/a_p01.jpg", "Cubism/a_p21.jpg"
    (layout.lists / train).write_bytes(jpeg(21, quality=60))
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
    (layout.lists / "manifest.csv").write_text(
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


# --- several folders


def test_two_folders_are_one_collection(layout: Layout, tmp_path: Path) -> None:
    """The second folder has its own manifest. What both have is taken from the first."""
    second = tmp_path / "second"
    moved = ["Baroque/a_p02.jpg", "Baroque/a_p24.jpg", "Cubism/a_p05.jpg"]
    for path in [*moved, "Baroque/a_p00.jpg"]:
        (second / path).parent.mkdir(parents=True, exist_ok=True)
        (second / path).write_bytes(jpeg(int(path[-6:-4]), 20, 16))
    for path in moved:
        (layout.lists / path).unlink()
    (second / "Cubism/a_p05.jpg").write_bytes((layout.lists / "Cubism/a_p25.jpg").read_bytes())
    (layout.lists / "manifest.csv").write_text(
        "path,geometry,group\nBaroque/a_p00.jpg,one,x\nBaroque/a_p02.jpg,one,x\n"
    )
    (second / "manifest.csv").write_text("path,geometry,group\nBaroque/a_p00.jpg,two,\nBaroque/a_p02.jpg,two,\n"
                                         "Baroque/a_p04.jpg,two,x\nBaroque/a_p24.jpg,two,x\n")  # fmt: skip
    both = Layout(layout.lists, [layout.lists, second])
    index = run(both, tmp_path / "out")
    rows = by_id(index)
    assert len(rows) == 30 and [path for path, row in rows.items() if row["source"] == 1] == sorted(moved)
    strata = {path: row["stratum"] for path, row in rows.items() if pd.notna(row["stratum"])}
    assert strata == {"Baroque/a_p00.jpg": "one", "Baroque/a_p02.jpg": "two", "Baroque/a_p24.jpg": "two"}
    assert (rows["Baroque/a_p00.jpg"]["width"], rows["Baroque/a_p02.jpg"]["width"]) == (40, 20)
    group = {path: row["group"] for path, row in rows.items()}
    assert group["Baroque/a_p00.jpg"] == group["Baroque/a_p02.jpg"]  # declared by the first
    assert group["Baroque/a_p04.jpg"] == group["Baroque/a_p24.jpg"] != group["Baroque/a_p00.jpg"]  # by the second
    assert group["Cubism/a_p05.jpg"] == group["Cubism/a_p25.jpg"]  # same bytes, one from each
    guarded = [path for path, row in rows.items() if row["style_split"] == "guarded"]
    assert guarded == ["Baroque/a_p04.jpg", "Cubism/a_p05.jpg"]
    metrics = json.loads((tmp_path / "out" / "m.json").read_text())
    assert (metrics["images_stored.source_0"], metrics["images_stored.source_1"]) == (27, 3)
    assert (metrics["style.val.source_0"], metrics["style.val.source_1"], metrics["style.guarded.source_1"]) == (
        9,
        1,
        1,
    )
    reader = ShardReader(tmp_path / "out", index)
    for row, entry in enumerate(index.to_dict("records")):
        assert reader.read(row) == (both.images[entry["source"]] / entry["id"]).read_bytes()


def test_small_images_of_a_second_folder_are_trained_on_and_not_judged(layout: Layout, tmp_path: Path) -> None:
    second = tmp_path / "second"
    moved = [f"{STYLES[i % 2]}/a_p{i:02d}.jpg" for i in (*range(0, 20, 2), 20, 21)]
    for path in moved:
        (second / path).parent.mkdir(parents=True, exist_ok=True)
        (second / path).write_bytes(jpeg(int(path[-6:-4]), 20, 16))
        (layout.lists / path).unlink()
    (second / "Cubism/a_p20.jpg").write_bytes(jpeg(20, 20, 16))
    add_row(layout, "style", "train", "Cubism/a_p20.jpg", 1)  # by its name the same work as Baroque/a_p20
    index = run(Layout(layout.lists, [layout.lists, second]), tmp_path / "out", min_judged_side=30, select_fraction=0.3)
    small = index["source"] == 1
    split = index["style_split"].fillna("none")
    assert split[small & (index["id"] == "Cubism/a_p20.jpg")].tolist() == ["guarded"]
    assert split[small].value_counts().to_dict() == {"train": 10, "none": 2, "guarded": 1}
    assert split[~small].value_counts().to_dict() == {"train": 7, "val": 8, "select": 3}
    metrics = json.loads((tmp_path / "out" / "m.json").read_text())
    assert (metrics["style.val_not_judged"], metrics["style.val_not_judged.source_0"]) == (2, 0)


def test_jpeg_helper_gives_pictures_that_are_far_apart() -> None:
    """What these tests rest upon: no two of their pictures are near-duplicates."""
    hashes = [int(perceptual_hash(decode(jpeg(i))), 16) for i in (*range(30), 99, 500)]
    assert min((a ^ b).bit_count() for i, a in enumerate(hashes) for b in hashes[:i]) > 6
