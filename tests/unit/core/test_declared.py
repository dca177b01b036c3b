from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from artextract.core.declared import check_inputs, committed_outs_kept, put_back
from artextract.core.errors import ArtExtractError

DVC_YAML = """
stages:
  train:
    cmd: x
    deps: [data/in, data/also.npy, src]
    outs: [data/model, plots/t: {cache: false}]
    metrics: [metrics/t.json: {cache: false}]
"""


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git checkout with a stage, its metrics and its plots committed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    for name, text in {
        "dvc.yaml": DVC_YAML,
        "metrics/t.json": "{}",
        "plots/t/a.csv": "a",
        "plots/t/b.csv": "b",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "s"]):
        subprocess.run(["git", *command], check=True)
    return tmp_path


def test_missing_inputs_are_named_with_the_way_to_get_them() -> None:
    with pytest.raises(ArtExtractError, match=r"data/in, data/also.npy, src are not here\n.*dvc pull.*without -s"):
        check_inputs("train")
    for name in ("data/in", "src"):
        Path(name).mkdir(parents=True)
    with pytest.raises(ArtExtractError, match=r"data/also\.npy is not here"):
        check_inputs("train")
    check_inputs("another")


def test_a_stage_of_a_collection_is_found_from_wherever_dvc_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "collections/mine/dvc.yaml:train")  # as DVC names it from the repository's root
    with pytest.raises(ArtExtractError, match="data/in"):
        check_inputs("train")


def test_removed_outs_come_back_and_new_files_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), committed_outs_kept("train"):
        for name in ("metrics/t.json", "plots/t/b.csv"):
            Path(name).unlink()
        Path("plots/t/a.csv").write_text("new")
        raise KeyboardInterrupt
    assert (Path("metrics/t.json").read_text(), Path("plots/t/b.csv").read_text()) == ("{}", "b")
    assert Path("plots/t/a.csv").read_text() == "new"
    assert "train: 2 files" in capsys.readouterr().err


def test_a_stage_that_ends_well_may_leave_a_file_out() -> None:
    with committed_outs_kept("train"):
        Path("plots/t/b.csv").unlink()
    assert not Path("plots/t/b.csv").exists()
    assert put_back("another") == []


def test_a_failed_experiment_says_the_way_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("params.yaml").write_text("lr: 1")
    subprocess.run(["git", "add", "params.yaml"], check=True)
    monkeypatch.setenv("DVC_STAGE", "train")
    with pytest.raises(ValueError), committed_outs_kept("train"):
        raise ValueError
    assert "git restore params.yaml dvc.lock data metrics plots && dvc checkout" in capsys.readouterr().err
