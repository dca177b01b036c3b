from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from artextract.runs.attempts import LISTED
from tests.command import artextract
from tests.unit.runs.test_attempts import IDS, run


def test_command_prints_a_table_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for seed in (0, 1):
        run(seed).to_parquet(tmp_path / f"{seed}.parquet")
    (tmp_path / "works.txt").write_text("\n".join(IDS[:30]))
    given = [f"a={tmp_path}/0.parquet", str(tmp_path / "1.parquet"), "--works", str(tmp_path / "works.txt")]
    artextract("attempts", *given, "--draws", "2000", "--out", str(tmp_path / "out.csv"))
    lines = capsys.readouterr().out.strip().split("\n")
    written = pd.read_csv(tmp_path / "out.csv")
    assert written.columns.tolist() == LISTED and len(lines) == 4 + len(written) == 4 + 36
    assert len({line.count("|") for line in lines[:-2]}) == 1
    assert lines[2].startswith("| a | artist | siamese | ") and "| 30 | +0." in lines[2]
    assert str(tmp_path / "1.parquet") in lines[-3]
    assert lines[-1] == "p after Holm over 36 comparisons; 2,000 draws give no p below 0.036"
    assert "| <= 0.036 |" in lines[2] and "<=" not in lines[3]


@pytest.mark.parametrize(("draws", "warned"), [(719, False), (718, True)])
def test_too_few_draws_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], draws: int, warned: bool):
    """18 tests: 2 / 720 times 18 is .05, and one draw less gives more."""
    run(0).to_parquet(tmp_path / "v.parquet")
    artextract("attempts", str(tmp_path / "v.parquet"), "--draws", str(draws))
    said = capsys.readouterr().out
    assert "p after Holm over 18 comparisons; 71" in said
    assert ("--draws 719 or more" in said) == warned
    assert ("warning" in said) == warned


def test_problems_end_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run(0).to_parquet(tmp_path / "v.parquet")
    for given, said in (
        ([tmp_path / "none.parquet"], "no such file"),
        ([f"a={tmp_path}/v.parquet", f"a={tmp_path}/v.parquet"], "two runs are named a"),
        ([tmp_path / "v.parquet", "--draws", "0"], "'--draws'"),
        ([tmp_path / "v.parquet", "--seed", "-1"], "'--seed'"),
    ):
        assert artextract("attempts", *given) == 2
        problem, remedy = capsys.readouterr().err.splitlines()
        assert problem.startswith("artextract attempts: ") and said in problem and remedy.startswith("Remedy: ")
