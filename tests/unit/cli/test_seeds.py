from __future__ import annotations

from pathlib import Path

import pytest

from artextract.runs.seeds import printed, spread
from tests.command import artextract
from tests.unit.runs.test_comparison import collection, run


def test_command_prints_the_spread_of_its_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = [run(collection(), seed, 1.0) for seed in range(3)]
    paths = [str(tmp_path / f"{i}.parquet") for i in range(3)]
    for table, path in zip(tables, paths, strict=True):
        table.to_parquet(path)
    artextract("seeds", *paths, "--min-rows", "3", "--blocks", "50")
    assert capsys.readouterr().out == printed(spread(tables, min_rows=3, blocks=50, seed=0)) + "\n"
    assert artextract("seeds", paths[0]) == 2
    assert "one training has no spread" in capsys.readouterr().err
