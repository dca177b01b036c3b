"""S3: the shared layer behind the cache, and DVC's remote; also while the server answers errors for a while."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from artextract.core import shared
from artextract.core.errors import ArtExtractError
from tests.checkouts import Checkout
from tests.closure import ROOT
from tests.s3_server import S3, s3_server
from tests.unit.core.test_shared import Machines

PACKAGES = ("s3fs", "dvc_s3", "moto", "flask")
MISSING = [package for package in PACKAGES if find_spec(package) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed (requirements-s3.txt, requirements-dev.txt): {MISSING}"),
]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        running.bucket("paintings")
        yield running


@pytest.fixture
def machines(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """Machines that share a prefix of the bucket."""
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    found = Machines(tmp_path, monkeypatch)
    monkeypatch.setenv(shared.VARIABLE, f"s3://paintings/{tmp_path.name}")
    yield found
    shared._open.cache_clear()


def test_files_folders_and_rows_are_made_once_for_all(machines: Machines):
    for name in ("one", "two"):
        assert machines.file(name).read_text() == "content"
        assert (machines.tree(name) / "deep" / "b.txt").read_text() == "b"
    assert machines.made == ["file", "tree"]
    assert machines.rows("one", [1, 2]) == [1, 2] and machines.rows("two", [1, 2, 3]) == [3]
    assert machines.contents("one", ["a", "bb"]) == ["a", "bb"] and machines.contents("two", ["bb", "c"]) == ["c"]


def test_a_bucket_that_does_not_exist_is_named(machines: Machines, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(shared.VARIABLE, "s3://no-such-bucket/x")
    with pytest.raises(ArtExtractError, match=r"(?s)no-such-bucket/x.*bucket"):
        machines.file("one")


def outage(machines: Machines, s3: S3, seconds: float) -> None:
    """One machine writes and another one reads while the server fails; nothing is made twice."""
    before, s3.fails_next = s3.refused, seconds
    machines.file("one")
    assert machines.rows("one", [1, 2]) == [1, 2]
    between, s3.fails_next = s3.refused, seconds
    assert machines.file("two").read_text() == "content" and machines.rows("two", [1, 2]) == []
    assert machines.made == [] and before < between < s3.refused


@pytest.mark.long
def test_errors_for_a_while_cost_time_and_nothing_else(machines: Machines, s3: S3):
    outage(machines, s3, 5)


@pytest.mark.long
def test_errors_for_half_a_minute_cost_time_and_nothing_else(machines: Machines, s3: S3):
    outage(machines, s3, 30)


# --- DVC's remote

STAGE = """
import pathlib, sys
with open("../log", "a") as log:
    log.write(sys.argv[1] + "\\n")
pathlib.Path("data").mkdir(exist_ok=True)
pathlib.Path("data", sys.argv[1]).write_text(sys.argv[1] * 1000)
"""


@pytest.fixture
def project(s3: S3, tmp_path: Path) -> Checkout:
    """Two stages, run and committed, with a remote on S3."""
    checkout = Checkout(tmp_path / "project")
    folder = checkout.folder
    folder.mkdir()
    checkout.env |= s3.env | {"DVC_NO_ANALYTICS": "1", "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "12"}
    (folder / "s.py").write_text(STAGE)
    first = {"cmd": "python s.py one", "deps": ["s.py"], "outs": ["data/one"]}
    second = {"cmd": "python s.py two", "deps": ["data/one"], "outs": ["data/two"]}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"first": first, "second": second}}, sort_keys=False))
    checkout.run("git", "init", "-q", "-b", "main")
    checkout.run("dvc", "init", "-q")
    shutil.copy2(ROOT / ".dvc/config", folder / ".dvc/config")
    checkout.run("dvc", "remote", "add", "-d", "store", f"s3://paintings/{tmp_path.name}")
    checkout.run("dvc", "repro", "-q")
    checkout.run("git", "add", "-A")
    checkout.run("git", "commit", "-qm", "start")
    return checkout


def clone(project: Checkout, name: str) -> Checkout:
    """Another machine: the commit, and no cache."""
    other = Checkout(project.folder.parent / name)
    other.env = project.env
    project.run("git", "clone", "-q", str(project.folder), str(other.folder))
    return other


def test_push_pull_and_repro_that_pulls(project: Checkout, s3: S3):
    before, s3.fails_next = s3.refused, 10
    project.run("dvc", "push", "--run-cache")
    assert s3.refused > before
    log = project.folder.parent / "log"
    assert log.read_text() == "one\ntwo\n"
    other = clone(project, "pulled")
    before, s3.fails_next = s3.refused, 10
    other.run("dvc", "pull")
    assert s3.refused > before
    assert (other.folder / "data/two").read_text() == "two" * 1000
    assert "up to date" in other.run("dvc", "status")
    third = clone(project, "reproduced")
    third.run("dvc", "repro", "--pull", "--allow-missing")
    third.run("dvc", "pull")
    assert (third.folder / "data/one").read_text() == "one" * 1000
    assert log.read_text() == "one\ntwo\n" and not third.run("git", "status", "--short")
