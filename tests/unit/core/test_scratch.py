from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from artextract.core.scratch import ABANDONED, discard, scratch


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))


def test_scratch_keeps_finished_parts_and_is_keyed_by_content() -> None:
    with scratch("test", "one") as folder:
        (folder / "part").write_text("done")
    with scratch("test", "two") as other:
        assert list(other.iterdir()) == []
    with scratch("test", "one") as again:
        assert again == folder and (again / "part").read_text() == "done"
        discard(again)
        assert not again.exists()
    with scratch("test", "one") as again:
        assert list(again.iterdir()) == []


def test_scratch_is_held_by_one_at_a_time() -> None:
    entered = threading.Event()

    def second() -> None:
        with scratch("test", "held"):
            entered.set()

    with scratch("test", "held") as folder:
        with pytest.raises(Timeout):
            FileLock(str(folder) + ".lock").acquire(timeout=0)
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.2)
    thread.join(5)
    assert entered.is_set()


def test_left_overs_are_swept_and_what_is_no_folder_makes_room(tmp_path: Path) -> None:
    with scratch("test", "one") as folder:
        (folder / "deep").mkdir()
        for place in (folder / "deep", folder, folder.parent):
            (place / ".part.99999999.0.tmp").write_text("half")
        (folder / "part").write_text("done")
    with scratch("test", "one"):
        assert sorted(p.name for p in folder.rglob("*")) == ["deep", "part"]
        assert sorted(os.listdir(folder.parent)) == [folder.name, f"{folder.name}.lock"]
    discard(folder)
    folder.write_text("a file")
    with scratch("test", "one"):
        assert list(folder.iterdir()) == []


def test_an_error_of_the_block_stays_what_it_is() -> None:
    with pytest.raises(PermissionError), scratch("test", "one"):
        raise PermissionError(13, "Permission denied", "/of/the/user")


def test_what_was_killed_and_never_asked_for_again_goes_unless_somebody_holds_it() -> None:
    folders = {}
    for name in ("old", "held", "recent"):
        with scratch("test", name) as folder:
            (folder / "part").write_text("done")
        folders[name] = folder
    long_ago = time.time() - ABANDONED - 60
    for name in ("old", "held"):
        os.utime(folders[name], (long_ago, long_ago))
    with FileLock(str(folders["held"]) + ".lock"), scratch("test", "new"):
        assert [name for name, folder in folders.items() if folder.exists()] == ["held", "recent"]


def test_old_work_that_is_taken_up_again_is_not_abandoned() -> None:
    with scratch("test", "old") as folder:
        (folder / "part").write_text("done")
    long_ago = time.time() - ABANDONED - 60
    os.utime(folder, (long_ago, long_ago))
    with scratch("test", "old") as again:
        assert (again / "part").read_text() == "done"
