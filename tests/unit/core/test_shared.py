"""The shared layer behind the cache, as a folder: what one machine has made, another one does not make again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artextract.core import shared
from artextract.core.cache import cached_rows
from artextract.core.errors import ArtExtractError
from artextract.core.kept import is_intact, kept_file
from artextract.core.rows_by_content import rows_by_content
from artextract.core.shared import Store


class Machines:
    """Several machines, each with a cache of its own, and what they share."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.folder, self.patch, self.made = folder, monkeypatch, list[object]()
        self.there = folder / "shared"
        monkeypatch.setenv(shared.VARIABLE, str(self.there))

    def cache(self, name: str) -> Path:
        """Work on this machine from now on."""
        self.patch.setenv("ARTEXTRACT_CACHE", str(self.folder / name))
        return self.folder / name

    def file(self, name: str) -> Path:
        def make(path: Path) -> None:
            self.made.append("file")
            path.write_text("content")

        return kept_file(self.cache(name) / "kind" / "a.bin", make, "a file")

    def tree(self, name: str) -> Path:
        def make(path: Path) -> None:
            self.made.append("tree")
            (path / "deep").mkdir(parents=True)
            (path / "deep" / "b.txt").write_text("b")
            (path / "a.txt").write_text("")

        return kept_file(self.cache(name) / "kind" / "tree", make, "a folder")

    def _blocks(self, wanted: list[int]) -> Iterator[np.ndarray]:
        for i in range(0, len(wanted), 2):
            self.made += wanted[i : i + 2]
            yield np.array([[w, w + 0.5] for w in wanted[i : i + 2]], np.float32)

    def rows(self, name: str, wanted: list[int]) -> list[int]:
        """Ask for rows by their number; those that were computed."""
        self.cache(name)
        self.made.clear()
        found = cached_rows("toys", "key", 10, (2,), np.float32, wanted, self._blocks)
        assert np.array_equal(found, [[w, w + 0.5] for w in wanted])
        return [*self.made]  # type: ignore[list-item]

    def contents(self, name: str, names: list[str]) -> list[str]:
        """Ask for rows by their names; those that were computed."""
        self.cache(name)
        self.made.clear()

        def compute(wanted: list[int]) -> Iterator[np.ndarray]:
            for i in wanted:
                self.made.append(names[i])
                yield np.full((1, 3), len(names[i]), np.int16)

        found = rows_by_content("toys", "key", names, (3,), np.int16, compute)
        assert np.array_equal(found, [[len(n)] * 3 for n in names])
        return [*self.made]  # type: ignore[list-item]


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, monkeypatch)


def test_a_file_and_a_folder_are_made_once_for_all(machines: Machines):
    for name in ("one", "two", "one"):
        file, tree = machines.file(name), machines.tree(name)
        assert file.read_text() == "content" and (tree / "deep" / "b.txt").read_text() == "b"
        assert is_intact(file) and is_intact(tree) and (tree / "a.txt").read_text() == ""
    assert machines.made == ["file", "tree"]


def test_without_the_variable_nothing_is_shared(machines: Machines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(shared.VARIABLE)
    machines.file("one")
    machines.file("two")
    assert machines.made == ["file"] * 2 and not machines.there.exists()


def test_what_was_made_before_is_shared_when_it_is_used(machines: Machines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(shared.VARIABLE)
    machines.file("one")
    monkeypatch.setenv(shared.VARIABLE, str(machines.there))
    machines.file("one")
    machines.file("two")
    assert machines.made == ["file"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_copy_is_not_believed_and_is_replaced(
    machines: Machines, damage: str, capsys: pytest.CaptureFixture[str]
):
    machines.file("one")
    machines.tree("one")
    for copy in (machines.there / "kind/a.bin", machines.there / "kind/tree/deep/b.txt"):
        copy.unlink() if damage == "gone" else copy.write_text({"flipped": "Kontent", "cut": ""}[damage])
    assert machines.file("two").read_text() == "content" and (machines.tree("two") / "deep/b.txt").read_text() == "b"
    assert machines.file("three").read_text() == "content" and machines.tree("three").is_dir()
    assert machines.made == ["file", "tree"] * 2 and capsys.readouterr().err.count("is damaged; it is made anew") == 2


@pytest.mark.parametrize(
    "seal", [b"", b"{", b"[]", b'{"files": 3}', b'{"files": {"../../x": {}}}', b'{"files": {"/x": {}}}']
)
def test_a_seal_that_is_none_is_as_if_nothing_were_there(machines: Machines, seal: bytes):
    machines.file("one")
    (machines.there / "kind/a.bin.seal").write_bytes(seal)
    machines.file("two")
    assert machines.made == ["file"] * 2
    assert json.loads((machines.there / "kind/a.bin.seal").read_bytes())["size"] == 7


def test_rows_are_computed_once_for_all(machines: Machines):
    assert machines.rows("one", [3, 1, 2]) == [3, 1, 2]
    assert machines.rows("two", [0, 1, 3, 5]) == [0, 5]
    assert machines.rows("three", [5, 2, 0, 7]) == [7]
    assert machines.rows("one", [0, 1, 2, 3, 5, 7]) == []
    assert machines.rows("one", [9, 8]) == [9, 8]


def test_rows_by_content_are_computed_once_for_all(machines: Machines):
    assert machines.contents("one", ["a", "bb", "a"]) == ["a", "bb"]
    assert machines.contents("two", ["ccc", "bb", "bb", "a"]) == ["ccc"]
    assert machines.contents("one", ["ccc", "dddd"]) == ["dddd"]


def test_damaged_parts_and_records_are_left_out(machines: Machines, capsys: pytest.CaptureFixture[str]):
    machines.rows("one", [1])
    machines.rows("one", [2])
    parts = sorted((machines.there / "toys").rglob("*.part"))
    assert len(parts) == 2
    data = bytearray(parts[0].read_bytes())
    data[-1] ^= 1
    parts[0].write_bytes(data)
    assert len(machines.rows("two", [1, 2])) == 1
    assert "is damaged; it is left out" in capsys.readouterr().err


def test_a_kill_while_parts_are_written_costs_only_work(machines: Machines, monkeypatch: pytest.MonkeyPatch):
    from artextract.core.shared_rows import SharedRows

    def killed(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SharedRows, "flush", killed)
        machines.rows("one", [1, 2, 3])
    assert machines.rows("two", [1, 2]) == [1, 2] and machines.rows("one", [1, 2, 3]) == []


def test_large_blocks_are_written_in_parts(machines: Machines, monkeypatch: pytest.MonkeyPatch):
    from artextract.core import shared_rows

    monkeypatch.setattr(shared_rows, "PART", 60)  # a record has 40 bytes
    machines.rows("one", [0, 1, 2, 3, 4])
    assert len(list((machines.there / "toys").rglob("*.part"))) == 3
    assert machines.rows("two", [4, 3, 2, 1, 0]) == []


# --- a server that fails


class Failing:
    """A file system that fails some times."""

    def __init__(self, times: int, error: Exception):
        self.times, self.error = times, error

    def cat_file(self, place: str) -> bytes:
        if self.times:
            self.times -= 1
            raise self.error
        return b"content"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that takes no time: the waits."""
    waited: list[float] = []

    class Time:
        @staticmethod
        def monotonic() -> float:
            return sum(waited)

        sleep = staticmethod(waited.append)

    monkeypatch.setattr(shared, "time", Time)
    return waited


def test_it_is_asked_again_with_growing_waits(waits: list[float], capsys: pytest.CaptureFixture[str]):
    assert Store("s3://b", Failing(7, OSError("SlowDown")), "b", False).read("b/x") == b"content"
    assert waits == [0.5, 1, 2, 4, 8, 15, 15] and capsys.readouterr().err.count("trying again") == 1


def test_after_some_minutes_it_ends_in_words(waits: list[float]):
    with pytest.raises(ArtExtractError, match=r"(?s)s3://b cannot be used: SlowDown.*kept in the cache.*unset"):
        Store("s3://b", Failing(10**6, OSError("SlowDown")), "b", False).read("b/x")
    assert 150 < sum(waits) <= shared.PATIENCE


def test_a_refusal_is_not_asked_again(waits: list[float]):
    with pytest.raises(ArtExtractError, match="cannot be used"):
        Store("s3://b", Failing(1, PermissionError("AccessDenied")), "b", False).read("b/x")
    assert waits == []


def test_a_fault_of_the_program_and_a_missing_file_are_what_they_are(waits: list[float]):
    with pytest.raises(ZeroDivisionError):
        Store("s3://b", Failing(1, ZeroDivisionError()), "b", False).read("b/x")
    assert Store("s3://b", Failing(1, FileNotFoundError()), "b", False).read("b/x") is None and waits == []


def test_an_address_that_nobody_knows_is_named(machines: Machines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(shared.VARIABLE, "nosuch://bucket/x")
    with pytest.raises(ArtExtractError, match=r"(?s)nosuch://bucket/x cannot be opened.*requirements-s3"):
        machines.file("one")
