"""Rows of numbers kept by what they were computed from: a picture that was embedded once is not embedded again.

A file per network holds the rows one after another, a second one their names. Both only grow. A kill loses the block
under way: rows without a name are cut off when the file is next opened.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder

Compute = Callable[[list[int]], Iterator[np.ndarray]]  # consecutive blocks for the items that it is called with


def rows_by_content(
    kind: str, key: Any, names: Sequence[str], shape: tuple[int, ...], dtype: Any, compute: Compute
) -> np.ndarray:
    """A row for each name; only rows of names that the cache lacks are computed, those of one name once.

    Args:
        kind: Folder in the cache.
        key: Everything that a row depends on besides the content behind its name.
        names: Names of the contents, such as their SHA-256: one word each, (n,).
        shape: Shape of a row.
        dtype: Type of an element.
        compute: Gives consecutive blocks for the positions in ``names`` that it is called with.

    Returns:
        (n, *shape), in the order of the names.
    """
    from filelock import FileLock

    folder = cache_folder() / kind / content_key(key, shape, str(dtype))
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        known = _known(folder, shape, dtype)
        missing = {name: i for i, name in reversed(list(enumerate(names))) if name not in known}
        wanted = sorted(missing.values())
        at = 0
        for block in compute(wanted) if wanted else ():
            part = [names[i] for i in wanted[at : at + len(block)]]
            _append(folder / "rows", np.ascontiguousarray(block, dtype=dtype).tobytes())
            _append(folder / "names", "".join(f"{name}\n" for name in part).encode())  # only now: its row is on disk
            at += len(block)
        if at != len(wanted):
            raise RuntimeError(f"{at} rows were computed, {len(wanted)} expected")
        known = _known(folder, shape, dtype)
        rows = np.fromfile(folder / "rows", dtype=dtype).reshape(-1, *shape) if known else np.zeros((0, *shape), dtype)
    return rows[[known[name] for name in names]]


def _known(folder: Path, shape: tuple[int, ...], dtype: Any) -> dict[str, int]:
    """Row of each name; rows or names without their partner are cut off."""
    rows, listed = folder / "rows", folder / "names"
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    text = listed.read_text() if listed.is_file() else ""
    names = text[: text.rfind("\n") + 1].splitlines()
    held = rows.stat().st_size // size if rows.is_file() else 0
    names = names[:held]
    if rows.is_file():
        os.truncate(rows, len(names) * size)
    if listed.is_file():
        os.truncate(listed, sum(len(name) + 1 for name in names))
    return {name: i for i, name in enumerate(names)}


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
