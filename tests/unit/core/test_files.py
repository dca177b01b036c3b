from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artextract.core import files
from artextract.core.errors import ArtExtractError

ANY_METRIC = st.recursive(
    st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.booleans() | st.text() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


# --- atomic writes


def test_atomic_makes_parents_and_leaves_only_the_final_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "result.bin"
    files.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["result.bin"]


def test_file_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with files.atomic(path) as handle:
        handle.write(b"half")
        handle.flush()
        assert not path.exists()
    assert path.read_bytes() == b"half"


def test_failed_write_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), files.atomic(path) as handle:
        handle.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_full_disk_is_explained_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "big.npy"
    with pytest.raises(ArtExtractError, match="disk is full") as caught:
        files.write_array(path, np.zeros(3))
    assert str(path) in str(caught.value) and "free some space" in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_other_os_errors_are_not_called_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        files.write_bytes(tmp_path / "file" / "inside", b"")


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    files.write_text(tmp_path / "t", "é\r\nü\n")
    assert (tmp_path / "t").read_bytes() == "é\r\nü\n".encode()


def test_array_round_trip(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    files.write_array(tmp_path / "a.npy", array)
    read = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert read.dtype == np.float32 and np.array_equal(read, array)


def test_tensors_round_trip_with_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    import torch
    from safetensors.numpy import load_file

    arrays = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3).T, "mean": np.array([1.5])}
    files.write_tensors(tmp_path / "a" / "arrays.safetensors", arrays)
    backwards = {name: torch.from_numpy(arrays[name]).requires_grad_() for name in reversed(arrays)}
    files.write_tensors(tmp_path / "torch.safetensors", backwards)
    assert (tmp_path / "torch.safetensors").read_bytes() == (tmp_path / "a" / "arrays.safetensors").read_bytes()
    read = load_file(tmp_path / "torch.safetensors")
    assert read.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype


def test_tensors_that_cannot_be_written_leave_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.safetensors"
    files.write_tensors(path, {"a": np.zeros(2, dtype=np.float32)})
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtExtractError, match="disk is full"):
        files.write_tensors(path, {"a": np.ones(2, dtype=np.float32)})
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["net.safetensors"]


def test_array_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        files.write_array(tmp_path / "a.npy", np.array([{}]))
    assert os.listdir(tmp_path) == []


# --- metrics


def test_metrics_are_sorted_and_rounded(tmp_path: Path) -> None:
    files.write_metrics(tmp_path / "m.json", {"b": 0.123456, "a": np.float32(0.5), "n": np.int64(3), "title": "é"})
    assert (tmp_path / "m.json").read_text(encoding="utf-8") == (
        '{\n  "a": 0.5,\n  "b": 0.1235,\n  "n": 3,\n  "title": "é"\n}\n'
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float64("nan"), np.float32("nan")])
def test_nan_is_refused_with_its_key_and_file(tmp_path: Path, bad: float) -> None:
    path = tmp_path / "m.json"
    with pytest.raises(ArtExtractError) as caught:
        files.write_metrics(path, {"style.top1": 0.5, "style.auc_ovo": bad})
    assert "style.auc_ovo" in str(caught.value) and str(path) in str(caught.value)
    assert "style.top1" not in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("nested", [{"style": {"auc": math.nan}}, {"style": [{"auc": math.nan}]}])
def test_nested_nan_is_named_too(tmp_path: Path, nested: dict) -> None:
    with pytest.raises(ArtExtractError, match=r"style.*auc"):
        files.write_metrics(tmp_path / "m.json", nested)


@given(st.dictionaries(st.text(max_size=8), ANY_METRIC, max_size=4))
def test_metrics_read_back_equal_to_four_decimals(tmp_path_factory: pytest.TempPathFactory, metrics: dict) -> None:
    def rounded(value):
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [rounded(item) for item in value]
        return float(f"{value:.4f}") if isinstance(value, float) else value

    path = tmp_path_factory.mktemp("metrics") / "m.json"
    files.write_metrics(path, metrics)
    assert files.read_json(path) == rounded(metrics)
    assert list(json.loads(path.read_text(encoding="utf-8"))) == sorted(metrics)


# --- tables


def test_parquet_keeps_types_and_csv_has_four_decimals(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["a", "b"], "label": pd.array([1, None], dtype="Int64"), "p": [0.123456, 1.0]})
    files.write_table(tmp_path / "t.parquet", table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table, check_dtype=False)
    assert str(pd.read_parquet(tmp_path / "t.parquet")["label"].dtype) == "Int64"
    files.write_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_bytes() == b"id,label,p\na,1,0.1235\nb,,1.0000\n"


# --- hashes


# --- folders


# --- paths from lists


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a/..", "a\\b", "a\0b", "..", "//x"])
def test_unsafe_paths_are_refused(path: str) -> None:
    with pytest.raises(ArtExtractError, match="unsafe path") as caught:
        files.check_relative(path, where="style_train.csv")
    assert "style_train.csv" in str(caught.value) and "must be relative" in str(caught.value)


@pytest.mark.parametrize("path", ["Baroque/rembrandt_x.jpg", "a/..b/c.jpg", "Rococo/jean_l'été-1.jpg", "x...jpg"])
def test_ordinary_paths_are_accepted(path: str) -> None:
    files.check_relative(path, where="list")


@given(st.lists(st.sampled_from(["a", "..", ".", "", "...", "b.jpg", "..\\", "~"]), max_size=6).map("/".join))
@example("a/../../b")
def test_accepted_paths_stay_inside(path: str) -> None:
    try:
        files.check_relative(path, where="list")
    except ArtExtractError:
        # only what could leave or name nothing is refused
        assert path == "" or path.startswith("/") or "\\" in path or ".." in path.split("/")
        return
    inside = os.path.normpath(os.path.join("/srv/folder", path))
    assert inside == "/srv/folder" or inside.startswith("/srv/folder/")


def test_links_of_the_user_are_followed_and_paths_stay_inside(tmp_path: Path) -> None:
    root = tmp_path / "images"
    root.mkdir()
    (tmp_path / "other disk").mkdir()
    (root / "folder").symlink_to(tmp_path / "other disk")
    assert files.contained(root, "folder/a.jpg", where="the lists") == root / "folder/a.jpg"
    for relative in ("../secret", "folder/../../secret", "/etc/passwd", "a\\b", ""):
        with pytest.raises(ArtExtractError, match="unsafe path"):
            files.contained(root, relative, where="the lists")


def test_a_table_that_dvc_draws_can_end_no_script(tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><!--"
    table = pd.DataFrame({hostile: [hostile, "a < b"], "x": [1.5, 2.0]})
    files.write_table(tmp_path / "plots" / "clusters.csv", table)
    text = (tmp_path / "plots" / "clusters.csv").read_text(encoding="utf-8")
    assert "<" not in text and ">" not in text and "a ‹ b,2.0000" in text
