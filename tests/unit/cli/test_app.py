"""The one door: help, version, wrong input, and what happens outside of the environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer

import artextract
from artextract.cli import app as door
from artextract.core.errors import ArtExtractError
from tests.command import artextract as command
from tests.conftest import ROOT

ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}


def started(*words: str, cwd: Path = ROOT, python: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *python, "-m", "artextract", *words], cwd=cwd, env=ENV | env, capture_output=True, text=True
    )


def verbs() -> list[list[str]]:
    """Every verb as the words that name it; groups and their verbs."""
    named, todo = [], [([], typer.main.get_command(door.app))]
    while todo:
        words, verb = todo.pop()
        named.append(words)
        todo += [([*words, name], part) for name, part in getattr(verb, "commands", {}).items()]
    return sorted(named)


def test_the_verbs() -> None:
    expected = [
        "ablations", "attempts", "collection", "compare", "environment", "evidence", "experiments", "explore",
        "export-onnx", "judge", "map", "optimise", "predict", "profile", "publish", "qrels", "readme-tables", "report",
        "repro", "search", "seeds", "serve", "splits", "triplets", "unseen-painters", "verify",
    ]  # fmt: skip
    assert sorted(words[0] for words in verbs() if len(words) == 1) == expected


@pytest.mark.parametrize("words", verbs(), ids=" ".join)
def test_help_does_nothing_else(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("as it was")
    monkeypatch.chdir(tmp_path)
    assert command(*words, "--help") == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"Usage: {' '.join(['artextract', *words])}") and not said.err
    assert [path.read_text() for path in tmp_path.rglob("*")] == ["as it was"]


@pytest.mark.parametrize("words", verbs(), ids=" ".join)
def test_an_unknown_option_is_one_line_and_a_remedy(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*words, "--no-such-option") == 2
    said = capsys.readouterr()
    problem, remedy = said.err.splitlines()
    name = " ".join(["artextract", *words])
    assert problem.startswith(f"{name}: ") and "--no-such-option" in problem and not said.out
    assert remedy == f"Remedy: `{name} --help` lists its arguments and options."


def test_version_and_bare_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--version") == 0
    assert capsys.readouterr().out == f"artextract {artextract.__version__}\n"
    assert command() == 0
    assert "Commands:" in capsys.readouterr().out
    assert command("serach") == 2
    assert "No such command 'serach'" in capsys.readouterr().err


def test_version_is_that_of_the_project() -> None:
    assert f'version = "{artextract.__version__}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ArtExtractError("is bad", where="file", remedy="mend it"), 2, "file: is bad\nRemedy: mend it\n"),
        (FileNotFoundError(2, "No such file or directory", "/there"), 2, "/there: no such file or directory\n"),
        (PermissionError(13, "Permission denied", "/there"), 2, "/there: the folder / belongs to "),
        (MemoryError(), 2, "the memory of the machine does not suffice\nRemedy: "),
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
)
def test_problems_of_a_verb(
    error: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(readme: Path, metrics: Path, *, check: bool) -> None:
        raise error

    monkeypatch.setattr("artextract.runs.readme_tables.renew", fails)
    assert command("readme-tables") == status
    assert capsys.readouterr().err.startswith(f"artextract readme-tables: {said}")


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(readme: Path, metrics: Path, *, check: bool) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("artextract.runs.readme_tables.renew", fails)
    with pytest.raises(ZeroDivisionError):
        command("readme-tables")


def test_help_imports_nothing_slow() -> None:
    result = started("search", "--help", python=("-X", "importtime"))
    assert result.returncode == 0 and "QUERY" in result.stdout
    for name in ("numpy", "pandas", "torch", "PIL", "dvc", "rich"):  # rich: boxes are for terminals
        assert f" {name}\n" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("width", ["20", "40", "200"])
def test_into_a_pipe_goes_plain_text(width: str) -> None:
    for words in (["--help"], ["search", "--help"], ["search", "--space", "x", "cow"]):
        done = started(*words, COLUMNS=width, FORCE_COLOR="")
        said = done.stdout + done.stderr
        assert said.isascii() and "\x1b" not in said


def test_outside_of_the_environment_the_advice_names_the_command() -> None:
    # -S: no site-packages, as with a system Python that lacks everything
    done = started("search", "a cow", python=("-S",))
    assert done.returncode == 2 and not done.stdout
    problem, remedy = done.stderr.splitlines()
    assert problem.startswith(f"artextract search: this Python ({sys.executable}) lacks numpy, pandas")
    assert "`make setup`" in remedy and "`source .venv/bin/activate`" in remedy
    assert remedy.endswith("then `artextract search 'a cow'`.")


def test_completion_is_offered_under_the_name_of_the_command() -> None:
    done = started("--show-completion", "bash")
    assert done.returncode == 0 and "complete -o default -F _artextract_completion artextract" in done.stdout
    asked = {"COMP_WORDS": "artextract comp", "COMP_CWORD": "1", "_ARTEXTRACT_COMPLETE": "complete_bash"}
    environment: dict[str, Any] = asked
    assert started(**environment).stdout.split() == ["compare"]


@pytest.mark.slow
def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    """The command reads a pipe that nobody writes to, until it is interrupted."""
    pipe = tmp_path / "README.md"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "artextract", "readme-tables"], cwd=tmp_path, env=ENV, stderr=subprocess.PIPE, text=True
    )
    handle = None
    while handle is None and process.poll() is None:
        try:
            handle = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # fails until the command reads
        except OSError:
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "artextract readme-tables: stopped\n")
    assert handle is not None
    os.close(handle)
