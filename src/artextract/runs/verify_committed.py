"""Files that git has: results that DVC knows by their hash (metrics, plots), and the networks in models/."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from artextract.core.files import write_bytes
from artextract.core.locked import Locked, Out, list_of_files, md5_of, md5_of_list

MODELS = "models"
Found = tuple[str, str, str, bool]  # where, problem, done, mended: as verify.Finding


def _git(root: Path, *arguments: str) -> bytes | None:
    """What a git command says; None where it fails or there is no git."""
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def committed(root: Path, name: str) -> bytes | None:
    """A file as it is in the last commit; None where it is not."""
    return _git(root, "cat-file", "blob", f"HEAD:{name}")


def _blob_sha1(content: bytes) -> str:
    """The name that git has for a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def check_committed(root: Path, repair: bool) -> Iterator[Found]:
    """Compare the networks in models/ with what git has.

    Args:
        root: Root of the checkout.
        repair: Write what git has in the place of what is damaged.
    """
    listed = _git(root, "ls-files", "-s", "-z", "--", MODELS) or b""
    for line in filter(None, listed.decode().split("\0")):
        entry, _, name = line.partition("\t")
        sha1, path = entry.split()[1], root / name
        if path.is_file() and _blob_sha1(path.read_bytes()) == sha1:
            continue
        problem = "not what git has" if path.is_file() else "missing"
        content = _git(root, "cat-file", "blob", sha1) if repair else None
        if content is not None and _blob_sha1(content) == sha1:
            write_bytes(path, content)
            yield str(path), problem, "repaired from git", True
        else:
            yield str(path), problem, f"`git restore {name}` brings it back", False


def check_kept_by_git(root: Path, folder: Path, repair: bool) -> Iterator[Found]:
    """Compare metrics and plots with dvc.lock.

    Args:
        root: Root of the checkout.
        folder: The folder of dvc.lock.
        repair: Write what git has, where that is what dvc.lock says.
    """
    locked = Locked(folder)
    for out in locked.outs:
        path = folder / out.path
        if locked.cached.get(out.path, True) or md5_of(path) == out.md5:
            continue
        problem = "not what dvc.lock says" if path.exists() else "missing"
        name = path.relative_to(root).as_posix()
        if repair and _bring_back(root, name, out):
            yield str(path), problem, "repaired from git", True
        elif repair:
            _touch(path)
            yield str(path), problem, f"`git restore {name}`; else the next `dvc repro` makes it anew", False
        else:
            yield str(path), problem, f"`git restore {name}`, or `dvc repro -f {out.stage}`", False


def _touch(path: Path) -> None:
    """Let DVC look at files again: after a loss of power their times are those that it remembers them by."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            os.utime(file)


def _bring_back(root: Path, name: str, out: Out) -> bool:
    """Write the committed files of an out, if they are what dvc.lock says."""
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", name) or b""
    names = sorted(filter(None, listed.decode().split("\0")))
    contents = {file: _git(root, "cat-file", "blob", f"HEAD:{file}") or b"" for file in names}
    if out.md5 != _md5_of(contents, name, out.is_folder):
        return False
    for file, content in contents.items():
        if not (root / file).is_file() or (root / file).read_bytes() != content:
            write_bytes(root / file, content)
    return True


def _md5_of(contents: dict[str, bytes], name: str, is_folder: bool) -> str:
    """The hash that dvc.lock would have for committed files."""
    hashes = {file: hashlib.md5(content, usedforsecurity=False).hexdigest() for file, content in contents.items()}
    if not is_folder:
        return hashes.get(name, "")
    return md5_of_list(list_of_files({file.removeprefix(f"{name}/"): md5 for file, md5 in hashes.items()}))
