"""The files of a run, in the working copy and in git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.reports.provenance import changed_params, commit_of
from artextract.reports.snapshot import revision, workspace


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC repository with two commits, a collection, and a change that is not committed."""
    folder = tmp_path_factory.mktemp("project")

    def run(*command: str) -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    run("git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "t"), ("user.email", "t@localhost")):
        run("git", "config", key, value)
    run("dvc", "init", "-q")
    mine = folder / "collections" / "mine" / "metrics"
    mine.mkdir(parents=True)
    (mine / "ndcg.json").write_text('{"ndcg": 0.5}')
    for lr in ("1e-3", "2e-3"):
        (folder / "params.yaml").write_text(f"lr: {lr}\ntrain: {{head: gru}}\n")
        run("git", "add", "-A")
        run("git", "commit", "-qm", f"lr {lr}\n\nMore words.")
    (folder / "params.yaml").write_text("lr: 3e-3\ntrain: {head: linear}\n")
    return folder


@pytest.mark.slow
def test_each_run_has_its_own_files(project: Path):
    here, last, first = workspace(project), revision("main", project), revision("main~1", project)
    assert [run.yaml("params.yaml")["lr"] for run in (here, last, first)] == [3e-3, 2e-3, 1e-3]
    assert last.json("metrics/none.json") == {} and last.table("plots/none.csv") is None
    mine = revision("main", project, "collections/mine")
    assert mine.json("metrics/ndcg.json") == {"ndcg": 0.5}
    assert mine.listed("metrics") == ["metrics/ndcg.json"] and mine.listed("plots") == []
    assert workspace(project / "collections" / "mine").listed("metrics") == ["metrics/ndcg.json"]
    with pytest.raises(ArtExtractError, match="neither `workspace`, nor a git revision, nor an experiment"):
        revision("nothing", project)


def test_the_commit_of_a_run(project: Path, tmp_path: Path):
    here, last = commit_of(project, "workspace"), commit_of(project, "main")
    assert here is not None and last is not None
    assert here.sha == last.sha and here.changed and not last.changed
    assert last.subject == "lr 2e-3" and len(last.parent) == 40 and last.when[:2] == "20"
    first = commit_of(project, last.parent)
    assert first is not None and first.parent == ""
    assert commit_of(tmp_path, "workspace") is None


def test_parameters_that_differ(project: Path):
    rows = changed_params(revision("main", project).yaml("params.yaml"), workspace(project).yaml("params.yaml"))
    assert rows == [["lr", "0.002", "0.003"], ["train.head", "gru", "linear"]]
    assert changed_params({"a": 1}, {"b": {"c": 2}}) == [["a", "1", "not there"], ["b.c", "not there", "2"]]
