from __future__ import annotations

import errno
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.words import in_words, owner

MEMORY_ERROR_OF_NUMPY = importlib.import_module("numpy._core._exceptions")._ArrayMemoryError


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "problem", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full", "free some space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota", "larger quota"),
        (OSError(errno.EFBIG, "File too large"), "larger than is allowed", "ulimit -f"),
        (OSError("1024 requested and 12 written"), "disk is full", "free some space"),
        (RuntimeError("Error while serializing: I/O error: No space left (os error 28)"), "disk is full", "free some"),
        (raised_from(RuntimeError("unexpected pos 64 vs 0"), OSError(errno.ENOSPC, "")), "disk is full", "free some"),
        (RuntimeError("write error in f: 3 != 9 (No space left on device)"), "disk is full", "free some space"),
        (shutil.Error([("a", "b", "[Errno 122] Disk quota exceeded: 'b'")]), "quota", "larger quota"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files", "ulimit -n"),
        (MemoryError(), "memory of the machine", "lower batch_size"),
        (MEMORY_ERROR_OF_NUMPY((9,), np.dtype("f4")), "memory of the machine", "lower batch_size"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory of the GPU", "lower batch_size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "memory of the machine", "batch_size"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied", "this user may do"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/a/b"), "/a/b: no such file", ""),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/a/b"), "/a/b: is a directory", ""),
        (raised_from(KeyError("x"), ArtExtractError("told")), "told", ""),
    ],
)
def test_in_words(error: Exception, problem: str, remedy: str) -> None:
    told = in_words(error)
    assert told is not None and problem in str(told) and remedy in str(told)


def handled(error: Exception, context: Exception) -> Exception:
    error.__context__ = context
    return error


@pytest.mark.parametrize("context", [ArtExtractError("told"), FileNotFoundError(errno.ENOENT, "No such file", "/a/b")])
def test_an_error_in_the_handling_of_another_is_its_own_matter(context: Exception) -> None:
    assert in_words(handled(KeyError("x"), context)) is None
    full = in_words(handled(KeyError("x"), OSError(errno.ENOSPC, "No space left on device")))
    assert full is not None and "disk is full" in str(full)


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("shape"), OSError("odd"), OSError(errno.EINVAL, "?")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert in_words(error) is None


def test_the_cache_may_be_put_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path))
    full = OSError(errno.ENOSPC, "No space left on device")
    assert "export ARTEXTRACT_CACHE=FOLDER" in str(in_words(full, tmp_path / "tokens" / "x"))
    assert "ARTEXTRACT_CACHE" not in str(in_words(full, tmp_path.parent / "x"))
    read_only = OSError(errno.EROFS, "Read-only file system", str(tmp_path / "x" / "y"))
    assert f"read-only: {tmp_path}\n" in str(in_words(read_only)) and "ARTEXTRACT_CACHE" in str(in_words(read_only))


OTHER_USER = """
import sys
from pathlib import Path
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.kept import kept_file
for where, act in (("cache", lambda p: kept_file(p, Path.touch, "x")), ("out", lambda p: write_text(p, "x"))):
    try:
        act(Path(sys.argv[1]) / where / "weights" / "x")
    except ArtExtractError as error:
        print(error)
"""


@pytest.mark.slow
def test_the_folder_of_another_user_is_named_with_its_owner(tmp_path: Path) -> None:
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
    if os.getuid() != 0 or subprocess.run([*without, "true"], capture_output=True).returncode:
        pytest.skip("only root can be two users, and setpriv must be there")
    for name in ("cache", "out"):
        (tmp_path / name / "weights").mkdir(parents=True)
        os.chown(tmp_path / name / "weights", 65534, 65534)
    done = subprocess.run(
        [*without, sys.executable, "-c", OTHER_USER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ARTEXTRACT_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    cache, out = done.stdout.split(f"{tmp_path / 'out' / 'weights' / 'x'}:")
    for said, name in ((cache, "cache"), (out, "out")):
        folder = tmp_path / name / "weights"
        assert f"the folder {folder} belongs to {owner(folder)} (drwxr-xr-x), and {owner()} has no permission" in said
    assert "export ARTEXTRACT_CACHE=FOLDER" in cache and "ARTEXTRACT_CACHE" not in out and "chown" in out
