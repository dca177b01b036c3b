from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.pipeline import STAGES, command_of, seconds_of, table
from tests.closure import ROOT


def test_all_stages_of_the_pipeline_are_measured() -> None:
    assert sorted(STAGES) == sorted(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"])
    assert command_of("explorer", imports=False)[1:] == ["-m", "dvc", "repro", "-f", "-s", "explorer"]


def test_the_table_has_medians_ratios_and_sums() -> None:
    found = {
        "a": {"before": [(4.0, 8.0), (2.0, 2.0), (3.0, 4.0)], "after": [(1.0, 2.0)]},
        "b": {"before": [(1.0, 1.0)], "after": [(1.0, 4.0)]},
    }
    assert table(found).splitlines()[2:] == [
        "| a | 3.00, 4.00 | 1.00, 2.00 | 3.00, 2.00 |",
        "| b | 1.00, 1.00 | 1.00, 4.00 | 1.00, 0.25 |",
        "| all | 4.00, 5.00 | 2.00, 6.00 | 2.00, 0.83 |",
    ]


def test_a_command_is_run_in_the_checkout_with_its_code_and_a_cache(tmp_path: Path) -> None:
    told = (
        "import os; told = (os.getcwd(), os.environ['PYTHONPATH'], os.environ['ARTEXTRACT_CACHE']); "
        "open('told', 'w').write(' '.join(told))"
    )
    wall, cpu = seconds_of([sys.executable, "-c", told], tmp_path, tmp_path / "cache")
    assert (tmp_path / "told").read_text().split() == [str(tmp_path), str(tmp_path / "src"), str(tmp_path / "cache")]
    assert 0 < wall and 0 <= cpu
    with pytest.raises(subprocess.CalledProcessError):
        seconds_of([sys.executable, "-c", "import sys; sys.exit(3)"], tmp_path, tmp_path)
