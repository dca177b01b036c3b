"""Collections that have grown: which rows of an embedding were there before, wherever they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.kept import is_intact


def digests(vectors: np.ndarray) -> np.ndarray:
    """A number for the content of each row, uint64 (n,)."""
    found = np.empty(len(vectors), dtype=np.uint64)
    for row, vector in enumerate(vectors):
        found[row] = int.from_bytes(hashlib.blake2b(vector.tobytes(), digest_size=8).digest(), "little")
    return found


def places(before: np.ndarray, now: np.ndarray) -> np.ndarray | None:
    """Where each row of an earlier state is now; None where one of them is not there any more.

    Args:
        before: Digests of the earlier state (m,).
        now: Digests of the state as it is (n,). Equal rows are told apart by their order.

    Returns:
        int64 (m,), no row twice.
    """
    old, new = np.argsort(before, kind="stable"), np.argsort(now, kind="stable")
    wanted, there = before[old], now[new]
    among_equals = np.arange(len(old)) - np.searchsorted(wanted, wanted, "left")
    at = np.searchsorted(there, wanted, "left") + among_equals
    if len(at) and (at.max() >= len(there) or (there[at] != wanted).any()):
        return None
    found = np.empty(len(before), dtype=np.int64)
    found[old] = new[at]
    return found


def earlier(kept: Path, record: str, family: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Intact indexes of earlier states of a collection, the largest first, each with its record.

    Args:
        kept: Folder of the indexes.
        record: Name of the file that describes one, JSON with ``family`` and ``vectors``.
        family: Of the collection.
    """
    same = []
    for path in sorted(kept.glob(f"*/{record}")):
        with suppress(ArtExtractError):  # a damaged one is made anew when it is asked for itself
            found = read_json(path)
            if found.get("family") == family:
                same.append((path.parent, found))
    yield from (
        (folder, found) for folder, found in sorted(same, key=lambda one: -one[1]["vectors"]) if is_intact(folder)
    )
