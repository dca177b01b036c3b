from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes
from artextract.core.tasks import TASKS
from artextract.data.images.decode import decode
from artextract.data.images.duplicates import perceptual_hash
from artextract.data.wikiart.assign import assign_splits
from artextract.data.wikiart.index import build_index, read_manifest, summarise
from tests.conftest import jpeg
from tests.wikiart import section


def test_no_manifest_is_an_empty_table(tmp_path: Path) -> None:
    assert read_manifest(tmp_path).columns.tolist() == ["path"] and read_manifest(tmp_path).empty


def test_manifest_without_paths_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,geometry\na,b\n")
    with pytest.raises(ArtExtractError, match="has no column `path`") as caught:
        read_manifest(tmp_path)
    assert "manifest.csv" in str(caught.value) and "name the column" in str(caught.value)


def test_empty_cells_of_a_manifest_declare_nothing(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,geometry,group,note\nNA,original,7,x\nb,,,y\nb,other,8,z\n")
    table = read_manifest(tmp_path)
    assert table.columns.tolist() == ["path", "geometry", "group"]
    assert table["path"].tolist() == ["NA", "b"]  # a path named NA is a path; the first of two rows counts
    assert table.fillna("-")[["geometry", "group"]].values.tolist() == [["original", "7"], ["-", "-"]]


def test_index_and_summary_by_hand() -> None:
    table = pd.DataFrame({"path": ["a/1", "a/2", "a/3"]})
    for task in TASKS:
        table[task] = pd.array([0, 1, None], dtype="Int64")
        table[f"{task}_list"] = pd.array(["train", "val", None], dtype="string")
    picture = decode(jpeg(1))
    row = {"error": None, "sha256": sha256_bytes(b""), "phash": perceptual_hash(picture), "width": 1, "height": 1}
    stored = pd.DataFrame([{"id": f"a/{i}"} | row | {"shard": "s", "offset": 0, "size": 1} for i in (1, 2, 3)])
    stored.loc[2, ["error", "sha256", "phash"]] = ["missing", None, None]
    manifest = pd.DataFrame({"path": ["a/2"], "geometry": ["original"]})
    index = build_index(table, stored, {"a/1": 0, "a/2": 0}, [manifest], 6)
    assert index["id"].tolist() == ["a/1", "a/2"] and index["group"].tolist() == [0, 0]
    assert index["stratum"].isna().tolist() == [True, False]
    counts = summarise(pd.concat([index, assign_splits(index, section(select_fraction=0.5), 1)], axis=1))
    assert counts["exact_duplicates"] == 1 and counts["groups"] == 1 and counts["images_in_groups_of_several"] == 2
    assert "images_stored.source_0" not in counts  # there is one source
    assert [counts[f"style.{split}"] for split in ("train", "select", "val", "guarded")] == [0, 0, 1, 1]


def test_a_copy_of_a_validation_image_that_is_not_at_hand_is_a_validation_work() -> None:
    table = pd.DataFrame({"path": ["a/1.jpg", "a/2.jpg", "b/1.jpg"]})
    for task in TASKS:
        table[task] = pd.array([0, 0, 0], dtype="Int64")
        table[f"{task}_list"] = pd.array(["train", "train", "val"], dtype="string")
    stored = pd.DataFrame(
        {
            "id": table["path"], "error": [None, None, "missing"], "sha256": ["p", "q", None],
            "phash": ["0" * 16, "f" * 16, None], "width": 1.0, "height": 1.0, "shard": "s", "offset": 0.0, "size": 1.0,
        }
    )  # fmt: skip
    index = build_index(table, stored, {"a/1.jpg": 0, "a/2.jpg": 0}, [], 6)
    assert index["id"].tolist() == ["a/1.jpg", "a/2.jpg"] and index["val_work"].tolist() == [True, False]
