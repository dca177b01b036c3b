from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.sample.as_artgan import UNLABELLED, class_names, label_works, told_by_parameter, write_artgan
from artextract.data.sample.met import Work, siblings, slug
from artextract.data.wikiart.lists import Lists, read_lists, union
from artextract.data.wikiart.prepare import read_manifest
from artextract.params.reading import read_params
from tests.conftest import ROOT, jpeg
from tests.unit.data.sample.test_met import met_works

PARAMS = read_params(ROOT / "params.yaml")
SPLIT = PARAMS.met_split.model_dump() | {"seed": PARAMS.seed}


def made(number: int, school: str | None, genre: str | None, artist: str, title: str = "A Title") -> Work:
    record = {"accessionNumber": f"x.{number * 10}", "artistPrefix": "", "artistSuffix": ""}
    return Work(number, title, artist, school, genre, (), record, Path(f"{number}.jpg"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Work], Path, dict[str, int]]:
    works, folder = met_works(), tmp_path_factory.mktemp("met_artgan")
    return works, folder, write_artgan(works, folder, **SPLIT)


# --- hand-made works


def test_class_needs_enough_works_and_none_is_no_class() -> None:
    works = [made(i, "Dutch", None, "Jan Steen") for i in range(3)] + [made(9, "French", "portrait", "")]
    assert class_names(works, 3) == {"style": ["Dutch"], "genre": [], "artist": ["jan-steen"]}
    assert class_names(works, 1) == {"style": ["Dutch", "French"], "genre": ["portrait"], "artist": ["jan-steen"]}


def test_what_is_wrong_in_the_written_layout_is_told_by_the_parameter(tmp_path: Path) -> None:
    works = [made(i, "Dutch", "portrait", f"Painter {i}") for i in range(6)]
    with pytest.raises(ArtExtractError, match=r"params\.yaml: key `met_split\.min_works` is 5: no class of artist"):
        write_artgan(works, tmp_path, min_works=5, val_fraction=0.3, seed=1)
    with (
        pytest.raises(ArtExtractError, match=r"params\.yaml: met_split, artgan: .* holds no usable row \(l\.csv\)"),
        told_by_parameter(tmp_path),
    ):
        raise ArtExtractError("holds no usable row", where=str(tmp_path / "Style" / "l.csv"))


def test_qualified_works_do_not_count_for_a_painter() -> None:
    works = [made(i, "Dutch", None, "Jan Steen") for i in range(3)]
    works[0].record["artistPrefix"] = "Follower of"
    assert class_names(works, 3)["artist"] == []
    assert label_works(works, class_names(works, 2))["artist"].fillna(-1).tolist() == [-1, 0, 0]


def test_labels_and_paths_by_hand() -> None:
    works = [
        made(1, "Dutch", "portrait", "Jan Steen", "A Girl (unfinished)"),
        made(2, "Swiss", "landscape", "", "?"),
        made(3, None, None, "Édouard Manet", "x" * 80),
    ]
    classes = {"style": ["British", "Dutch"], "genre": ["landscape", "portrait"], "artist": ["edouard-manet"]}
    table = label_works(works, classes)
    assert table["path"].tolist() == [
        "Dutch/jan-steen_a-girl-1.jpg",
        f"{UNLABELLED}/unknown_-2.jpg",
        f"{UNLABELLED}/edouard-manet_{'x' * 60}-3.jpg",
    ]
    assert table[list(TASKS)].fillna(-1).values.tolist() == [[1, 1, -1], [-1, 0, -1], [-1, -1, 0]]


def test_work_without_any_label_is_left_out_and_counted(tmp_path: Path) -> None:
    works = []
    for i in range(12):
        (tmp_path / f"{i}.jpg").write_bytes(jpeg(i))
        work = made(i, "Dutch" if i % 2 else "French", "portrait" if i % 2 else "landscape", f"Painter {i % 2}")
        works.append(work)
    works.append(made(99, "Swiss", None, "Nobody"))
    works = [Work(**(vars(work) | {"image": tmp_path / work.image})) for work in works]
    notes = write_artgan(works, tmp_path / "out", min_works=3, val_fraction=0.3333, seed=1)
    assert notes == {"works": 13, "works_without_any_label": 1}
    table = union(read_lists(tmp_path / "out"))
    assert len(table) == 12 and not table["path"].str.contains("-99").any()
    assert table["style_list"].value_counts().to_dict() == {"train": 8, "val": 4}


# --- the real sample


def test_lists_are_readable_and_every_class_can_be_learnt_and_scored(sample: tuple) -> None:
    lists: Lists = read_lists(sample[1])
    assert lists.problems.empty
    for task in TASKS:
        assert len(lists.classes[task]) >= 6 and lists.classes[task] == sorted(lists.classes[task])
        for split in ("train", "val"):
            rows = lists.rows[task, split]
            assert set(rows["label"]) == set(range(len(lists.classes[task]))), (task, split)
            assert rows["path"].is_unique
        assert set(lists.rows[task, "train"]["path"]).isdisjoint(lists.rows[task, "val"]["path"])


def test_validation_has_about_its_share(sample: tuple) -> None:
    table = union(read_lists(sample[1]))
    is_val = pd.concat([table[f"{task}_list"] == "val" for task in TASKS], axis=1).fillna(False).any(axis=1)
    assert abs(is_val.mean() - SPLIT["val_fraction"]) < 0.08


def test_no_image_is_train_in_one_task_and_val_in_another(sample: tuple) -> None:
    table = union(read_lists(sample[1]))
    for _, row in table.iterrows():
        assert len({row[f"{task}_list"] for task in TASKS} - {pd.NA}) == 1


def test_groups_never_straddle(sample: tuple) -> None:
    works, folder, _ = sample
    head = {work.object_id: head for work, head in zip(works, siblings(works), strict=True)}
    table = union(read_lists(folder))
    sides: dict[int, set[str]] = {}
    for _, row in table.iterrows():
        number = int(row["path"].removesuffix(".jpg").rsplit("-", 1)[1])
        sides.setdefault(head[number], set()).update({row[f"{task}_list"] for task in TASKS} - {pd.NA})
    assert all(len(side) == 1 for side in sides.values())
    assert len(sides) < len(table)  # some groups have several works


def test_labels_are_the_museums(sample: tuple) -> None:
    works, folder, notes = sample
    by_id = {work.object_id: work for work in works}
    lists = read_lists(folder)
    table = union(lists)
    for _, row in table.iterrows():
        work = by_id[int(row["path"].removesuffix(".jpg").rsplit("-", 1)[1])]
        names = {t: None if pd.isna(row[t]) else lists.classes[t][int(row[t])] for t in TASKS}
        assert names["style"] in (None, work.school) and names["genre"] in (None, work.genre)
        assert names["artist"] is None or (names["artist"] == slug(work.artist) and work.is_attributed)
        assert row["path"].split("/")[0] == (names["style"] or UNLABELLED)
        assert (folder / row["path"]).read_bytes() == work.image.read_bytes()
    assert len(table) + notes["works_without_any_label"] == notes["works"] == 174
    counts = Counter(work.school for work in works if work.school)
    assert lists.classes["style"] == sorted(name for name, n in counts.items() if n >= SPLIT["min_works"])


def test_manifest_declares_every_listed_image(sample: tuple) -> None:
    manifest = read_manifest(sample[1])
    assert sorted(manifest["path"]) == union(read_lists(sample[1]))["path"].tolist()
    assert manifest["group"].notna().all()
    images = [p.relative_to(sample[1]).as_posix() for p in sample[1].rglob("*.jpg")]
    assert sorted(images) == sorted(manifest["path"])


def test_twice_the_same_bytes_and_another_seed_another_split(sample: tuple, tmp_path: Path) -> None:
    works, folder, _ = sample
    write_artgan(works, tmp_path / "again", **SPLIT)
    write_artgan(works, tmp_path / "other", **(SPLIT | {"seed": PARAMS.seed + 1}))
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path / "again") for p in (tmp_path / "again").rglob("*") if p.is_file())
    assert all((folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)
    assert (folder / "Style/style_val.csv").read_bytes() != (tmp_path / "other/Style/style_val.csv").read_bytes()
    assert (folder / "Style/style_class.txt").read_bytes() == (tmp_path / "other/Style/style_class.txt").read_bytes()


@pytest.mark.parametrize("seed", range(3))
def test_every_class_has_both_sides_with_other_seeds(sample: tuple, tmp_path: Path, seed: int) -> None:
    write_artgan(sample[0], tmp_path, **(SPLIT | {"seed": seed}))
    lists = read_lists(tmp_path)
    for (task, _), rows in lists.rows.items():
        assert set(rows["label"]) == set(range(len(lists.classes[task])))
