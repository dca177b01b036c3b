"""Rows in shards: the same rows as in one go, cut at the same places in every run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from artextract.core.executors.job import Tick
from artextract.core.executors.rows import rows_over, rows_per_shard


@dataclass(frozen=True)
class Rows:
    name: str
    rows: list[int]

    @property
    def size(self) -> int:
        return len(self.rows)


def cubes(rows: Rows, tick: Tick) -> np.ndarray:
    return np.array(rows.rows, dtype=np.float64)[:, None] ** 3


def here(rows: list[int]) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), 5):
        yield np.array(rows[start : start + 5], dtype=np.float64)[:, None] ** 3


def blocks(folder: Path, missing: list[int], row_bytes: int) -> list[np.ndarray]:
    describe = {"folder": folder, "row_bytes": row_bytes, "describe": "cubes"}
    return list(rows_over(missing, here, lambda rows: Rows(f"from-{rows[0]}", rows), cubes, **describe))


@pytest.mark.parametrize(
    ("row_bytes", "rows"), [(1, 512), (5120, 512), (64 * 1024, 256), (65 * 1024, 224), (2**19, 32), (2**30, 32)]
)
def test_a_shard_has_512_rows_or_16_mib_in_whole_batches(row_bytes: int, rows: int):
    assert rows_per_shard(row_bytes) == rows


def test_shards_are_cut_at_the_same_places_whatever_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    missing = [3, 31, 32, 40, 63, 64, 130]
    assert [len(block) for block in blocks(tmp_path, missing, 2**20)] == [5, 2]
    monkeypatch.setenv("ARTEXTRACT_EXECUTOR", "local:1")
    found = blocks(tmp_path, missing, 2**20)
    assert [len(block) for block in found] == [2, 3, 1, 1]  # rows 0 to 31, 32 to 63, 64 to 95, 128 to 159
    assert np.concatenate(found)[:, 0].tolist() == [row**3 for row in missing]
