"""Atomic writes of JSON, tables, arrays and tensors, and a check of the paths that lists and tables name.

Every file that a stage writes appears under its final name complete or not at all (``core/atomic.py``).
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.core.atomic import atomic, copy_file, move_file, write_bytes, write_text
from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable
from artextract.core.spreadsheet import safe_table, without_markup

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

__all__ = [  # the writers of atomic.py under the name of this module, which is the one that others import
    "atomic", "check_relative", "contained", "copy_file", "move_file", "read_array", "read_json", "write_array",
    "write_bytes", "write_metrics", "write_table", "write_tensors", "write_text",
]  # fmt: skip


PLOTS = "plots"  # folder of the tables that DVC draws


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


def read_json(path: Path, remedy: str | None = None) -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        remedy: What the user can do where it is no JSON.

    Raises:
        ArtExtractError: It is no JSON.
    """
    with readable(path, "JSON", remedy):
        return json.loads(path.read_text(encoding="utf-8"))


def write_array(path: Path, array: np.ndarray) -> None:
    """Write a ``.npy`` file atomically."""
    import numpy as np

    with atomic(path) as handle:
        np.save(handle, array, allow_pickle=False)


def read_array(path: Path, remedy: str | None = None, *, mapped: bool = False) -> np.ndarray:
    """Read a ``.npy`` file; pickled objects, which could run code, are refused.

    Args:
        path: The file.
        remedy: What the user can do where it is no array.
        mapped: Leave the values on the disk until they are used; what is written into the array stays in memory.

    Raises:
        ArtExtractError: It is no array.
    """
    import numpy as np

    with readable(path, "an array", remedy):
        return np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False)


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray] | Mapping[str, torch.Tensor]) -> None:
    """Write named tensors as a safetensors file, atomically and with the same bytes from run to run.

    The file has no metadata: safetensors writes two or more entries of it in an order that differs between runs.

    Args:
        path: File to write.
        tensors: Arrays, or tensors of torch on any device.
    """
    if all(hasattr(tensor, "detach") for tensor in tensors.values()):
        from safetensors.torch import save

        data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})  # type: ignore[union-attr]
    else:
        import numpy as np
        from safetensors.numpy import save

        data = save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    write_bytes(path, data)


def write_table(path: Path, table: pd.DataFrame, numbers: str = "%.4f", *, mark: bool = False) -> None:
    """Write a table atomically: Parquet between stages, CSV for plots and people, by the suffix.

    Every CSV is one that a spreadsheet may open: see ``spreadsheet.safe_table``. ``spreadsheet.read_csv`` reads the
    same text back. DVC writes tables below plots/ into a script of its page as they are: their text has no "<" or ">".

    Args:
        path: File to write.
        table: Its content.
        numbers: Format of numbers in a CSV.
        mark: Put the mark in front of a CSV by which Excel knows that its letters are UTF-8.
    """
    buffer = io.BytesIO()
    if path.suffix == ".parquet":
        table.to_parquet(buffer, index=False)
    else:
        encoding = "utf-8-sig" if mark else "utf-8"
        safe = safe_table(table)
        if PLOTS in path.parts:
            safe = without_markup(safe)
        safe.to_csv(buffer, index=False, float_format=numbers, lineterminator="\n", encoding=encoding)
    write_bytes(path, buffer.getvalue())


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
    """Join a path from a list or table to the folder that the user named; the path itself must not leave it.

    Links are followed: what is linked into his own folder is the user's choice (see ``walk``).
    """
    check_relative(relative, where=where)
    return root / relative
