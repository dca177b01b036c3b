from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.runs.revisions import output

OUT = "data/out.parquet"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC repository with an output that differs between main, a branch and an experiment."""
    folder = tmp_path_factory.mktemp("project")

    def run(*words: str) -> None:
        subprocess.run(words, cwd=folder, check=True, capture_output=True)

    run("git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "t"), ("user.email", "t@localhost")):
        run("git", "config", key, value)
    run("dvc", "init", "-q")
    (folder / "data").mkdir()
    (folder / "params.yaml").write_text("lr: 1\n")
    (folder / "dvc.yaml").write_text(
        f"stages:\n  one:\n    cmd: grep lr params.yaml > {OUT}\n    params: [lr]\n    outs: [{OUT}]\n"
    )
    run("dvc", "repro")
    run("git", "add", "-A")
    run("git", "commit", "-qm", "one")
    run("dvc", "exp", "run", "-S", "lr=2", "-n", "two")
    run("git", "restore", ".")
    run("dvc", "checkout")
    run("git", "branch", "other")
    return folder


def content(given: str) -> str:
    found = output(given, OUT)
    return found.read_text() if isinstance(found, Path) else found.read().decode()


@pytest.mark.slow
def test_each_way_to_name_a_run(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(project)
    assert content("main") == content("other") == content("workspace") == "lr: 1\n"
    assert content("two") == "lr: 2\n"
    (project / "mine.parquet").write_text("mine")
    assert content("mine.parquet") == "mine"


@pytest.mark.slow
def test_an_unknown_name_and_a_missing_file(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(project)
    with pytest.raises(ArtExtractError, match=r"nothing: neither a file, nor `workspace`, nor a git revision"):
        output("nothing", OUT)
    assert output("gone.parquet", OUT) == Path("gone.parquet")  # the reader says that there is no such file


@pytest.mark.slow
def test_an_output_that_is_not_in_the_cache(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(project), str(clone)], check=True)
    shutil.rmtree(clone / ".dvc" / "cache", ignore_errors=True)
    monkeypatch.chdir(clone)
    with pytest.raises(ArtExtractError, match="is not in DVC's cache\nRemedy: `dvc pull`"):
        output("main", OUT)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArtExtractError, match="not the root of the repository"):
        output("main", OUT)
