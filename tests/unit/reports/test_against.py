"""Two runs compared: what differs, and by how much more than luck."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from artextract.reports import against
from artextract.reports.blocks import Table
from tests.unit.reports.report_toys import run_of, words
from tests.unit.runs.test_comparison import collection, run

RNG = np.random.default_rng(0)
QUERIES = 40


def values(gain: float) -> pd.DataFrame:
    """Per-query values of two spaces under one judge; the image space never changes."""
    ids = [f"w{i}" for i in range(QUERIES)]
    base = np.tile([0.2, 0.4], QUERIES // 2)
    parts = [
        pd.DataFrame(
            {"split": "s2", "judge": "theme", "space": space, "id": ids, "painter": np.arange(QUERIES) % 10, "p10": p10}
        )
        for space, p10 in (("image", base), ("siamese", base + gain))
    ]
    return pd.concat(parts, ignore_index=True)


def tables(section) -> dict[str, Table]:
    return {block.caption.split()[0]: block for block in section.blocks if isinstance(block, Table)}


def test_parameters_headlines_and_paired_differences():
    one, two = (
        run_of(
            {"params.yaml": f"lr: {lr}\nevaluate: {{min_val_rows: 3, blocks: 50}}\n"}
            | {"metrics/auc.json": {"style.auc": auc}, against.VALUES: values(gain)}
            | {against.PREDICTIONS: run(collection(), 3, skill)},
            name,
        )
        for name, lr, auc, gain, skill in (("before", "1e-3", 0.5, 0.0, 0.0), ("after", "3e-4", 0.9, 0.1, 50.0))
    )
    found = tables(against.section(two, one))
    assert found["Parameters"].rows == [["lr", "0.001", "0.0003"]]
    assert found["Headline"].rows == [["style.auc", "0.5000", "0.9000", "0.4000"]]
    row = found["Precision@10"].rows[0]
    assert row[0] == "same theme, other painters: image, siamese projection" and row[1:3] == ["0.300", "0.400"]
    assert row[3].startswith("0.100 (0.100 to 0.100)") and row[4].startswith("≤")
    assert all(row[3].startswith(("0.", "−0.")) for row in found["Classification"].rows)
    assert "by the space image, raw under any judge" in words(against.section(two, one))


def test_the_same_run_differs_in_nothing():
    outputs = {against.VALUES: values(0), against.PREDICTIONS: run(collection(), 3, 50.0)}
    same = run_of({"params.yaml": "lr: 1\n"} | outputs)
    said = words(against.section(same, same))
    assert "same parameters" in said and "same answers" in said and "No query work" in said and "Precision" not in said


@pytest.mark.parametrize("lacks", [against.VALUES, against.PREDICTIONS])
def test_outputs_that_are_not_in_the_cache_are_named(lacks: str):
    files = {against.VALUES: values(0), against.PREDICTIONS: run(collection(), 3, 50.0)}
    whole, part = run_of(files, "whole"), run_of({path: t for path, t in files.items() if path != lacks}, "part")
    assert f"{lacks} of part is not in DVC's cache" in words(against.section(whole, part))


def test_runs_of_other_works_are_not_compared():
    files = {against.VALUES: values(0), against.PREDICTIONS: run(collection(), 3, 50.0)}
    other = files[against.VALUES].assign(id=[f"x{i}" for i in range(2 * QUERIES)])
    rows = files[against.PREDICTIONS].assign(id=lambda t: "F/painter-x_" + t["id"].astype(str))
    said = words(against.section(run_of(files), run_of({against.VALUES: other, against.PREDICTIONS: rows}, "other")))
    assert "different query works" in said and "cannot be compared in pairs" in said
