from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artextract.core import files
from artextract.core.atomic import atomic, temporary_folder
from artextract.core.temporary import sweep

DYING = """
import os, sys
from pathlib import Path
from artextract.core.atomic import atomic, temporary_folder
with atomic(Path(sys.argv[1]) / "deep" / "x"), temporary_folder(Path(sys.argv[1]) / "deep" / "y") as folder:
    (folder / "z").write_text("z")
    os._exit(9)
"""


def test_left_overs_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path)], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert len(os.listdir(tmp_path / "deep")) == 2
    (tmp_path / "deep" / ".old.99999999.tmp").write_text("of an earlier version")
    for name in (".hidden.tmp", ".mine.1.tmp", "x.1.2.tmp"):  # not of ours
        (tmp_path / "deep" / name).write_text("mine")
    with atomic(tmp_path / "deep" / "x") as handle, temporary_folder(tmp_path / "deep" / "y") as folder:
        handle.write(b"living")
        (folder / "z").write_text("z")
        assert sweep(tmp_path) == 0 and sweep(tmp_path, deep=True) == 3
        assert (folder / "z").is_file()
    assert (tmp_path / "deep" / "x").read_bytes() == b"living"
    assert sorted(os.listdir(tmp_path / "deep")) == [".hidden.tmp", ".mine.1.tmp", "x", "x.1.2.tmp"]


def test_a_sweeper_between_making_and_locking_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    real, once = fcntl.flock, [True]

    def late(descriptor: int, operation: int) -> None:
        if once and once.pop():
            sweep(tmp_path)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    files.write_bytes(tmp_path / "x", b"x")
    once.append(True)
    with temporary_folder(tmp_path / "y") as folder:
        (folder / "z").write_text("z")
    assert os.listdir(tmp_path) == ["x"]
