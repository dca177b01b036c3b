"""The museum's tables at a commit: whole, the same ever after, and never kept when something is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.museum.download import RECORD, download_tables, museum_getter
from artextract.data.museum.plausible import doubts
from artextract.data.museum.schemas import COLUMNS
from artextract.data.museum.table_file import rows_of
from artextract.params.sections import NGA
from tests.conftest import test_data
from tests.fault_server import Answer, FaultServer
from tests.museum import as_read, link, museum, painting, person, table_text, term
from tests.unit.data.museum.test_collect import nga

COMMIT = "0123abc"
TYPES = ("Theme", "Style", "Keyword", "School", "Technique")


def large(n: int = 60):
    """Tables of n paintings by ten painters, each with a term of every type."""
    return museum(
        [painting(k) for k in range(1, n + 1)],
        links=[link(k, k % 10 + 1) for k in range(1, n + 1)],
        people=[person(k, f"Painter {k}, A.") for k in range(1, 11)],
        terms=[term(k, kind, "x") for kind in TYPES for k in range(1, n + 1)],
    )


def texts_of(tables) -> dict[str, bytes]:
    further = {
        "objects_historical_data": [{"datatype": "previous_attribution", "objectid": 60, "displayorder": 1}],
        "object_associations": [{"parentobjectid": 59, "childobjectid": 60, "relationship": "separable"}],
    }
    return {name: table_text(name, {**further, **tables}[name]).encode() for name in COLUMNS}


TEXTS = texts_of(large())


@pytest.fixture
def site(faulty: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaultServer:
    """The museum's repository, and a checkout and a cache of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    for name, text in TEXTS.items():
        serve(faulty, name, Answer(body=text, kind="text/csv"))
    return faulty


def serve(site: FaultServer, name: str, answer: Answer) -> None:
    site.url(f"/opendata/{COMMIT}/data/{name}.csv", answer)


def params(site: FaultServer) -> NGA:
    return nga(source="opendata", commit=COMMIT, tables_base=f"{site.base}/opendata", images_base=f"{site.base}/iiif")


def download(site: FaultServer) -> dict[str, bytes]:
    getter = museum_getter(params(site))
    getter.per_second = 1000
    folder, found = download_tables(params(site), getter)
    assert json.loads(RECORD.read_text())[COMMIT] == found
    return {path.stem: path.read_bytes() for path in folder.glob("*.csv")}


def requests(site: FaultServer) -> list[str]:
    found = [path.rpartition("/")[2].removesuffix(".csv") for path in site.log if path != "/robots.txt"]
    site.log.clear()
    return found


def test_once_and_whole_and_recorded(site: FaultServer, capsys: pytest.CaptureFixture[str]):
    assert download(site) == TEXTS
    assert requests(site) == list(COLUMNS)
    assert f"recorded in {RECORD}" in capsys.readouterr().err
    assert download(site) == TEXTS and requests(site) == []


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-9], lambda data: data[:-9] + b"9" + data[-8:]]
)
def test_damaged_in_the_cache_is_fetched_anew(site: FaultServer, tmp_path: Path, damage):
    download(site)
    requests(site)
    path = tmp_path / "cache" / "nga" / COMMIT / "objects_terms.csv"
    path.write_bytes(damage(path.read_bytes()))
    assert download(site) == TEXTS and requests(site) == ["objects_terms"]


HALF = TEXTS["objects_terms"][: len(TEXTS["objects_terms"]) // 2]
ROWS = TEXTS["objects_terms"].splitlines(keepends=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("objects", Answer(body=b"<!DOCTYPE html><html>Log in</html>"), "a web page came"),
        ("objects", Answer(body=b"version https://git-lfs.github.com/spec/v1\n"), "pointer of Git LFS"),
        ("objects", Answer(body=b'{"message": "Not Found"}\n'), "JSON came"),
        ("objects", Answer(body=ROWS[0]), "lacks the columns"),
        ("objects_terms", Answer(body=HALF, length=-1), "does not say how long"),
        ("objects_terms", Answer(body=HALF), r"the last line has no end|cells"),
        ("objects_terms", Answer(body=HALF[:-3] + b"\n"), r"row \d+ has \d cells"),
        ("objects_terms", Answer(body=b"".join(ROWS[:150])), "at least 10% are expected"),
        ("objects_terms", Answer(body=b"".join(ROWS[:30])), "at least 60% are expected"),
        ("objects_terms", Answer(body=ROWS[0]), "a header and no rows"),
        ("objects_terms", Answer(body=b""), "the body is empty"),
        ("objects_terms", Answer(404, b"no"), "cannot be had: HTTP 404"),
        ("objects_historical_data", Answer(body=b"<html></html>\n"), "a web page came"),
    ],
)
def test_what_is_wrong_is_refused_and_not_kept(
    site: FaultServer, pauses: list[float], name: str, answer: Answer, reason: str
):
    serve(site, name, answer)
    with pytest.raises(ArtExtractError, match=reason) as caught:
        download(site)
    assert caught.value.remedy and not RECORD.exists()
    serve(site, name, Answer(body=TEXTS[name]))
    requests(site)
    assert download(site) == TEXTS  # nothing of it stays
    assert requests(site)[0] == name or "expected" in reason


def test_other_tables_under_the_same_commit_are_refused_by_the_record(site: FaultServer, tmp_path: Path):
    download(site)
    changed = TEXTS["objects"].replace(b"Work 7,", b"Work 8,")
    serve(site, "objects", Answer(body=changed))
    (tmp_path / "cache").rename(tmp_path / "elsewhere")  # another machine, with the record from git
    with pytest.raises(ArtExtractError, match=r"is not the table that data/sources/nga_tables\.json records") as caught:
        download(site)
    assert caught.value.where and "objects.csv" in caught.value.where
    serve(site, "objects", Answer(body=TEXTS["objects"]))
    assert download(site) == TEXTS


def test_an_experiment_in_a_temporary_checkout_records_in_the_users(
    site: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    temporary = tmp_path / ".dvc/tmp/exps/standalone/x"
    temporary.mkdir(parents=True)
    monkeypatch.chdir(temporary)
    getter = museum_getter(params(site))
    getter.per_second = 1000
    download_tables(params(site), getter)
    assert (tmp_path / RECORD).is_file() and not RECORD.exists()


def test_what_a_kill_has_left_beside_the_record_is_swept(site: FaultServer):
    left = RECORD.with_name(f".{RECORD.name}.1.0.tmp")
    left.parent.mkdir(parents=True)
    left.write_text("{")
    download(site)
    assert sorted(RECORD.parent.iterdir()) == [RECORD]


@pytest.mark.parametrize("content", ["", "[]", '{"0123abc": 1}', '{"0123abc": {"objects.csv": 7}}'])
def test_a_broken_record_is_told(site: FaultServer, content: str):
    RECORD.parent.mkdir(parents=True)
    RECORD.write_text(content)
    with pytest.raises(ArtExtractError, match="not a record of tables") as caught:
        download(site)
    assert caught.value.remedy and "git restore" in caught.value.remedy


def test_an_intact_table_of_the_cache_that_the_record_does_not_know_is_fetched_anew(site: FaultServer):
    download(site)
    known = RECORD.read_text()
    RECORD.write_text(known.replace(json.loads(known)[COMMIT]["objects.csv"]["sha256"], "0" * 64))
    requests(site)
    with pytest.raises(ArtExtractError, match="is not the table"):
        download(site)
    assert requests(site) == ["objects"]


def test_optional_tables_may_be_missing_and_stay_so(site: FaultServer):
    for name in ("objects_historical_data", "object_associations"):
        serve(site, name, Answer(404, b"no"))
    assert len(download(site)) == 5
    assert json.loads(RECORD.read_text())[COMMIT]["object_associations.csv"] == {"missing": True}
    requests(site)
    assert len(download(site)) == 5 and requests(site) == []


def test_what_cannot_be_had_names_its_address_and_the_other_way(site: FaultServer, pauses: list[float]):
    serve(site, "objects", Answer(503, b"busy"))
    with pytest.raises(ArtExtractError, match=r"objects\.csv cannot be had: HTTP 503 \(10 attempts\)") as caught:
        download(site)
    assert caught.value.where == f"{site.base}/opendata/{COMMIT}/data/objects.csv"
    assert caught.value.remedy and "nga.source=folder" in caught.value.remedy


def test_only_the_named_servers_may_be_asked(site: FaultServer):
    getter = museum_getter(nga(tables_base="https://mirror.example/x", images_base="", contact="me@museum.example"))
    assert getter.hosts == {"mirror.example", "api.nga.gov", "media.nga.gov"} and not getter.servers
    getter = museum_getter(params(site))
    assert getter.hosts == frozenset() and getter.servers == {site.base} and not getter.allow_loopback


@pytest.mark.parametrize(
    ("table", "keep", "complaint"),
    [
        ("objects", 0.5, "objects.csv is cut"),
        ("constituents", 0.5, "constituents.csv is cut"),
        ("published_images", 0.5, "published_images.csv"),
        ("objects_constituents", 0.7, "objects_constituents.csv"),
        ("objects_terms", 0.5, "objects_terms.csv"),
        ("objects_historical_data", 0.4, "objects_historical_data.csv ends before"),
        ("object_associations", 0.4, "object_associations.csv ends before"),
    ],
)
def test_each_table_is_measured_by_the_others(table: str, keep: float, complaint: str):
    further = {
        "objects_historical_data": [{"objectid": k} for k in range(1, 61)],
        "object_associations": [{"parentobjectid": k, "childobjectid": k} for k in range(1, 61)],
    }
    tables = as_read({**large(), **further})
    assert doubts(tables, every_type=True) == []
    cut = {**tables, table: tables[table].head(int(len(tables[table]) * keep))}
    assert any(complaint in doubt for doubt in doubts(cut, every_type=True))


def test_few_rows_are_not_doubted():
    assert doubts(as_read(museum([painting(1), painting(2)])), every_type=True) == []


@pytest.mark.slow
@pytest.mark.real
def test_the_real_tables_fit_together_and_their_halves_do_not():
    folder = test_data("nga")
    names = ("objects", "published_images", "objects_terms", "objects_constituents", "constituents")
    assert all(rows_of((folder / f"{name}.csv").read_bytes(), name) for name in names)
    tables = {name: pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in names}
    assert doubts(tables, every_type=True) == []
    for name in names:
        for half in (tables[name].iloc[: len(tables[name]) // 2], tables[name].iloc[len(tables[name]) // 2 :]):
            assert doubts({**tables, name: half}, every_type=True)
