from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.runs.split_tracks import (
    FOLDS,
    check_image_disjoint,
    check_painter_disjoint,
    counts,
    image_disjoint,
    painter_disjoint,
)


def rows(n: int, seed: int, painters: int = 16) -> pd.DataFrame:
    """Images by painters of very different productivity; a few works by two painters; some labels are missing."""
    rng = np.random.default_rng(seed)
    painter = np.concatenate([np.arange(painters), (painters * rng.random(n - painters) ** 2).astype(int)])
    table: dict[str, Any] = {
        "id": [f"S/painter-{p}_work-{i}.jpg" for i, p in enumerate(painter)],
        "group": np.where(rng.random(n) < 0.1, rng.integers(0, 5, n), 100 + np.arange(n)),
    }
    for task in TASKS:
        table[task] = pd.array([None if rng.random() < 0.3 else int(rng.integers(3)) for _ in range(n)], dtype="Int64")
        table[f"{task}_split"] = pd.array(rng.choice(["train", "val"], n), dtype="string")
    return pd.DataFrame(table)


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(40, 150), st.integers(0, 20), st.sampled_from([0.1, 0.25, 0.5]))
def test_painter_track_for_any_rows(n: int, seed: int, fraction: float) -> None:
    given_rows = rows(n, seed)
    table = painter_disjoint(given_rows, fraction, seed)
    check_painter_disjoint(table, "here")
    labelled = given_rows[given_rows[["style", "genre"]].notna().any(axis=1)]
    assert table["path"].tolist() == sorted(labelled["id"])
    known = labelled.set_index("id")
    assert table["style"].fillna(-1).tolist() == known.loc[table["path"], "style"].fillna(-1).tolist()
    painter = table["path"].str.split("_").str[0]
    for fold in range(FOLDS):
        split = table[f"split_{fold}"]
        assert set(split) <= {"train", "select", "val", "guarded"} and {"train", "select", "val"} <= set(split)
        sides = {side: split == side for side in ("train", "select", "val")}
        for a, b in (("train", "val"), ("select", "val"), ("train", "select")):
            assert not set(painter[sides[a]]) & set(painter[sides[b]])
            assert not set(table["work"][sides[a]]) & set(table["work"][sides[b]])
        for path, work in table.loc[split == "guarded", ["path", "work"]].itertuples(index=False):
            others = table.loc[(table["work"] == work) & (table["path"] != path), f"split_{fold}"]
            assert others.isin(["val", "select"]).any()  # nothing is guarded without a reason
    held = (table[[f"split_{fold}" for fold in range(FOLDS)]] == "val").sum(axis=1)
    assert (held == 1).all()  # every image is validation once


def test_select_rows_are_about_their_share() -> None:
    table = painter_disjoint(rows(3000, 0, painters=200), 0.1, 0)
    for fold in range(FOLDS):
        sides = table[f"split_{fold}"].value_counts()
        assert 0.08 < sides["select"] / (sides["select"] + sides["train"]) < 0.12


def test_the_track_does_not_depend_on_the_order_of_the_rows() -> None:
    table = rows(80, 1)
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(painter_disjoint(table, 0.2, 3), painter_disjoint(shuffled, 0.2, 3))


def test_too_few_painters_are_refused() -> None:
    with pytest.raises(ArtExtractError, match="painters cannot be divided into 5 folds"):
        painter_disjoint(rows(40, 0, painters=3), 0.2, 0)


def test_image_track_and_its_counts_by_hand() -> None:
    table = pd.DataFrame({"id": ["b", "a", "c"], "group": [0, 1, 2]})
    for task in TASKS:
        table[task] = pd.array([1, 0, None], dtype="Int64")
        table[f"{task}_split"] = pd.array(["val", "guarded", None], dtype="string")
    track = image_disjoint(table)
    assert track["path"].tolist() == ["a", "b", "c"] and track["work"].tolist() == [1, 0, 2]
    check_image_disjoint(track, "here")
    assert counts("image_disjoint", track).iloc[0].to_dict() == {
        "track": "image_disjoint", "task": "style", "train": 0, "select": 0, "val": 1, "guarded": 1
    }  # fmt: skip


def test_a_work_on_two_sides_of_two_tasks_is_found() -> None:
    table = pd.DataFrame({"path": ["a", "b"], "work": [7, 7]})
    for task in TASKS:
        table[f"{task}_split"] = pd.array([None, None], dtype="string")
    table["style_split"] = ["val", None]
    check_image_disjoint(table, "here")
    table["genre_split"] = [None, "train"]
    with pytest.raises(ArtExtractError, match="here: work 7 is on two sides: train and val"):
        check_image_disjoint(table, "here")
    with pytest.raises(ArtExtractError, match="a is listed twice"):
        check_image_disjoint(table.assign(path="a"), "here")


def test_every_fault_of_a_painter_track_is_found() -> None:
    table = painter_disjoint(rows(60, 2), 0.2, 0)
    trained = int(np.flatnonzero(table["split_0"] == "train")[0])
    val = int(np.flatnonzero(table["split_0"] == "val")[0])
    painter = table["path"].str.split("_").str[0]
    several = int(np.flatnonzero(painter.duplicated())[0])
    changes: list[tuple[str, int, Any, str]] = [
        ("fold", several, 9, "is in 2 folds"),
        ("split_0", trained, "val", "val rows of split_0 are not the rows of fold 0"),
        ("work", trained, table.loc[val, "work"], "split_0: work .* is on two sides: train and val"),
    ]
    for column, row, value, message in changes:
        faulty = table.copy()
        faulty.loc[row, column] = value
        with pytest.raises(ArtExtractError, match=message):
            check_painter_disjoint(faulty, "here")
