from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from artextract.data.images.decode import decode
from artextract.data.museum.headers import HEADERS
from artextract.data.museum.schemas import COLUMNS, REQUIRED, read_tables
from artextract.data.museum.selection import select_paintings
from artextract.data.sample.as_nga import write_nga
from artextract.data.sample.met import Work, siblings
from tests.conftest import jpeg, test_data
from tests.unit.data.sample.test_met import met_works


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Work], Path]:
    works, folder = met_works(), tmp_path_factory.mktemp("met_nga")
    write_nga(works, folder)
    return works, folder


def test_headers_hold_all_columns_that_are_read() -> None:
    for name in REQUIRED:
        assert set(COLUMNS[name]) <= set(HEADERS[name].split(","))


@pytest.mark.real
@pytest.mark.parametrize("name", sorted(HEADERS))
def test_headers_are_the_museums_own(name: str) -> None:
    found = sorted(test_data("nga").rglob(f"{name}.csv"))
    if not found:
        pytest.skip(f"no {name}.csv among the real data")
    header = found[0].open(encoding="utf-8-sig").readline().strip()
    assert set(HEADERS[name].split(",")) == set(header.split(","))


# --- a hand-made work


def test_one_work_by_hand(tmp_path: Path) -> None:
    (tmp_path / "7.jpg").write_bytes(jpeg(7, 50, 40))
    record = {
        "accessionNumber": "1.2", "objectDate": "ca. 1650", "objectBeginDate": 1648, "objectEndDate": 1652,
        "medium": "Oil on canvas", "creditLine": "Gift", "artistPrefix": "Workshop of", "artistSuffix": "",
        "objectWikidata_URL": "https://www.wikidata.org/wiki/Q1",
    }  # fmt: skip
    title = 'A "quoted", title\nof two lines'
    work = Work(7, title, "Jan Steen (1626-1679)", "Dutch", "portrait", ("Men", "Dogs"), record, tmp_path / "7.jpg")
    write_nga([work], tmp_path / "out")
    tables = read_tables(tmp_path / "out")
    rows = {name: table.to_dict("records") for name, table in tables.items()}
    (entry,) = rows["objects"]
    assert (entry["objectid"], entry["title"], entry["attribution"]) == ("7", title.replace("\n", " "), "Jan Steen")
    assert (entry["beginyear"], entry["endyear"], entry["parentid"], entry["isvirtual"]) == ("1648", "1652", "", "0")
    (image,) = rows["published_images"]
    assert (image["iiifurl"], image["width"], image["height"]) == ("file:images/7.jpg", "50", "40")
    assert (image["viewtype"], image["depictstmsobjectid"], image["maxpixels"]) == ("primary", "7", "")
    assert {(t["termtype"], t["term"]) for t in rows["objects_terms"]} == {
        ("Keyword", "Men"), ("Keyword", "Dogs"), ("Theme", "portrait")
    }  # fmt: skip
    (link,) = rows["objects_constituents"]
    assert (link["prefix"], link["roletype"], link["constituentid"]) == ("workshop of", "artist", "1")
    assert rows["constituents"][0]["preferreddisplayname"] == "Jan Steen (1626-1679)"
    assert (tmp_path / "out" / "images" / "7.jpg").read_bytes() == jpeg(7, 50, 40)


# --- the real sample


@pytest.mark.slow
def test_tables_are_those_of_174_paintings(sample: tuple[list[Work], Path]) -> None:
    tables = read_tables(sample[1])
    assert len(tables["objects"]) == len(tables["published_images"]) == 174
    rows, counts = select_paintings(tables)
    assert len(rows) == 174 and rows["id"].is_unique
    assert counts["paintings_without_image"] == counts["paintings_without_title"] == counts["objects_listed_twice"] == 0


def test_every_line_has_the_official_columns(sample: tuple[list[Work], Path]) -> None:
    for name, header in HEADERS.items():
        with (sample[1] / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
            first, *rows = csv.reader(handle)
        assert ",".join(first) == header
        assert {len(row) for row in rows} == {len(first)}


def test_keys_point_at_rows_that_exist(sample: tuple[list[Work], Path]) -> None:
    tables = read_tables(sample[1])
    objects, people = set(tables["objects"]["objectid"]), set(tables["constituents"]["constituentid"])
    assert set(tables["published_images"]["depictstmsobjectid"]) == objects
    assert set(tables["objects_terms"]["objectid"]) <= objects
    assert set(tables["objects_constituents"]["objectid"]) <= objects
    assert set(tables["objects_constituents"]["constituentid"]) == people
    assert set(tables["objects"]["parentid"]) - {""} <= objects
    assert tables["published_images"]["uuid"].is_unique


def test_images_are_the_works_own_and_of_the_size_that_is_said(sample: tuple[list[Work], Path]) -> None:
    works, folder = sample
    by_id = {str(work.object_id): work for work in works}
    images = read_tables(folder)["published_images"]
    for row in images.to_dict("records"):
        data = (folder / row["iiifurl"].removeprefix("file:")).read_bytes()
        assert data == by_id[row["depictstmsobjectid"]].image.read_bytes()
    for row in images.head(5).to_dict("records"):
        size = decode(by_id[row["depictstmsobjectid"]].image.read_bytes()).size
        assert size == (int(row["width"]), int(row["height"]))


def test_siblings_become_one_group(sample: tuple[list[Work], Path]) -> None:
    works, folder = sample
    head = {str(work.object_id): first for work, first in zip(works, siblings(works), strict=True)}
    rows, _ = select_paintings(read_tables(folder))
    pairs = pd.DataFrame({"ours": rows["id"].map(head), "theirs": rows["sibling_group"]}).drop_duplicates()
    assert pairs["ours"].is_unique and pairs["theirs"].is_unique
    assert len(pairs) < 174


def test_artists_are_named_only_where_the_museum_has_no_doubt(sample: tuple[list[Work], Path]) -> None:
    works, folder = sample
    by_id = {str(work.object_id): work for work in works}
    rows, _ = select_paintings(read_tables(folder))
    for row in rows.to_dict("records"):
        work = by_id[row["id"]]
        if pd.notna(row["artist"]):
            assert work.is_attributed and row["artist_name"] == work.artist
        if work.artist in ("", "Unidentified artist"):
            assert pd.isna(row["artist"]) and pd.isna(row["artist_qualified"])
    same = rows[rows["artist"].notna()].groupby("artist")["artist_name"].nunique()
    assert (same == 1).all() and len(same) > 20


def test_twice_the_same_bytes(sample: tuple[list[Work], Path], tmp_path: Path) -> None:
    works, folder = sample
    write_nga(works, tmp_path)
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes()
