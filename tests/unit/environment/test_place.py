"""An environment that was moved or copied starts its own Python and runs the code of its own checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artextract.environment import place
from tests.closure import ROOT


def checkout(folder: Path) -> Path:
    """The smallest folder that counts as a checkout, with an environment in it."""
    for package in ("src/artextract", "stages"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(f"PLACE = {str(folder)!r}\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    return folder


def packages(folder: Path) -> Path:
    return next((folder / ".venv" / "lib").glob("python*")) / "site-packages"


def code_that_runs(python: Path, cwd: Path) -> str:
    """The folder of the package that this Python imports."""
    command = [python, "-c", "import artextract; print(artextract.__file__)"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    return done.stdout.strip() or done.stderr


def test_a_copy_runs_its_own_code_and_a_moved_checkout_too(tmp_path: Path):
    one = checkout(tmp_path / "one")
    place.write_hook(packages(one))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert code_that_runs(one / ".venv/bin/python", elsewhere).startswith(str(one / "src"))
    two = tmp_path / "two"
    shutil.copytree(one, two, symlinks=True)
    for cwd in (two, two / "stages", elsewhere):
        assert code_that_runs(two / ".venv/bin/python", cwd).startswith(str(two / "src"))
    three = tmp_path / "three"
    one.rename(three)
    assert code_that_runs(three / ".venv/bin/python", elsewhere).startswith(str(three / "src"))


def test_the_checkout_of_the_working_directory_comes_first(tmp_path: Path):
    """A temporary checkout of an experiment shares the environment, and runs the code that was queued."""
    one, two = checkout(tmp_path / "one"), checkout(tmp_path / "two")
    place.write_hook(packages(one))
    assert code_that_runs(one / ".venv/bin/python", two).startswith(str(two / "src"))


def test_scripts_of_a_moved_environment_are_mended(tmp_path: Path):
    scripts = tmp_path / "a b" / "bin"  # a space: the kernel reads no such first line
    scripts.mkdir(parents=True)
    (scripts / "python").symlink_to(sys.executable)
    (scripts / "direct").write_text("#!/old/place/.venv/bin/python\nprint('direct')\n")
    (scripts / "shell").write_text(
        "#!/bin/sh\n'''exec' \"/old place/bin/python\" \"$0\" \"$@\"\n' '''\nprint('shell')\n"
    )
    (scripts / "other").write_text("#!/bin/bash\necho other\n")
    for name in ("direct", "shell", "other"):
        (scripts / name).chmod(0o755)
    assert place.renew_scripts(scripts) == ["direct", "shell"]
    assert place.renew_scripts(scripts) == []
    for name in ("direct", "shell", "other"):
        done = subprocess.run([scripts / name], capture_output=True, text=True, check=True)
        assert done.stdout == f"{name}\n"


def test_activation_names_the_place_and_says_where_it_does_not(tmp_path: Path):
    one = checkout(tmp_path / "one")
    assert not place.renew_activation(one / ".venv")
    two = tmp_path / "two"
    shutil.copytree(one, two, symlinks=True)
    command = ["bash", "-c", f"source {two}/.venv/bin/activate; echo $VIRTUAL_ENV"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "made in another place" in done.stderr and "Remedy: make setup" in done.stderr
    assert place.renew_activation(two / ".venv")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == "" and done.stdout.strip() == str(two / ".venv")


def test_the_command_starts_the_python_next_to_it(tmp_path: Path):
    one = checkout(tmp_path / "one")
    place.write_hook(packages(one))
    (one / "src/artextract/__main__.py").write_text("import sys; print(sys.prefix, *sys.argv[1:])\n")
    place.write_command(one / ".venv/bin")
    two = tmp_path / "two"
    one.rename(two)
    command = [two / ".venv/bin/artextract", "x", "y z"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=tmp_path, env={"PATH": "/bin:/usr/bin"}
    )
    assert done.stdout.strip() == f"{two / '.venv'} x y z"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile in a folder of its own, with a stand-in for the set-up."""
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("requirements.txt", "requirements-data.txt"):
        (folder / name).touch()
    shutil.copytree(ROOT / "locks", folder / "locks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "src/artextract/environment", folder / "src/artextract/environment")
    (folder / "src/artextract/explorer/page").mkdir(parents=True)
    (folder / "src/artextract/explorer/page/package-lock.json").touch()
    (folder / "src/artextract/__init__.py").touch()
    (folder / "src/artextract/__main__.py").write_text("import sys; print('set up', *sys.argv[1:])\n")
    (folder / ".venv/bin").mkdir(parents=True)
    python = folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\n[ "$2" = pip ] && exit 0\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(folder), *arguments], capture_output=True, text=True, env=os.environ)


@pytest.mark.slow
def test_make_sets_up_once_and_again_in_another_place(project: Path):
    first = make(project, "setup")
    assert first.returncode == 0 and "set up environment set-up" in first.stdout, first.stderr
    assert "set up environment web-parts" in first.stdout
    assert "1/5" in first.stdout and "5/5" in first.stdout
    assert "set up" not in make(project, "setup").stdout
    moved = project.rename(project.parent / "moved")
    again = make(moved, "setup")
    assert f"was set up in another place ({project}/.venv)" in again.stdout and "set up environment" in again.stdout
    assert "set up" not in make(moved, "setup").stdout


def test_make_alone_lists_the_targets(project: Path):
    done = make(project)
    for target in ("repro", "setup", "dev", "test", "test-fast", "test-long", "lint", "help"):
        assert f"make {target} " in done.stdout
    assert done.stdout == make(project, "help").stdout


def test_make_says_what_is_missing(project: Path):
    done = make(project, "setup", "PYTHON=python9.9")
    assert done.returncode != 0 and "There is no program python9.9. Remedy:" in done.stdout
    (project / ".venv/bin/python").write_text("#!/bin/sh\necho 'no route to host' >&2\nexit 1\n")
    done = make(project, "setup")
    assert done.returncode != 0 and "Packages could not be installed" in done.stdout
    assert not (project / ".venv/.installed").exists()
