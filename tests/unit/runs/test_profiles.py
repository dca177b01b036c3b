from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.runs import profiles
from tests.command import artextract


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with a profile, and a `dvc` that changes params.yaml and ends with the status in `status`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/big.args").write_text("# a remark\n-S lr=1\n-S a.b='x y'\n")
    (tmp_path / "params.yaml").write_text("lr: 0\n")
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/dvc"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > words\necho "lr: 1" > params.yaml\nexit $(cat status)\n')
    fake.chmod(0o755)
    (tmp_path / "status").write_text("0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
    for words in (["init", "-q"], ["add", "params.yaml"], ["commit", "-qm", "start"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def test_a_profile_runs_with_its_words_and_says_the_way_back(project: Path, capfd: pytest.CaptureFixture[str]):
    assert artextract("profile", "big", "-S", "lr=2", "evaluate_auc") == 0
    words = (project / "words").read_text().splitlines()
    assert words == ["exp", "run", "-S", "lr=1", "-S", "a.b=x y", "-S", "lr=2", "evaluate_auc"]
    assert (project / "params.yaml").read_text() == "lr: 1\n"
    assert capfd.readouterr().out.count("git restore params.yaml") == 2


def test_a_profile_that_fails_leaves_params_as_they_were(project: Path, capfd: pytest.CaptureFixture[str]):
    (project / "status").write_text("7")
    assert artextract("profile", "big") == 7
    assert (project / "params.yaml").read_text() == "lr: 0\n"
    assert "params.yaml is as it was" in capfd.readouterr().out


def test_changes_of_the_user_are_not_thrown_away(project: Path, capfd: pytest.CaptureFixture[str]):
    (project / "status").write_text("1")
    (project / "params.yaml").write_text("lr: 5\n")
    assert artextract("profile", "big") == 1
    assert "had changes before" in capfd.readouterr().out


def test_an_unknown_profile_is_named(project: Path):
    with pytest.raises(ArtExtractError, match="there is no profile small\nRemedy: one of: big"):
        profiles.command("small", [], [])
