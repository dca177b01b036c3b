"""Tables in the museum's form that somebody else made: read where nothing needs more, else told what was found."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.museum.collect import collect
from artextract.data.museum.fetch import Getter
from artextract.data.museum.notes import Notes
from artextract.data.museum.own_form import read_own_form
from tests.conftest import jpeg
from tests.museum import Row, link, museum, painting, table_text, term, view, write_tables
from tests.unit.data.museum.test_collect import nga

TITLES = ["Köln", "Noon", "Dusk"]


def small(**tables: Sequence[Row]) -> dict[str, list[Row]]:
    objects = [painting(k, title=title) for k, title in enumerate(TITLES, 1)]
    terms = [term(k, "Keyword", "boat") for k in (1, 2, 3)]
    return {
        n: list(t) for n, t in (museum(objects, links=[link(k, 7) for k in (1, 2, 3)], terms=terms) | tables).items()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "mine"
    (root / "images").mkdir(parents=True)
    for k in (1, 2, 3):
        (root / "images" / f"{k}.jpg").write_bytes(jpeg(k))
    write_tables(root, small())
    return root


def run(folder: Path, **changes: object) -> tuple[pd.DataFrame, dict[str, object], list[dict[str, str]]]:
    out, metrics = folder.parent / "out", folder.parent / "metrics.json"
    collect(folder, nga(**changes), getter=Getter(root=folder), page="{id}", out=out, metrics=metrics, notes={})
    with (out / "left_out.csv").open(newline="", encoding="utf-8") as handle:
        left = list(csv.DictReader(handle))
    return pd.read_parquet(out / "index.parquet"), json.loads(metrics.read_text()), left


def _recode(name: str, separator: str, encoding: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        table = pd.read_csv(folder / "objects.csv", dtype=str, keep_default_na=False)
        (folder / "objects.csv").unlink()
        (folder / name).write_bytes(table.to_csv(index=False, sep=separator).encode(encoding))

    return change


def _as_form(suffix: str, form: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        table = pd.read_csv(folder / "objects.csv", dtype=str, keep_default_na=False)
        (folder / "objects.csv").unlink()
        getattr(table, form)(folder / f"objects{suffix}", index=False)

    return change


def _without(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / f"{name}.csv").unlink()

    return change


def _only_header(folder: Path) -> None:
    (folder / "objects_terms.csv").write_text(table_text("objects_terms", []))


def _write(**tables: list[Row]) -> Callable[[Path], None]:
    return lambda folder: write_tables(folder, tables)


def _moved(to: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        _without("published_images")(folder)
        (folder / to).mkdir(exist_ok=True)
        for k in (1, 2, 3):
            (folder / "images" / f"{k}.jpg").rename(folder / to / f"{k}.JPEG")
        (folder / "images").rmdir()

    return change


def _columns(folder: Path) -> None:
    for name, renamed in {"objects": {"objectid": "Object ID", "title": "TITLE"}, "constituents": {}}.items():
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        table.rename(columns=renamed).drop(columns=["lastname", "medium"], errors="ignore").to_csv(
            folder / f"{name}.csv", index=False
        )


SAME = {
    "semicolons, cp1252": _recode("objects.csv", ";", "cp1252"),
    "tabs, UTF-16": _recode("Objects.tsv", "\t", "utf-16"),
    "a mark": _recode("objects.csv", ",", "utf-8-sig"),
    "workbook": _as_form(".xlsx", "to_excel"),
    "Parquet": _as_form(".parquet", "to_parquet"),
    "gzip": _as_form(".csv.gz", "to_csv"),
    "no table of images": _without("published_images"),
    "no addresses": _write(published_images=[view(k, iiifurl="", uuid="") for k in (1, 2, 3)]),
    "pictures among the tables": _moved("."),
    "a folder in capitals": _moved("IMAGES"),
    "some images in no table": _write(published_images=[view(1)]),
    "ids as floats": _write(published_images=[view(f"{k}.0", iiifurl="https://x/y") for k in (1, 2, 3)]),  # type: ignore[arg-type]
    "ids with zeros": _write(objects_terms=[term(f"00{k}", "Tags", "boat") for k in (1, 2, 3)]),  # type: ignore[arg-type]
    "columns of other names": _columns,
    "flags in words": _write(objects=[painting(k, title=t, isvirtual="No") for k, t in enumerate(TITLES, 1)]),
    "years in words": _write(objects=[painting(k, title=t, beginyear="c. 1890") for k, t in enumerate(TITLES, 1)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", SAME.values(), ids=list(SAME))
def test_what_needs_nothing_more_is_read(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder)
    index, _, left = run(folder)
    assert index["title"].tolist() == TITLES and index["id"].tolist() == ["1", "2", "3"] and left == []
    assert index["keywords"].map(list).tolist() == [["boat"]] * 3
    assert index["artist"].tolist() == ["7"] * 3 and index["year"].tolist() == [1890] * 3


def test_a_file_in_the_place_of_the_pictures_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "images")
    (folder / "images").write_text("../disk/images")  # a link, as git and archives write it where links are none
    with pytest.raises(ArtExtractError, match=r"images: is a file(.|\n)*not the folder of the pictures"):
        run(folder)


def test_only_objects_and_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _without("objects_constituents", "constituents")(folder)
    _only_header(folder)
    index, _, _ = run(folder)
    assert index["artist"].isna().all() and index["keywords"].map(len).tolist() == [0, 0, 0]
    assert "no painters are known" in capsys.readouterr().err


def test_ids_with_letters_name_their_pictures(folder: Path) -> None:
    ids = ["SK-C-5", "1975.1.234", "A 12/3"]
    objects: list[Row] = [painting(i, title=t, accessionnum=f"acc-{i}") for i, t in zip(ids, TITLES, strict=True)]
    images: list[Row] = [view(1, depictstmsobjectid=i, uuid=f"u{k}", iiifurl="https://x/y") for k, i in enumerate(ids)]
    write_tables(folder, small(objects=objects, published_images=images, objects_terms=[term("sk_c_5", "Tag", "x")]))  # type: ignore[arg-type]
    for old, new in {"1.jpg": "SK-C-5.PNG", "2.jpg": "u1.jpeg", "3.jpg": "acc-A 12-3.jpg"}.items():
        (folder / "images" / old).rename(folder / "images" / new)
    index, counts, _ = run(folder)
    assert dict(zip(index["title"], index["id"], strict=True)) == {
        "Köln": "SK-C-5", "Noon": "1975.1.234", "Dusk": index["id"].iloc[1],
    }  # fmt: skip
    assert index["id"].str.fullmatch(r"[\w.-]+").all() and counts["images_stored"] == 3
    assert index.set_index("title")["keywords"].map(list)["Köln"] == ["x"]


def test_the_museums_word_on_rights_counts_before_the_size(folder: Path) -> None:
    images = [view(1, maxpixels=640), view(2), view(3)]
    write_tables(folder, small(published_images=images))
    table = pd.read_csv(folder / "published_images.csv", dtype=str, keep_default_na=False)
    table.assign(openaccess=["1", "0", ""], newcolumn="x").to_csv(folder / "published_images.csv", index=False)
    index, counts, _ = run(folder)
    assert index["open_access"].tolist() == [True, False, True]
    assert (counts["open_access_as_stated"], counts["open_access_inferred"]) == (2, 1)
    assert counts["columns_not_read.published_images"] == 1


@pytest.mark.parametrize("column", ["openaccess", "Is Public Domain"])
def test_rights_in_the_table_of_objects_count_too(folder: Path, column: str) -> None:
    table = pd.read_csv(folder / "objects.csv", dtype=str, keep_default_na=False)
    table.assign(**{column: ["False", "True", ""]}).to_csv(folder / "objects.csv", index=False)
    assert run(folder)[0]["open_access"].tolist() == [False, True, True]


def test_every_row_that_a_filter_takes_out_is_listed_with_what_was_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = [painting(1, title="Köln", classification="paintings "), painting(2, classification="Drawing"),
               painting(3, isvirtual="Yes"), painting(4), painting(1), painting(5, title=" "), painting("", title="x"),
               painting(6, title="kept")]  # fmt: skip
    images = [*(view(k) for k in (1, 2, 3, 5, 6)), view(4, viewtype="Atelier")]
    links = [link(1, 7, roletype="Kopist"), link(6, 7, roletype="Artist")]
    write_tables(folder, small(objects=objects, published_images=images, objects_constituents=links))
    (folder / "images" / "6.jpg").write_bytes(jpeg(6))
    index, counts, left = run(folder)
    assert index["title"].tolist() == ["Köln", "kept"] and index["artist"].notna().tolist() == [False, True]
    assert {(row["column"], row["found"], row["id"]) for row in left} == {
        ("classification", "Drawing", "2"), ("isvirtual", "Yes", "3"), ("viewtype", "Atelier", "4"),
        ("viewtype", "Atelier", ""), ("objectid", "1", "1"), ("title", "(empty)", "5"), ("objectid", "(empty)", ""),
        ("roletype", "Kopist", ""),
    }  # fmt: skip
    assert {key: n for key, n in counts.items() if key.startswith(("left_out", "unknown")) and n} == {
        "left_out.classification": 1, "left_out.virtual": 1, "left_out.no_primary_view": 1, "left_out.listed_twice": 1,
        "left_out.no_title": 1, "left_out.no_id": 1, "unknown_words.roletype.Kopist": 1,
        "unknown_words.viewtype.Atelier": 1,
    }  # fmt: skip
    said = capsys.readouterr().err
    assert "left out by objects.classification: 'Drawing' once; wanted: Painting" in said
    assert "not known in objects_constituents.roletype: 'Kopist' once; known: artist" in said


@pytest.mark.slow
def test_classifications_can_be_named(folder: Path) -> None:
    write_tables(folder, small(objects=[painting(k, title=t, classification=t) for k, t in enumerate(TITLES, 1)]))
    assert len(run(folder, classifications=["köln", "Noons"])[0]) == 2
    assert len(run(folder, classifications=[])[0]) == 3
    with pytest.raises(ArtExtractError, match=r"of 3 objects none .*'Dusk' once, 'Köln' once, 'Noon' once") as caught:
        run(folder)
    assert caught.value.remedy and "nga.classifications" in caught.value.remedy


def test_what_is_listed_is_bounded() -> None:
    notes = Notes()
    notes.unknown("objects_terms.termtype", {f"w{k:03}": 1 for k in range(200)}, "Theme")
    objects = pd.DataFrame({"objectid": [str(k) for k in range(3_000)], "title": "x"})
    notes.leave_out(
        "objects.classification", pd.Series(["Print"] * 3_000), "Painting", objects, reason="classification"
    )
    assert len(notes.counts) == 52 and notes.counts["unknown_words.termtype.(other words)"] == 150
    assert len(notes.table()) == 51 + 1_001 and notes.table()["rows"].sum() == 3_200
    assert [len(line) < 300 for line in notes.lines] == [True, True]


def test_messages_say_what_was_found_and_what_this_user_can_do(folder: Path) -> None:
    _recode("objects.csv", ";", "utf-8")(folder)
    text = (folder / "objects.csv").read_text().replace("objectid", "ObjectIdent")
    (folder / "objects.csv").write_text(text)
    with pytest.raises(
        ArtExtractError, match=r"lacks the columns objectid; found, read as semicolons, utf-8: "
    ) as caught:
        read_own_form(folder, Notes())
    assert "nearest to objectid: ObjectIdent" in str(caught.value) and "artextract collection add" in str(caught.value)
    (folder / "objects.csv").rename(folder / "MetObjects.csv")
    for name in ("published_images", "objects_terms", "objects_constituents", "constituents"):
        (folder / f"{name}.csv").unlink()
    with pytest.raises(ArtExtractError, match=r"holds MetObjects.csv, images/\n.*--table .*MetObjects.csv"):
        read_own_form(folder, Notes())


def test_pictures_of_other_names_are_named(folder: Path) -> None:
    for k in (1, 2, 3):
        (folder / "images" / f"{k}.jpg").rename(folder / "images" / f"img_{'abc'[k - 1]}.jpg")
    with pytest.raises(ArtExtractError) as caught:
        run(folder)
    assert "3 files there belong to no work, the first: img_a.jpg" in str(caught.value)


def test_text_is_clean_in_the_index_and_counted(folder: Path) -> None:
    hostile = ["Har\0bour", "\x1b[31mred\u202e", "x" * 100_000]
    write_tables(folder, small(objects=[painting(k, title=t) for k, t in enumerate(hostile, 1)]))
    index, counts, _ = run(folder)
    assert index["title"].tolist()[:2] == ["Harbour", "red"] and len(index["title"][2]) == 1_000
    assert (counts["text_cells_cleaned"], counts["text_cells_cut"]) == (2, 1)
