"""Pages and files for people: links lead somewhere, commands exist, versions agree, examples run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer._click.core import Command  # typer has no public name for it
from typer.main import get_command

from artextract import __version__
from artextract.cli.app import app
from tests.closure import ROOT
from tests.conftest import jpeg

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(line.lstrip("#")) for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_inside_of_the_repository_lead_somewhere(page: Path):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), target


def commands(page: Path) -> list[str]:
    """Lines of the shell blocks of a page, without comments; continued lines are joined."""
    blocks = re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def command_of(words: list[str]) -> tuple[Command, list[str]]:
    """The verb that the words after ``artextract`` name, and the words after it."""
    command: Command = get_command(app)
    for i, word in enumerate(words):
        subcommands = getattr(command, "commands", None)
        if subcommands is None or word.startswith("-"):
            return command, words[i:]
        assert word in subcommands, f"artextract has no verb {' '.join(words[: i + 1])}"
        command = subcommands[word]
    return command, []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_verbs_options_and_targets_that_pages_name_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    inline = [code for code in re.findall(r"`([^`\n]+)`", text) if code.startswith("artextract ")]
    for line in [*commands(page), *inline]:
        words = shlex.split(line)
        if words and words[0] == "artextract" and words[1:] and words[1].isascii() and words[1] != "VERB":
            command, rest = command_of(words[1:])
            known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
            known |= {"--help", "-h"}
            if command.name == "profile":  # what follows is DVC's
                continue
            given = {word.split("=")[0] for word in rest if re.match(r"--?[a-zA-Z]", word)}
            assert given <= known, f"{line}: no option {given - known}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= targets
    assert not re.search(r"python -m artextract\.", text), "there is one door: `artextract VERB`"


def test_the_benchmark_page_names_every_judge():
    from artextract.similarity.ranking.judges import JUDGES

    page = (ROOT / "docs/benchmark.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert named == {judge.key for judge in JUDGES if judge.make is not None} | {"human"}


def test_the_version_is_the_same_everywhere():
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == __version__
    assert f"## {__version__}\n" in (ROOT / "CHANGELOG.md").read_text()


def test_files_for_other_tools_are_readable_and_name_what_exists():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert all(hook["language"] == "system" and ".venv/bin/" in hook["entry"] for hook in hooks)
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert "iterative.dvc" in container["customizations"]["vscode"]["extensions"]
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert ".ci/run" in steps and any("dvc metrics diff --md" in step for step in steps)


def run_example(name: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}
    )


@pytest.mark.slow
def test_example_embeds_a_folder_and_finds_the_copy(tmp_path: Path):
    for i in range(4):
        (tmp_path / f"{i}.jpg").write_bytes(jpeg(i, 160, 120))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "copy of 2.jpg").write_bytes(jpeg(2, 160, 120, quality=60))
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    done = run_example("embed_a_folder_and_search_it.py", str(tmp_path), str(tmp_path / "2.jpg"), "-k", "2")
    assert done.returncode == 0, done.stderr
    first = done.stdout.split("most like")[1].splitlines()[1]
    assert first.endswith("copy of 2.jpg")
    assert "left out" in done.stdout and "broken.png" in done.stdout


@pytest.mark.long
def test_examples_say_what_is_missing(tmp_path: Path):
    done = run_example("embed_a_folder_and_search_it.py", str(tmp_path))
    assert done.returncode != 0 and "no pictures found" in done.stderr and "Traceback" not in done.stderr
    done = run_example("train_a_head_on_cached_tokens.py", cwd=tmp_path)
    assert done.returncode != 0 and "dvc repro prepare_artgan" in done.stderr and "Traceback" not in done.stderr
    done = run_example("judge_an_embedding.py", cwd=tmp_path)
    assert done.returncode != 0 and "dvc repro embed_images" in done.stderr and "Traceback" not in done.stderr
