"""Unseen painters: each is held out once, with everything that is the same work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.tasks import TASKS
from artextract.data.wikiart.paths import painter_slug
from artextract.runs import unseen_painters
from artextract.runs.unseen_painters import fold_index, folds_of, predictions_of_folds, scores_of_unseen
from tests.toys import NAMES, one_thread, toy_collection, toy_params  # noqa: F401


def toy_index(folder: Path) -> pd.DataFrame:
    """60 paintings by six painters, a third of them validation images."""
    splits = ["val" if i % 3 == 1 else "select" if i % 7 == 0 else "train" for i in range(60)]
    _, index = toy_collection(folder, splits)
    return index.assign(id=[f"S/painter-{i // 10}_{i}.jpg" for i in range(60)])


def test_a_held_out_painter_is_judged_and_nothing_else_is(tmp_path: Path) -> None:
    index = toy_index(tmp_path)
    index["group"] = index["group"].mask(
        index.index == 59, index["group"].iloc[0]
    )  # painter 5 has a copy of a work by painter 0
    seen = []
    for held in folds_of(index, 3, 0):
        part = fold_index(index, held)
        for task in ("style", "genre"):
            learnt = part[f"{task}_split"].isin(["train", "select"])
            assert not (learnt & held).any()
            judged = (part[f"{task}_split"] == "val").fillna(False).to_numpy(dtype=bool)
            assert judged.tolist() == ((index[f"{task}_split"] == "val").fillna(False) & held).tolist()
            groups = set(part.loc[learnt, "group"]) & set(index.loc[held, "group"])
            assert not groups
        assert not (part["artist_split"] == "val").fillna(False).any()
        seen.append(held)
    assert np.sum(seen, axis=0).tolist() == [1] * 60


@pytest.mark.slow
def test_predictions_of_all_folds_are_those_of_all_validation_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    index = toy_index(tmp_path / "shards")
    params = toy_params(epochs=1)
    painters = []
    train = unseen_painters.train

    def spy(reader, part, *args):
        learnt = part[[f"{task}_split" for task in TASKS]].isin(["train", "select"]).any(axis=1)
        painters.append(set(part.loc[learnt, "id"].map(painter_slug)))
        return train(reader, part, *args)

    monkeypatch.setattr(unseen_painters, "train", spy)
    table = predictions_of_folds(tmp_path / "shards", index, NAMES, params, "inverse", 3)
    for task in ("style", "genre"):
        expected = index.loc[(index[f"{task}_split"] == "val").fillna(False), "id"]
        assert sorted(table.loc[table["task"] == task, "id"]) == sorted(expected)
    assert len(painters) == 3 and not set.intersection(*painters)
    for number, seen in enumerate(painters):
        here = table.loc[table["stratum"].str.endswith(f"fold {number}"), "id"].map(painter_slug)
        assert len(here) and not seen & set(here)
    text = scores_of_unseen(table, NAMES, params.evaluate, 0)
    assert "| genre | 20 | 6 |" in text  # a style has too few images in a fold to be compared
