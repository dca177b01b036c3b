"""Damage in every place is found and repaired from whichever copy is whole, and never from one that is not."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from dvc_objects.fs.memory import MemoryFileSystem

from artextract.core.errors import ArtExtractError
from artextract.core.locked import FOLDER, Locked, md5_of
from artextract.runs import verify_stores
from artextract.runs.verify import Options, Verified, verify
from artextract.runs.verify_repair import ASIDE
from artextract.runs.verify_stores import Cache, Remote

FILES = {"data/nga/index.parquet": b"index", "data/nga/00000.tar": b"pictures", "data/images.npy": b"array"}
RIGHT = {hashlib.md5(content).hexdigest(): content for content in FILES.values()}


def flip(path: Path) -> None:
    """One byte of a file, read-only or not, as a disk does it."""
    mode = path.stat().st_mode
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)


class Project:
    """A checkout with data, a cache and a remote, all whole."""

    def __init__(self, root: Path):
        self.root = root
        for name, content in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        listing = md5_of(root / "data/nga")
        self.objects = {"data/nga": listing} | {
            name: hashlib.md5(content).hexdigest() for name, content in FILES.items()
        }
        outs = {"fetch": ["data/nga"], "embed": ["data/images.npy"]}
        lock = {
            stage: {"outs": [{"path": path, "md5": self.objects[path]} for path in paths]}
            for stage, paths in outs.items()
        }
        (root / "dvc.lock").write_text(yaml.safe_dump({"stages": lock}))
        self.cache = Cache(root / ".dvc/cache")
        for name in FILES:
            self.cache.put(self.objects[name], root / name)
        entries = [f'{{"md5": "{self.objects[n]}", "relpath": "{n[9:]}"}}' for n in sorted(FILES) if "nga" in n]
        self.cache.write(listing, f"[{', '.join(entries)}]".encode())
        self.fs = MemoryFileSystem(global_store=False)  # as DVC has S3 and the like
        self.remote = Remote("store", SimpleNamespace(fs=self.fs, oid_to_path=lambda md5: f"/r/{md5[:2]}/{md5[2:]}"))
        for md5 in self.objects.values():
            self.remote.put(md5, self.cache.path(md5))

    def flip_remote(self, name: str) -> None:
        path = f"/r/{self.objects[name][:2]}/{self.objects[name][2:]}"
        content = bytearray(self.fs.cat_file(path))
        content[0] ^= 1
        self.fs.pipe_file(path, bytes(content))

    def run(self, *, repair: bool = False) -> Verified:
        return verify(self.root, [self.root], Options(repair), lambda items, what: items)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setattr("artextract.runs.verify.open_stores", lambda *_: (made.cache, made.remote))
    return made


def test_all_is_whole_and_all_is_read(project: Project) -> None:
    done = project.run()
    assert done.is_whole and not done.findings and not done.notes
    assert list(done.read.values()) == [3, 4, 4]


@pytest.mark.parametrize("name", ["data/nga/index.parquet", "data/images.npy", "data/nga"])
@pytest.mark.parametrize("places", ["data cache", "cache remote", "data remote"])
def test_a_flipped_byte_is_found_and_repaired_from_a_whole_copy(project: Project, name: str, places: str) -> None:
    if "data" in places:
        flip(project.root / (name if name != "data/nga" else "data/nga/index.parquet"))
    if "cache" in places:
        flip(project.cache.path(project.objects[name]))
    if "remote" in places:
        project.flip_remote(name)
    found = project.run()
    assert not found.is_whole and all("--repair takes it from" in finding.done for finding in found.findings)
    assert len(found.findings) == len(places.split())
    repaired = project.run(repair=True)
    assert repaired.is_whole and len(repaired.findings) == len(places.split())
    assert project.run().findings == []
    assert (project.root / "data/nga/index.parquet").read_bytes() == b"index"
    assert project.cache.path(project.objects[name]).stat().st_mode & 0o777 == 0o444


def test_where_no_copy_is_whole_all_are_taken_away_and_the_stage_is_named(project: Project) -> None:
    flip(project.root / "data/images.npy")
    flip(project.cache.path(project.objects["data/images.npy"]))
    project.flip_remote("data/images.npy")
    done = project.run(repair=True)
    assert not done.is_whole and len(done.findings) == 3
    assert all("`dvc repro embed` makes it anew" in finding.done for finding in done.findings)
    assert not (project.root / "data/images.npy").exists()
    assert (project.root / ASIDE / "data/images.npy").is_file()
    assert not project.cache.path(project.objects["data/images.npy"]).exists()
    assert dict(project.remote.hashes([project.objects["data/images.npy"]])) == {project.objects["data/images.npy"]: ""}


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_damaged_in_the_cache_and_no_longer_wanted_is_looked_at_in_the_remote_too(
    project: Project, whole: bool
) -> None:
    """It was pushed as it is, say, and the run after the next one may want it again."""
    other = hashlib.md5(b"other").hexdigest()
    project.cache.write(other, b"Other")
    project.fs.pipe_file(f"/r/{other[:2]}/{other[2:]}", b"other" if whole else b"Other")
    assert project.run(repair=True).is_whole
    assert dict(project.remote.hashes([other])) == {other: other if whole else ""}
    assert dict(project.cache.hashes([other])) == {other: other if whole else ""}


def test_what_was_changed_by_hand_is_set_aside_and_other_runs_objects_are_dropped(project: Project) -> None:
    (project.root / "data/images.npy").write_bytes(b"of my own")
    other = hashlib.md5(b"other").hexdigest()
    project.cache.write(other, b"Other")
    done = project.run(repair=True)
    assert done.is_whole and any("another run" in finding.done for finding in done.findings)
    assert (project.root / ASIDE / "data/images.npy").read_bytes() == b"of my own"
    assert not project.cache.path(other).exists()


def test_missing_files_of_a_folder_are_damage_and_a_clone_without_data_is_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "data/nga/index.parquet").unlink()
    assert [finding.problem for finding in project.run().findings] == ["missing"]
    for path in (project.root / "data").rglob("*"):
        path.unlink() if path.is_file() else None
    (project.root / "data/nga").rmdir()
    for md5 in project.objects.values():
        project.cache.drop(md5)
    done = project.run()
    assert done.is_whole and any("what embed wrote: `dvc pull`" in note for note in done.notes)
    project.remote.drop(project.objects["data/images.npy"])
    assert any("1 objects are not in remote store: `dvc push`" in note for note in project.run().notes)

    def refused(*_: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(project.fs, "open", refused)
    with pytest.raises(ArtExtractError, match=r"(?s)cannot be read: ConnectionError: no route.*--no-remote"):
        project.run()


def test_a_running_dvc_is_left_alone(project: Project) -> None:
    held = {"write": {"x": {"pid": os.getpid(), "cmd": "dvc repro"}}}
    (project.root / ".dvc/tmp").mkdir()
    (project.root / ".dvc/tmp/rwlock").write_text(json.dumps(held))
    with pytest.raises(ArtExtractError, match="DVC is running in this checkout"):
        project.run()


def test_networks_metrics_and_plots_come_back_from_git(project: Project) -> None:
    files = {
        "models/a/model.safetensors": b"net",
        "metrics/m.json": b"{}",
        "plots/p/a.csv": b"a",
        "plots/p/b.csv": b"b",
    }
    for name, content in files.items():
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_bytes(content)
    plots, metrics = md5_of(project.root / "plots/p"), hashlib.md5(b"{}").hexdigest()
    outs = [{"path": "metrics/m.json", "md5": metrics}, {"path": "plots/p", "md5": plots}]
    lock = yaml.safe_load((project.root / "dvc.lock").read_text())
    (project.root / "dvc.lock").write_text(yaml.safe_dump({"stages": lock["stages"] | {"eval": {"outs": outs}}}))
    git = {"outs": [{"plots/p": {"cache": False}}], "metrics": [{"metrics/m.json": {"cache": False}}]}
    (project.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"eval": git}}))
    for command in (["init", "-q"], ["add", "metrics", "plots", "models"],
                    ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "s"]):  # fmt: skip
        subprocess.run(["git", *command], cwd=project.root, check=True)
    assert project.run().is_whole
    (project.root / "metrics/m.json").unlink()
    flip(project.root / "plots/p/b.csv")
    flip(project.root / "models/a/model.safetensors")
    assert len(project.run().findings) == 3
    assert project.run(repair=True).is_whole
    assert {name: (project.root / name).read_bytes() for name in files} == files
    # What git does not have as dvc.lock says: DVC, which remembers files by their times, is made to look again.
    subprocess.run(["git", "rm", "-rq", "--cached", "plots"], cwd=project.root, check=True)
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"], cwd=project.root, check=True
    )
    damaged = project.root / "plots/p/b.csv"
    flip(damaged)
    os.utime(damaged, ns=(1, 1))
    (found,) = project.run().findings
    assert "dvc repro -f eval" in found.done and damaged.stat().st_mtime_ns == 1
    (found,) = project.run(repair=True).findings
    assert not found.mended and "the next `dvc repro` makes it anew" in found.done
    assert damaged.stat().st_mtime_ns != 1


@pytest.mark.slow
def test_dvc_itself_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a repository of DVC's own making, with a remote: the cache, and what `dvc checkout` takes from it."""
    from dvc.cli import main as dvc

    monkeypatch.chdir(tmp_path)
    assert dvc(["init", "-q", "--no-scm"]) == 0
    (tmp_path / "dvc.yaml").write_text("stages: {s: {cmd: 'mkdir -p d && echo a > d/a && echo b > b', outs: [d, b]}}")
    (tmp_path / ".dvc/config").write_text(
        f"[core]\n no_scm = true\n remote = r\n['remote \"r\"']\n url = {tmp_path}/r\n"
    )
    assert dvc(["repro", "-q"]) == dvc(["push", "-q"]) == 0
    locked = Locked(tmp_path)
    cache, remote = verify_stores.open_stores(tmp_path, None)
    assert remote is not None
    md5 = next(out.md5 for out in locked.outs if out.path == "b")
    flip(cache.path(md5))
    (tmp_path / "b").unlink()
    assert dvc(["checkout", "-q"]) == 0
    assert (tmp_path / "b").read_text() != "b\n"  # DVC believes what is read-only

    def show(items: Iterable[str], what: str) -> Iterable[str]:
        return items

    assert len(verify(tmp_path, [tmp_path], Options(), show).findings) == 2
    assert verify(tmp_path, [tmp_path], Options(repair=True), show).is_whole
    assert (tmp_path / "b").read_text() == "b\n"
    folder = next(out.md5 for out in locked.outs if out.path == "d")
    assert folder.endswith(FOLDER) and dict(remote.hashes([folder]))[folder] == folder.removesuffix(FOLDER)
