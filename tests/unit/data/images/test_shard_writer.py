from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes
from artextract.data.images import shard_writer
from artextract.data.images.decode import decode
from artextract.data.images.shard_writer import Source, report_failures, write_shards
from artextract.data.images.shards import ShardReader
from tests.conftest import jpeg
from tests.damage import DAMAGES

COLUMNS = ["id", "error", "sha256", "phash", "width", "height", "shard", "offset", "size"]


def good(number: int) -> Source:
    return Source(f"picture {number}", lambda: jpeg(number))


def failing(name: str, error: Exception) -> Source:
    def read() -> bytes:
        raise error

    return Source(name, read)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_writer, "IMAGES_PER_SHARD", 3)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_one_row_a_source_in_order(tmp_path: Path) -> None:
    table = write_shards([good(i) for i in range(7)], tmp_path, max_side=64)
    assert table.columns.tolist() == COLUMNS
    assert table["id"].tolist() == [f"picture {i}" for i in range(7)]
    assert table["error"].isna().all()
    assert table["shard"].tolist() == ["shard-00000.tar"] * 3 + ["shard-00001.tar"] * 3 + ["shard-00002.tar"]
    assert table["sha256"].tolist() == [sha256_bytes(jpeg(i)) for i in range(7)]
    assert table["phash"].tolist() == [str(imagehash.phash(decode(jpeg(i)))) for i in range(7)]
    assert table[["width", "height"]].values.tolist() == [[40, 30]] * 7
    assert sorted(p.name for p in tmp_path.glob("*.tar")) == [f"shard-0000{i}.tar" for i in range(3)]


def test_ordinary_tar_holds_what_the_index_says(tmp_path: Path) -> None:
    sources = [Source(str(i), lambda i=i: jpeg(i, 40 + 17 * i, 30 + i)) for i in range(5)]
    table = write_shards([*sources[:2], failing("gone", FileNotFoundError()), *sources[2:]], tmp_path, max_side=64)
    stored = table[table["error"].isna()].reset_index(drop=True)
    reader = ShardReader(tmp_path, stored)
    for shard, rows in stored.groupby("shard"):
        with tarfile.open(tmp_path / str(shard)) as tar:
            members = tar.getmembers()
            assert [m.offset_data for m in members] == rows["offset"].tolist()
            assert [m.size for m in members] == rows["size"].tolist()
            for member, row in zip(members, rows.index, strict=True):
                extracted = tar.extractfile(member)
                assert extracted is not None and extracted.read() == reader.read(row)
                assert member.isfile() and "/" not in member.name and member.name.endswith(".jpg")
    assert len(stored) == 5


def test_failures_are_rows_in_place_and_no_neighbour_takes_their_place(tmp_path: Path) -> None:
    sources = [
        good(0),
        failing("absent", FileNotFoundError("x")),
        good(2),
        Source("half", lambda: jpeg(3)[:400]),
        failing("denied", PermissionError(13, "Permission denied")),
        good(5),
        Source("empty", lambda: b""),
    ]
    table = write_shards(sources, tmp_path, max_side=64)
    assert table["id"].tolist() == [source.id for source in sources]
    errors = table["error"].fillna("stored").tolist()
    assert [errors[i] for i in (0, 1, 2, 5, 6)] == [
        "stored",
        "missing",
        "stored",
        "stored",
        "unreadable: empty: the file is empty",
    ]
    assert errors[3] == "unreadable: cut: the file ends before its picture does"
    assert errors[4] == "unreadable: no_permission: you may not read this file"
    failed = table[table["error"].notna()]
    assert failed[COLUMNS[2:]].isna().all(axis=None)
    stored = table[table["error"].isna()].reset_index(drop=True)
    reader = ShardReader(tmp_path, stored)
    assert [reader.read(i) for i in range(len(reader))] == [jpeg(0), jpeg(2), jpeg(5)]


def test_shard_in_which_everything_failed(tmp_path: Path) -> None:
    sources = [failing(str(i), FileNotFoundError()) for i in range(3)] + [good(3)]
    table = write_shards(sources, tmp_path, max_side=64)
    assert table["error"].fillna("").tolist() == ["missing"] * 3 + [""]
    with tarfile.open(tmp_path / "shard-00000.tar") as tar:
        assert tar.getnames() == []
    assert ShardReader(tmp_path, table[3:]).read(0) == jpeg(3)


def test_nothing_to_store(tmp_path: Path) -> None:
    table = write_shards([], tmp_path, max_side=64)
    assert table.columns.tolist() == COLUMNS and table.empty
    assert list(tmp_path.iterdir()) == []


def test_large_images_are_reduced(tmp_path: Path) -> None:
    table = write_shards([Source("large", lambda: jpeg(1, 300, 100))], tmp_path, max_side=90)
    assert table[["width", "height"]].values.tolist() == [[90, 30]]
    assert ShardReader(tmp_path, table).image(0).size == (90, 30)


def test_problems_of_the_user_are_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match="leads outside"):
        write_shards([good(0), failing("link", ArtExtractError("leads outside"))], tmp_path, max_side=64)
    assert list(tmp_path.iterdir()) == []


def test_twice_the_same_bytes(tmp_path: Path) -> None:
    sources = [good(0), failing("gone", FileNotFoundError()), *(good(i) for i in range(2, 8))]
    tables = [write_shards(sources, tmp_path / name, max_side=64) for name in "ab"]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_each_source_is_read_once(tmp_path: Path) -> None:
    reads: list[int] = []

    def reading(i: int) -> Callable[[], bytes]:
        return lambda: (reads.append(i), jpeg(i))[1]

    write_shards([Source(str(i), reading(i)) for i in range(7)], tmp_path, max_side=64)
    assert reads == list(range(7))


@pytest.mark.parametrize("killed_at", range(8))
def test_resumes_after_a_kill(tmp_path: Path, killed_at: int) -> None:
    """Killed while image ``killed_at`` is read: finished shards stay as they are, the rest is written."""

    class Kill(BaseException):
        pass

    def sources(reads: list[int], kill: bool) -> list[Source]:
        def read(i: int) -> bytes:
            if kill and i == killed_at:
                raise Kill
            reads.append(i)
            return jpeg(i)

        return [Source(str(i), lambda i=i: read(i)) for i in range(8)]

    undisturbed = write_shards(sources([], False), tmp_path / "undisturbed", max_side=64)
    folder = tmp_path / "killed"
    with pytest.raises(Kill):
        write_shards(sources([], True), folder, max_side=64)
    finished = killed_at // 3
    stamps = {path.name: path.stat().st_mtime_ns for path in folder.glob("*") if path.suffix != ".seal"}
    assert sorted(stamps) == sorted(f"shard-0000{i}{s}" for i in range(finished) for s in (".tar", ".parquet"))
    reads: list[int] = []
    resumed = write_shards(sources(reads, False), folder, max_side=64)
    assert reads == list(range(finished * 3, 8))
    assert {name: (folder / name).stat().st_mtime_ns for name in stamps} == stamps  # not written again
    pd.testing.assert_frame_equal(resumed, undisturbed)
    assert contents(folder) == contents(tmp_path / "undisturbed")


@pytest.mark.parametrize("lost", ["shard-00001.parquet", "shard-00001.tar"])
def test_shard_without_its_table_or_the_reverse_is_written_anew(tmp_path: Path, lost: str) -> None:
    sources = [good(i) for i in range(8)]
    write_shards(sources, tmp_path, max_side=64)
    before = contents(tmp_path)
    os.unlink(tmp_path / lost)
    (tmp_path / "shard-00000.tar").touch()
    write_shards(sources, tmp_path, max_side=64)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("suffix", ["tar", "parquet"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "zeros", "folder"])
def test_a_damaged_shard_is_written_anew(
    tmp_path: Path, damage: str, suffix: str, capfd: pytest.CaptureFixture
) -> None:
    sources = [good(i) for i in range(4)]
    write_shards(sources, tmp_path, max_side=64)
    before = contents(tmp_path)
    DAMAGES[damage](tmp_path / f"shard-00000.{suffix}")
    reads: list[str] = []
    noted = [Source(one.id, lambda one=one: reads.append(one.id) or one.read()) for one in sources]
    write_shards(noted, tmp_path, max_side=64)
    assert contents(tmp_path) == before and reads == [one.id for one in sources[:3]]
    assert f"finished images: {tmp_path / 'shard-00000'}.{suffix} was damaged" in capfd.readouterr().err


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["good", "missing", "broken"]), max_size=8), st.integers(1, 4))
def test_any_mixture_of_failures(tmp_path_factory: pytest.TempPathFactory, kinds: list[str], per_shard: int) -> None:
    folder = tmp_path_factory.mktemp("shards")
    make = {
        "good": good,
        "missing": lambda i: failing(str(i), FileNotFoundError()),
        "broken": lambda i: Source(str(i), lambda: b"not an image"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_writer, "IMAGES_PER_SHARD", per_shard)
        table = write_shards([make[kind](i) for i, kind in enumerate(kinds)], folder, max_side=64)
    found = table["error"].map(lambda error: "good" if pd.isna(error) else str(error)[:6], na_action=None).tolist()
    assert found == [{"good": "good", "missing": "missin", "broken": "unread"}[kind] for kind in kinds]
    stored = table[table["error"].isna()].reset_index(drop=True)
    reader = ShardReader(folder, stored)
    expected = [jpeg(i) for i, kind in enumerate(kinds) if kind == "good"]
    assert [reader.read(i) for i in range(len(reader))] == expected
    assert len(list(folder.glob("*.tar"))) == int(np.ceil(len(kinds) / per_shard))


def stored(*errors: str | None) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"a/{i}.jpg" for i in range(len(errors))], "error": list(errors)})


def report(table: pd.DataFrame, folder: Path, limit: float) -> dict[str, int]:
    return report_failures(table, folder, limit, where="the images", remedy="get them")


def test_failures_are_listed_and_counted(tmp_path: Path) -> None:
    table = stored(None, "missing", "unreadable: empty: the file is empty", None, "missing")
    assert report(table, tmp_path, 0.6) == {"images_listed": 5, "images_stored": 2, "missing": 2, "unreadable": 1}
    assert (tmp_path / "missing.csv").read_text() == (
        "path,code,reason\na/1.jpg,missing,there is no such file\na/4.jpg,missing,there is no such file\n"
    )
    assert (tmp_path / "unreadable.csv").read_text() == "path,code,reason\na/2.jpg,empty,the file is empty\n"


def test_no_failure_leaves_empty_reports(tmp_path: Path) -> None:
    assert report(stored(None, None), tmp_path, 0.0)["images_stored"] == 2
    for name in ("missing.csv", "unreadable.csv"):
        assert (tmp_path / name).read_text() == "path,code,reason\n"


def test_paths_that_look_like_formulas_are_defused(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["=cmd()", "b"], "error": ["missing", None]})
    report(table, tmp_path, 0.5)
    assert (tmp_path / "missing.csv").read_text() == "path,code,reason\n'=cmd(),missing,there is no such file\n"


def test_over_the_limit_says_how_many_which_where_and_what_to_do(tmp_path: Path) -> None:
    table = stored("missing", None, "unreadable: half", "missing", "missing", *[None] * 15)
    with pytest.raises(ArtExtractError) as caught:
        report(table, tmp_path, 0.1)
    message = str(caught.value)
    assert "the images: 3 images are missing and 1 unreadable of 20, more than the limit of 10.0%" in message
    assert "First: a/0.jpg (missing), a/2.jpg (unreadable: half), a/3.jpg (missing)." in message
    assert f"{tmp_path}/missing.csv" in message and message.endswith("Remedy: get them")
    assert len(pd.read_csv(tmp_path / "missing.csv")) == 3  # the whole list is there to act upon


def test_nothing_stored_is_an_error_at_any_limit(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match="2 images are missing"):
        report(stored("missing", "missing"), tmp_path, 0.999999)
    with pytest.raises(ArtExtractError, match="of 0"):
        report(stored(), tmp_path, 0.5)


@given(st.integers(1, 120), st.integers(0, 120), st.integers(0, 99))
@example(100, 29, 29)  # .29 * 100 is 28.999999999999996
def test_limit_is_the_largest_accepted_share(
    tmp_path_factory: pytest.TempPathFactory, total: int, failed: int, percent: int
) -> None:
    failed = min(failed, total)
    table = stored(*["missing"] * failed, *[None] * (total - failed))
    accepted = Fraction(failed, total) <= Fraction(percent, 100) and failed < total
    folder = tmp_path_factory.mktemp("reports")
    if accepted:
        assert report(table, folder, percent / 100)["missing"] == failed
    else:
        with pytest.raises(ArtExtractError, match="more than the limit"):
            report(table, folder, percent / 100)


def absent(number: int) -> bytes:
    raise FileNotFoundError(number)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["local:1", "local:3"])
def test_other_processes_write_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    sources = [Source(str(i), partial(absent if i % 4 == 1 else jpeg, i)) for i in range(11)]
    here = write_shards(sources, tmp_path / "here", max_side=64)
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", where)
    elsewhere = write_shards(sources, tmp_path / "elsewhere", max_side=64)
    pd.testing.assert_frame_equal(here, elsewhere)
    assert not list((tmp_path / "elsewhere/handed-out").iterdir())
    (tmp_path / "elsewhere/handed-out").rmdir()
    assert contents(tmp_path / "here") == contents(tmp_path / "elsewhere")
