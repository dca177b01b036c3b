from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core import memory
from artextract.core.errors import ArtExtractError
from artextract.similarity.ranking.collection import open_collection, require_room


def test_more_works_than_fit_are_refused_with_the_parameter_that_limits_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 6 * 2**30)
    for works in (174, 16_000, 100_000):
        require_room(works)
    with pytest.raises(ArtExtractError, match=r"400,000 works .* 15\.7 GB .* 6\.4 GB are free\n.*max_objects"):
        require_room(400_000)
    require_room(250_000, 64)
    monkeypatch.setattr(memory, "free_memory", lambda: 100_000_000)
    require_room(174)


def test_embeddings_that_are_no_numbers_are_refused_with_the_work(tmp_path: Path) -> None:
    rows = np.full((3, 4), 0.5, np.float32)
    pd.DataFrame({"id": ["a", "b", "c"], "group": [0, 1, 2]}).to_parquet(tmp_path / "index.parquet")
    np.save(tmp_path / "titles.npy", rows)
    rows[1, 2] = np.nan
    np.save(tmp_path / "images.npy", rows)
    with pytest.raises(ArtExtractError, match=r"images\.npy: 1 of 3 rows hold .* the first that of b"):
        open_collection(tmp_path, tmp_path)


@pytest.mark.parametrize("n", [0, 1, 9])
def test_embeddings_are_mapped_and_checked_in_blocks(n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artextract.similarity.ranking.collection.ROWS", 4)
    rows = np.random.default_rng(0).random((n, 3)).astype(np.float32)
    pd.DataFrame({"id": [str(i) for i in range(n)], "group": range(n)}).to_parquet(tmp_path / "index.parquet")
    np.save(tmp_path / "titles.npy", rows)
    np.save(tmp_path / "images.npy", rows)
    opened = open_collection(tmp_path, tmp_path)
    np.testing.assert_array_equal(opened.images, rows)
    assert n == 0 or isinstance(opened.images, np.memmap)
    if n == 9:
        rows[[2, 8], 1] = np.inf
        np.save(tmp_path / "titles.npy", rows)
        with pytest.raises(ArtExtractError, match=r"titles\.npy: 2 of 9 rows hold .* the first that of 2"):
            open_collection(tmp_path, tmp_path)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY\x01\x00", "pickle"])
def test_a_file_that_is_no_array_is_refused_and_no_pickle_is_opened(tmp_path: Path, damage: bytes | str) -> None:
    pd.DataFrame({"id": ["a"], "group": [0]}).to_parquet(tmp_path / "index.parquet")
    if isinstance(damage, str):
        np.save(tmp_path / "images.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    else:
        (tmp_path / "images.npy").write_bytes(damage)
    with pytest.raises(ArtExtractError, match=r"images\.npy: not readable as an array"):
        open_collection(tmp_path, tmp_path)
