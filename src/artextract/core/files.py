"""Atomic writes, content hashes and the folders that lie outside of the repository.

Every file that a stage writes appears under its final name complete or not at all: temporary name in the same folder,
fsync, ``os.replace``.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from artextract.core.errors import ArtExtractError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing; it appears only when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise ArtExtractError(
                "the disk is full; nothing was left half-written",
                where=str(path),
                remedy="free some space and start the same command again: finished work is kept",
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` atomically."""
    with atomic(path) as handle:
        handle.write(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode())


def _rounded(value: Any, key: str = "") -> Any:
    """Round floats to four decimals and refuse NaN by its key, recursively."""
    if isinstance(value, Mapping):
        return {str(name): _rounded(item, f"{key}.{name}" if key else str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item, f"{key}.{i}") for i, item in enumerate(value)]
    if hasattr(value, "item"):  # numpy scalars
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"metric `{key}` is not finite; leave undefined metrics out and count them")
        return round(value, 4)
    return value


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics as JSON: sorted keys, four decimals, never NaN (DVC cannot compare it)."""
    try:
        rounded = _rounded(metrics)
    except ValueError as error:
        raise ArtExtractError(str(error), where=str(path)) from error
    write_text(path, json.dumps(rounded, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a ``.npy`` file atomically."""
    import numpy as np

    with atomic(path) as handle:
        np.save(handle, array, allow_pickle=False)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically: Parquet between stages, CSV (4 decimals) for plots and people, by the suffix."""
    buffer = io.BytesIO()
    if path.suffix == ".parquet":
        table.to_parquet(buffer, index=False)
    else:
        table.to_csv(buffer, index=False, float_format="%.4f", lineterminator="\n")
    write_bytes(path, buffer.getvalue())


def write_csv_for_people(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV that spreadsheets may open: cells that look like formulas are defused with an apostrophe."""

    def defuse(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")  # csv leaves a lone \r unquoted: it would end the row
        return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\n") else cell

    write_table(path, table.map(defuse))


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, as hex, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_key(*parts: Any) -> str:
    """A short name for scratch folders, made from everything that their content depends on."""
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())[:20]


def code_fingerprint(*modules: str) -> str:
    """A hash over the package's source files: scratch work of one version of the code never serves another.

    Args:
        modules: Names of modules; default all.
    """
    folder = Path(__file__).parent
    paths = [folder / f"{name}.py" for name in modules] or sorted(folder.rglob("*.py"))
    return content_key([(path.name, sha256_file(path)) for path in paths])


def libraries(*names: str) -> dict[str, str]:
    """Versions of installed distributions that a result depends on; "" where one is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def cache_folder() -> Path:
    """The user's folder for converted weights, downloads and checkpoints: ``ARTEXTRACT_CACHE``, else the XDG cache."""
    chosen = os.environ.get("ARTEXTRACT_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "artextract"


@contextmanager
def scratch(kind: str, *key: Any) -> Iterator[Path]:
    """A folder for resumable work, keyed by content and held by one process at a time.

    Work that was killed finds its finished parts here again. The caller removes the folder (``discard``) once its
    result stands under its final name.
    """
    from filelock import FileLock

    folder = cache_folder() / "scratch" / f"{kind}-{content_key(*key)}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder) + ".lock"):
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


def discard(folder: Path) -> None:
    """Remove a scratch folder that has served its purpose."""
    shutil.rmtree(folder, ignore_errors=True)


def outside_folder(variable: str, what: str) -> Path:
    """A folder of the user's, named by an environment variable.

    Raises:
        ArtExtractError: The variable is not set, or names no folder or file.
    """
    value = os.environ.get(variable)
    if not value:
        raise ArtExtractError(
            f"this profile reads {what}, and {variable} is not set",
            remedy=f"export {variable}=PATH (the README says what it must hold)",
        )
    path = Path(value).expanduser().resolve()
    if not path.exists():
        raise ArtExtractError(
            f"{variable} names {path}, which does not exist", remedy=f"correct {variable}; it must hold {what}"
        )
    return path


def check_relative(relative: str, *, where: str) -> None:
    """Refuse a path from a list or table that could leave its folder.

    Raises:
        ArtExtractError: Empty or absolute path, ``..``, backslash or NUL.
    """
    parts = relative.split("/")
    unsafe = not relative or relative.startswith("/") or ".." in parts
    if unsafe or "\\" in relative or "\0" in relative:
        raise ArtExtractError(
            f"unsafe path {relative!r}",
            where=where,
            remedy="paths must be relative and stay inside their folder",
        )


def contained(root: Path, relative: str, *, where: str) -> Path:
    """Join a path from a list or table to its root; links that lead outside are refused too."""
    check_relative(relative, where=where)
    path = root / relative
    if not path.resolve().is_relative_to(root.resolve()):
        raise ArtExtractError(f"path {relative!r} leads outside of {root.name}/", where=where, remedy="remove the link")
    return path
