from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.runs.comparison import COLUMNS, compare
from tests.command import artextract
from tests.unit.runs.test_comparison import N, collection, run


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for name, skill in (("a", 0.0), ("b", 50.0)):
        run(collection(), 3, skill).to_parquet(tmp_path / f"{name}.parquet")
    return str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")


def printed(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_command_prints_what_compare_gives(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    artextract("compare", *files, "--min-rows", "3", "--blocks", "50", "--seed", "4")
    count, header, *lines = printed(capsys)
    assert count[:2] == ["9", "comparisons;"]
    assert header == [*[name for name in COLUMNS if name != "p"], "significant"]
    expected = compare(*(pd.read_parquet(f) for f in files), min_rows=3, blocks=50, seed=4)
    assert [line[:2] for line in lines] == expected[["task", "score"]].values.tolist()
    shown = np.array([line[2:9] for line in lines], dtype=float)
    np.testing.assert_allclose(shown, expected.iloc[:, 2:9].to_numpy(dtype=float), atol=5.1e-5)
    assert {line[-1] for line in lines} == {"yes"}  # chance against all right
    artextract("compare", files[1], files[0], "--min-rows", "3", "--blocks", "50")
    assert {line[-1] for line in printed(capsys)[2:]} == {"yes"}  # all worse is a difference, too


def test_command_finds_no_difference_where_there_is_none(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    artextract("compare", files[0], files[0], "--min-rows", "3", "--blocks", "50")
    assert {line[-1] for line in printed(capsys)[2:]} == {"no"}


def test_command_leaves_out_what_is_not_defined(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    artextract("compare", *files, "--min-rows", "1000", "--blocks", "50")
    assert {line[1] for line in printed(capsys)[2:]} == {"top1"}


def test_command_names_a_missing_file(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "none.parquet")
    assert artextract("compare", files[0], missing) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"artextract compare: {missing}: no such file\nRemedy: ")


def test_command_refuses_what_is_not_a_predictions_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.parquet").write_text("no table")
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "other.parquet")
    for name, problem in (("text", "not readable as Parquet"), ("other", "columns are missing: task, split")):
        path = str(tmp_path / f"{name}.parquet")
        assert artextract("compare", path, path) == 2
        assert f"{path}: {problem}" in capsys.readouterr().err


def test_command_says_in_words_what_cannot_be_compared(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(collection(n=N - 2), 0, 0.5).to_parquet(tmp_path / "other.parquet")
    assert artextract("compare", files[0], str(tmp_path / "other.parquet")) == 2
    assert "task style: the tables differ in the id" in capsys.readouterr().err
