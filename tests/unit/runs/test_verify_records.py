"""A record of DVC's that was cut while DVC wrote it stops DVC for ever; verify brings it back or takes it away."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.locked import Locked
from artextract.runs.verify_records import RWLOCK, check_records

WHOLE = "schema: '2.0'\nstages:\n  a:\n    cmd: b\n"
CUT = "schema: '2.0'\nstages:\n  a:\n    cmd: 'b\n"


def commit(root: Path, *names: str) -> None:
    for command in (["init", "-q"], ["add", *names], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *command], cwd=root, check=True)


def test_whole_records_and_missing_ones_are_no_finding(tmp_path: Path):
    assert list(check_records(tmp_path, [tmp_path], True)) == []
    (tmp_path / "dvc.lock").write_text(WHOLE)
    (tmp_path / RWLOCK).parent.mkdir(parents=True)
    (tmp_path / RWLOCK).write_text("{}")
    assert list(check_records(tmp_path, [tmp_path], True)) == []


@pytest.mark.parametrize("content", ['{"wri', "", "[]"])
def test_a_cut_list_of_readers_is_taken_away_only_by_a_repair(tmp_path: Path, content: str):
    path = tmp_path / RWLOCK
    path.parent.mkdir(parents=True)
    path.write_text(content)
    ((where, problem, _, mended),) = check_records(tmp_path, [tmp_path], False)
    assert (where, mended, path.is_file()) == (str(path), False, True) and "was cut" in problem
    ((_, _, _, mended),) = check_records(tmp_path, [tmp_path], True)
    assert mended and not path.exists()


def test_a_cut_lock_comes_from_git_or_goes(tmp_path: Path):
    (tmp_path / "dvc.lock").write_text(WHOLE)
    commit(tmp_path, "dvc.lock")
    (tmp_path / "dvc.lock").write_text(CUT)
    (tmp_path / "data/sources").mkdir(parents=True)
    (tmp_path / "data/sources/dvc.lock").write_text(CUT)
    with pytest.raises(ArtExtractError, match="not readable as YAML"):
        Locked(tmp_path).outs  # noqa: B018
    assert [found[3] for found in check_records(tmp_path, [tmp_path], False)] == [False, False]
    assert [found[2:] for found in check_records(tmp_path, [tmp_path], True)] == [
        ("repaired from git", True),
        ("removed: `dvc repro` writes it anew", True),
    ]
    assert (tmp_path / "dvc.lock").read_text() == WHOLE
    assert not (tmp_path / "data/sources/dvc.lock").exists()
