"""From tables and images to shards and an index: small museums on disk, and one behind a server."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.images import shard_writer
from artextract.data.images.shards import ShardReader
from artextract.data.museum import remote
from artextract.data.museum.collect import INDEX_COLUMNS, collect
from artextract.data.museum.fetch import FetchError, Getter
from artextract.data.museum.getter import read_file
from artextract.data.museum.local import LocalPictures
from artextract.data.museum.remote import address, expected_size
from artextract.params.sections import NGA
from tests.conftest import jpeg
from tests.museum import Row, museum, painting, view, write_tables

TITLES = ["Dawn", "Noon", "Dusk", "Night", "Dream", "Waking"]


def nga(**changes: object) -> NGA:
    settings: dict[str, object] = {
        "source": "folder",
        "commit": "e98485b",
        "tables_base": "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata",
        "images_base": "",
        "contact": "https://museum.example/",
        "image_size": "!600,600",
        "max_side": 640,
        "max_failed_fraction": 0.0,
        "expected_paintings": 0,
        "max_objects": 0,
        "near_duplicate_bits": 6,
        "classifications": ["Painting"],
        "labels_file": "",
        "labels": [],
    }
    return NGA(**(settings | changes))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six paintings as files beside their tables."""
    root = tmp_path / "museum"
    write_tables(root, museum([painting(k, title=title) for k, title in enumerate(TITLES, 1)]))
    (root / "pictures").mkdir()
    for k in range(1, 7):
        (root / "pictures" / f"{k}.jpg").write_bytes(jpeg(k))
    return root


def run(folder: Path, getter: Getter | None = None, **changes: object) -> tuple[pd.DataFrame, dict[str, int]]:
    out, metrics = folder.parent / "out", folder.parent / "metrics.json"
    getter, page = getter or Getter(root=folder), "https://museum.example/{id}"
    collect(folder, nga(**changes), getter=getter, page=page, out=out, metrics=metrics, notes={})
    return pd.read_parquet(out / "index.parquet"), json.loads(metrics.read_text())


def stored(folder: Path, index: pd.DataFrame) -> dict[str, bytes]:
    reader = ShardReader(folder.parent / "out", index)
    return {str(i): reader.read(row) for row, i in enumerate(index["id"])}


def report(folder: Path, name: str) -> list[str]:
    with (folder.parent / "out" / f"{name}.csv").open(newline="") as handle:
        return [row["path"] for row in csv.DictReader(handle)]


def test_images_and_index_agree(folder: Path):
    index, counts = run(folder)
    assert list(index.columns) == INDEX_COLUMNS
    assert index["title"].tolist() == TITLES
    assert stored(folder, index) == {str(k): jpeg(k) for k in range(1, 7)}
    assert index[["width", "height"]].drop_duplicates().values.tolist() == [[40, 30]]
    assert index["themes"].map(list).tolist() == [["landscape"]] + [[]] * 5
    assert (counts["images_listed"], counts["images_stored"], counts["groups"]) == (6, 6, 6)
    assert report(folder, "missing") == report(folder, "unreadable") == []


def test_same_bytes_from_run_to_run(folder: Path):
    run(folder)
    out = folder.parent / "out"
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run(folder)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_missing_and_broken_images_are_recorded_up_to_the_limit(folder: Path):
    (folder / "pictures" / "2.jpg").unlink()
    (folder / "pictures" / "5.jpg").write_bytes(jpeg(5)[:300])
    with pytest.raises(ArtExtractError, match=r"1 images are missing and 1 unreadable of 6.*2 \(missing\)") as caught:
        run(folder, max_failed_fraction=0.3)
    assert caught.value.where == str(folder)
    assert caught.value.remedy and "nga.max_failed_fraction" in caught.value.remedy
    assert not (folder.parent / "out" / "index.parquet").exists()
    index, counts = run(folder, max_failed_fraction=0.34)
    assert index["id"].tolist() == ["1", "3", "4", "6"]
    assert stored(folder, index) == {str(k): jpeg(k) for k in (1, 3, 4, 6)}
    assert (report(folder, "missing"), report(folder, "unreadable")) == (["2"], ["5"])
    assert (counts["images_stored"], counts["missing"], counts["unreadable"]) == (4, 1, 1)


@pytest.mark.parametrize("broken", [None, jpeg(5)[:300], jpeg(5)[:-1] + b"x", b""])
def test_mended_image_is_taken_by_the_next_run(folder: Path, broken: bytes | None):
    """Nothing that a failed run saw of an image is believed later, whatever was wrong with it."""
    path = folder / "pictures" / "5.jpg"
    path.unlink() if broken is None else path.write_bytes(broken)
    (folder / "pictures" / "1.jpg").unlink()
    with pytest.raises(ArtExtractError):
        run(folder)
    for k in (1, 5):
        (folder / "pictures" / f"{k}.jpg").write_bytes(jpeg(k))
    index, _ = run(folder)
    assert stored(folder, index) == {str(k): jpeg(k) for k in range(1, 7)}


def test_max_objects_takes_the_lowest_numbers(folder: Path):
    index, counts = run(folder, max_objects=2)
    assert index["id"].tolist() == ["1", "2"] and counts["images_listed"] == 2


def test_image_named_by_the_object_is_preferred(folder: Path):
    (folder / "images").mkdir()
    (folder / "images" / "3.jpg").write_bytes(jpeg(33))
    index, _ = run(folder)
    assert stored(folder, index)["3"] == jpeg(33)
    assert stored(folder, index)["4"] == jpeg(4)


def test_address(tmp_path: Path):
    row = pd.Series(
        {
            "id": "8",
            "url": "https://api.nga.gov/iiif/u",
            "source_width": 4000,
            "source_height": 3000,
            "maxpixels": np.nan,
        }
    )
    assert address(row, LocalPictures(tmp_path), "!600,600") == "https://api.nga.gov/iiif/u/full/!600,600/0/default.jpg"
    (tmp_path / "images").mkdir()  # from here on nothing is asked for over the network
    assert address(row, LocalPictures(tmp_path), "!600,600") == "file:images/8.jpg"
    (tmp_path / "images" / "8.jpg").touch()
    assert address(row, LocalPictures(tmp_path), "!600,600") == "file:images/8.jpg"
    assert address(pd.Series(row.to_dict() | {"id": "9"}), LocalPictures(tmp_path), "") == "file:images/9.jpg"
    elsewhere = pd.Series({"id": "9", "url": "file:other/9.jpg"})
    assert address(elsewhere, LocalPictures(tmp_path), "") == "file:other/9.jpg"


@pytest.mark.parametrize(
    ("width", "height", "maxpixels", "expected", "asked"),
    [
        (4000, 3000, None, (600, 450), "!600,600"),
        (3000, 4000, 640, (450, 600), "!600,600"),  # the cap is above what is asked for
        (4000, 3000, 512, (512, 384), "!512,512"),  # the server would enlarge past its cap
        (500, 400, None, (500, 400), "!500,500"),  # and past the original
        (500, 400, 300, (300, 240), "!300,300"),
        (9000, 3, None, (600, 1), "!600,600"),
        (None, None, None, None, "!600,600"),
        (0, 0, 0, None, "!600,600"),
    ],
)
def test_expected_size_and_address(tmp_path: Path, width, height, maxpixels, expected, asked):
    row = {"id": "1", "url": "https://x/u", "source_width": width, "source_height": height, "maxpixels": maxpixels}
    series = pd.Series({key: np.nan if value is None else value for key, value in row.items()})
    assert expected_size(series, "!600,600") == expected
    assert address(series, LocalPictures(tmp_path), "!600,600") == f"https://x/u/full/{asked}/0/default.jpg"


def test_paintings_far_from_the_expected_number_are_refused(folder: Path):
    run(folder, expected_paintings=7)  # six are within a fifth
    for expected in (8, 4):
        with pytest.raises(ArtExtractError, match=rf"6 paintings .*, about {expected} are expected") as caught:
            run(folder, expected_paintings=expected)
        assert caught.value.where == str(folder)
        assert caught.value.remedy and "nga.expected_paintings" in caught.value.remedy


def test_alternate_views_are_listed_apart(folder: Path):
    objects = [painting(k, title=title) for k, title in enumerate(TITLES, 1)]
    images = [*(view(k) for k in range(1, 7)), view(2, uuid="back", viewtype="alternate")]
    write_tables(folder, museum(objects, images))
    index, counts = run(folder)
    assert len(index) == 6 and counts["alternate_views_left_out"] == 1
    with (folder.parent / "out" / "alternates.csv").open(newline="") as handle:
        assert [(row["id"], row["uuid"]) for row in csv.DictReader(handle)] == [("2", "back")]


def test_same_object_is_less_than_a_group(folder: Path):
    """Two sides of a panel and a copy of a picture are one object; a series is a group of objects."""
    objects = [painting(k, title=t, series="Hours" if k in (1, 2) else "") for k, t in enumerate(TITLES, 1)]
    kin = {"parentobjectid": 2, "childobjectid": 3, "relationship": "inseparable"}
    write_tables(folder, museum(objects, [view(k, maxpixels=640 if k == 5 else "") for k in range(1, 7)]))
    write_tables(folder, {"object_associations": [kin]})
    (folder / "pictures" / "6.jpg").write_bytes(jpeg(4, quality=80))
    index, _ = run(folder)
    assert index["object_group"].tolist() == [0, 1, 1, 2, 3, 2]
    assert index["sibling_group"].tolist() == [0, 0, 0, 1, 2, 3]
    assert index["group"].tolist() == [0, 0, 0, 1, 2, 1]
    assert index["open_access"].tolist() == [True] * 4 + [False, True]


@pytest.mark.parametrize("number", ["../../secret", "/etc/hostname"])
def test_object_ids_and_addresses_do_not_leave_the_folder(folder: Path, number: str):
    (folder.parent / "secret.jpg").write_bytes(jpeg(99))
    images = [view(1), view(2, iiifurl=f"file:{number}"), view(3, iiifurl="file:../secret.jpg")]
    objects = [painting(1), painting(2), painting(3)]
    write_tables(folder, museum(objects, images))
    index, counts = run(folder, max_failed_fraction=0.9)
    assert index["id"].tolist() == ["1"] and counts["unreadable"] == 2


def test_siblings_and_near_duplicates_are_one_group_transitively(folder: Path):
    objects = [painting(k, title=title) for k, title in enumerate(TITLES, 1)]
    objects[0], objects[3] = dict(objects[0]) | {"series": "Hours"}, dict(objects[3]) | {"series": "Hours"}
    write_tables(folder, museum(objects))
    (folder / "pictures" / "6.jpg").write_bytes(jpeg(4, quality=80))  # another encoding of number 4
    index, counts = run(folder)
    assert index["group"].tolist() == [0, 1, 2, 0, 3, 0]
    assert (counts["groups"], counts["images_in_groups_of_several"], counts["exact_duplicates"]) == (4, 3, 0)


def test_tables_without_a_painting_are_an_error(folder: Path):
    write_tables(folder, museum([painting(1, classification="Sculpture")]))
    with pytest.raises(ArtExtractError, match="of 1 objects none is a painting") as caught:
        run(folder)
    assert caught.value.remedy


@pytest.mark.slow
def test_kill_keeps_finished_shards(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Two images a shard; the run dies in the third shard, and the next one reads those two images alone."""
    monkeypatch.setattr(shard_writer, "IMAGES_PER_SHARD", 2)
    read: list[str] = []
    deadly = [True]

    def watched(root: Path | None, url: str) -> bytes:
        read.append(url)
        if deadly[0] and url.endswith("/6.jpg"):
            raise KeyboardInterrupt
        return read_file(root, url)

    monkeypatch.setattr(remote, "read_file", watched)
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    assert len(read) == 6
    assert not (folder.parent / "out" / "index.parquet").exists()
    read.clear()
    deadly[0] = False
    index, _ = run(folder)
    assert read == ["file:pictures/5.jpg", "file:pictures/6.jpg"]
    resumed = {path.name: path.read_bytes() for path in (folder.parent / "out").iterdir()}
    assert sorted(resumed)[-3:] == ["shard-00001.tar", "shard-00002.tar", "unreadable.csv"]
    assert stored(folder, index) == {str(k): jpeg(k) for k in range(1, 7)}
    run(folder)  # undisturbed
    assert {path.name: path.read_bytes() for path in (folder.parent / "out").iterdir()} == resumed


# --- the museum's server, without a network: a getter that answers from a dictionary


class Server(Getter):
    """Answers from ``pages``; what is not there is missing, and a FetchError is raised."""

    def __init__(self, pages: dict[str, bytes | FetchError]):
        super().__init__()
        self.pages, self.asked = pages, []

    def get(self, url: str, *, kind: str = "image", sure: bool = False) -> bytes:
        self.asked.append(url)
        answer = self.pages[url]
        if isinstance(answer, FetchError):
            raise answer
        return answer


@pytest.fixture
def server(folder: Path, own_cache: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Four of the paintings behind a server; addresses of their own for each test, as the cache is shared."""
    unique = request.node.name
    rows: list[Row] = [painting(k, title=TITLES[k - 1]) for k in range(1, 5)]
    large = {"width": 80, "height": 60}
    images = [view(k, uuid=unique, iiifurl=f"https://api.nga.gov/iiif/u{k}-{unique}", **large) for k in range(1, 5)]
    write_tables(folder, museum(rows, images))
    yield Server({f"{i['iiifurl']}/full/!40,40/0/default.jpg": jpeg(k) for k, i in enumerate(images, 1)})


def test_remote_images_are_asked_for_once(folder: Path, server: Server):
    index, _ = run(folder, server, image_size="!40,40")
    assert stored(folder, index) == {str(k): jpeg(k) for k in range(1, 5)}
    assert sorted(server.asked) == sorted(server.pages)
    server.asked.clear()
    run(folder, server, image_size="!40,40")
    assert server.asked == []


def test_remote_failures_are_recorded_and_arrive_later(folder: Path, server: Server):
    second = list(server.pages)[1]
    good, server.pages[second] = server.pages[second], FetchError("HTTP 503 (5 attempts)")
    with pytest.raises(ArtExtractError, match=r"2 \(unreadable: HTTP 503 \(5 attempts\)\)"):
        run(folder, server, image_size="!40,40")
    server.asked.clear()
    index, counts = run(folder, server, image_size="!40,40", max_failed_fraction=0.25)
    assert index["id"].tolist() == ["1", "3", "4"] and counts["unreadable"] == 1
    assert server.asked == [second]  # what had arrived was kept
    server.pages[second] = good
    index, _ = run(folder, server, image_size="!40,40")
    assert stored(folder, index)["2"] == jpeg(2)


def test_image_of_another_size_than_the_tables_is_not_kept(folder: Path, server: Server):
    third = list(server.pages)[2]
    good, server.pages[third] = server.pages[third], jpeg(3, 40, 20)
    with pytest.raises(ArtExtractError, match=r"3 \(unreadable: .*: 40 x 20 pixels, by the table 40 x 30\)"):
        run(folder, server, image_size="!40,40")
    server.pages[third] = good
    index, _ = run(folder, server, image_size="!40,40")
    assert stored(folder, index)["3"] == jpeg(3)


def test_labels_of_ones_own_come_into_the_index(folder: Path):
    (folder / "mine.csv").write_text("objectid,motif\n1,boat\n3,horse\n", encoding="utf-8")
    index, counts = run(folder, labels_file="mine.csv", labels=["motif"])
    assert counts["label.motif"] == 2 and counts["labels_of_no_painting"] == 0
    assert list(index.columns) == [*INDEX_COLUMNS, "label.motif"]
    assert index.set_index("id")["label.motif"].dropna().to_dict() == {"1": "boat", "3": "horse"}
