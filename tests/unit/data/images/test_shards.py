from __future__ import annotations

import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes
from artextract.data.images.decode import UnreadableImage, decode
from artextract.data.images.shards import ShardReader
from tests.conftest import jpeg

PICTURES = [jpeg(seed) for seed in range(4)]


@pytest.fixture
def index(tmp_path: Path) -> pd.DataFrame:
    """Two shards of two images, written without the project's writer."""
    rows = []
    for number, data in enumerate(PICTURES):
        shard, offset = f"shard-{number // 2}.tar", number % 2 * 10_000
        with (tmp_path / shard).open("r+b" if number % 2 else "wb") as handle:
            handle.seek(offset)
            handle.write(data)
        row = {"id": f"id-{number}", "shard": shard, "offset": offset, "size": len(data)}
        rows.append(row | {"sha256": sha256_bytes(data)})
    return pd.DataFrame(rows)


def test_every_row_is_its_own_image(tmp_path: Path, index: pd.DataFrame) -> None:
    reader = ShardReader(tmp_path, index)
    assert len(reader) == 4
    assert [reader.read(i) for i in (3, 0, 2, 1, 3)] == [PICTURES[i] for i in (3, 0, 2, 1, 3)]
    assert np.array_equal(np.asarray(reader.image(2)), np.asarray(decode(PICTURES[2])))


def test_rows_are_positions_of_the_index_given(tmp_path: Path, index: pd.DataFrame) -> None:
    reader = ShardReader(tmp_path, index[index["id"].isin(["id-1", "id-3"])])  # labels 1 and 3, positions 0 and 1
    assert len(reader) == 2
    assert [reader.read(0), reader.read(1)] == [PICTURES[1], PICTURES[3]]
    with pytest.raises(IndexError):
        reader.read(2)


def test_numbers_stored_as_floats_are_read(tmp_path: Path, index: pd.DataFrame) -> None:
    reader = ShardReader(tmp_path, index.astype({"offset": float, "size": float}))
    assert reader.read(1) == PICTURES[1]


@pytest.mark.parametrize("position", [0, 100, -1])
def test_damaged_byte_is_detected(tmp_path: Path, index: pd.DataFrame, position: int) -> None:
    start = int(index["offset"].iloc[3])
    with (tmp_path / "shard-1.tar").open("r+b") as handle:
        handle.seek(start + position % len(PICTURES[3]))
        byte = handle.read(1)[0]
        handle.seek(-1, os.SEEK_CUR)
        handle.write(bytes([byte ^ 1]))
    reader = ShardReader(tmp_path, index)
    with pytest.raises(ArtExtractError, match=r"image id-3 \(row 3\) is damaged") as caught:
        reader.read(3)
    assert str(tmp_path / "shard-1.tar") in str(caught.value) and "dvc repro" in str(caught.value)
    assert reader.read(2) == PICTURES[2]  # its neighbour is unharmed, and never served instead


def test_truncated_shard_is_detected(tmp_path: Path, index: pd.DataFrame) -> None:
    os.truncate(tmp_path / "shard-0.tar", 10_010)
    with pytest.raises(ArtExtractError, match=r"id-1 .* is damaged"):
        ShardReader(tmp_path, index).image(1)


def test_missing_shard_is_named_with_the_remedy(tmp_path: Path, index: pd.DataFrame) -> None:
    (tmp_path / "shard-1.tar").unlink()
    reader = ShardReader(tmp_path, index)
    assert reader.read(0) == PICTURES[0]  # opened lazily: the other shard serves
    with pytest.raises(ArtExtractError, match=r"named in the index is missing") as caught:
        reader.read(2)
    assert str(tmp_path / "shard-1.tar") in str(caught.value) and "dvc checkout" in str(caught.value)


def test_stored_bytes_that_are_no_image_are_no_image(tmp_path: Path) -> None:
    (tmp_path / "s.tar").write_bytes(b"text")
    row = {"id": "x", "shard": "s.tar", "offset": 0, "size": 4, "sha256": sha256_bytes(b"text")}
    with pytest.raises(UnreadableImage):
        ShardReader(tmp_path, pd.DataFrame([row])).image(0)


def test_threads_share_a_reader(tmp_path: Path, index: pd.DataFrame) -> None:
    reader = ShardReader(tmp_path, index)
    rows = [i % 4 for i in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(reader.read, rows)) == [PICTURES[i] for i in rows]


def test_forked_children_open_their_own_handles(tmp_path: Path, index: pd.DataFrame) -> None:
    reader = ShardReader(tmp_path, index)
    reader.read(0)
    child = os.fork()
    if child == 0:  # a closed parent's handle must not matter to the child
        os._exit(0 if reader.read(0) == PICTURES[0] and len(reader._handles) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert reader.read(1) == PICTURES[1]


def test_members_of_an_ordinary_tar_are_read_in_place(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        for number, data in enumerate(PICTURES):
            (tmp_path / "one.jpg").write_bytes(data)
            tar.add(tmp_path / "one.jpg", f"{number}.jpg")
    with tarfile.open(tmp_path / "s.tar") as tar:
        rows = [
            {"id": m.name, "shard": "s.tar", "offset": m.offset_data, "size": m.size, "sha256": sha256_bytes(data)}
            for m, data in zip(tar.getmembers(), PICTURES, strict=True)
        ]
    reader = ShardReader(tmp_path, pd.DataFrame(rows))
    assert [reader.read(i) for i in range(4)] == PICTURES
