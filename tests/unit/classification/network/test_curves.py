from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from artextract.classification.network.curves import auc_curves, loss_curves, write_curves

HISTORY = [
    {"epoch": k, "style_train": 3.0 - k, "style_select": 3.5 - k, "genre_select": 1.25, "style_select_auc": auc}
    for k, auc in enumerate((0.5, 0.75))
]


def test_losses_have_one_row_per_measured_value() -> None:
    assert loss_curves(HISTORY).values.tolist() == [
        [0, "style", "train", 3.0], [1, "style", "train", 2.0], [0, "style", "select", 3.5],
        [1, "style", "select", 2.5], [0, "genre", "select", 1.25], [1, "genre", "select", 1.25],
    ]  # fmt: skip


def test_a_task_without_an_auc_has_no_rows_and_no_empty_cells() -> None:
    table = auc_curves(HISTORY)
    assert table.values.tolist() == [[0, "style", 0.5], [1, "style", 0.75]]
    assert table.notna().all(axis=None)
    assert list(auc_curves([]).columns) == ["epoch", "task", "auc"]


def test_a_longer_history_replaces_the_files_and_a_failure_leaves_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_curves(tmp_path, HISTORY[:1])
    write_curves(tmp_path, HISTORY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auc.csv", "losses.csv"]
    assert pd.read_csv(tmp_path / "losses.csv").equals(loss_curves(HISTORY))
    assert pd.read_csv(tmp_path / "auc.csv").equals(auc_curves(HISTORY))

    def no_room(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", no_room)
    with pytest.raises(KeyboardInterrupt):
        write_curves(tmp_path, HISTORY[:1])
    assert pd.read_csv(tmp_path / "losses.csv").equals(loss_curves(HISTORY))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auc.csv", "losses.csv"]
