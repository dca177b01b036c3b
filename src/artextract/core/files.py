"""Atomic writes of JSON, tables, arrays and tensors, and a check of the paths that lists and tables name.

Every file that a stage writes appears under its final name complete or not at all: temporary name in the same folder,
fsync, ``os.replace``.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from artextract.core.errors import ArtExtractError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch


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
        table.to_csv(buffer, index=False, float_format=numbers, lineterminator="\n", encoding=encoding)
    write_bytes(path, buffer.getvalue())


def write_csv_for_people(path: Path, table: pd.DataFrame, *, mark: bool = False) -> None:
    """Write a CSV that spreadsheets may open: cells that look like formulas are defused with an apostrophe.

    Args:
        path: File to write.
        table: Its content.
        mark: See ``write_table``.
    """

    def defuse(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        cell = cell.replace("\r\n", "\n").replace("\r", "\n")  # csv leaves a lone \r unquoted: it would end the row
        return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\n") else cell

    write_table(path, table.map(defuse), mark=mark)


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
