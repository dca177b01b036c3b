from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart.assign import assign_splits, held_out_painters
from artextract.data.wikiart.same_work import in_val_list, same_work
from tests.wikiart import listed_images, section, slow_works

BITS = 6


def with_works(table: pd.DataFrame) -> pd.DataFrame:
    group = pd.Series(same_work(table, BITS), index=table.index)
    return table.assign(group=group, val_work=in_val_list(table, group))


def toy(rows: Sequence[tuple[str, str, str | None, str | None, str | None]]) -> pd.DataFrame:
    """Images of one class: path, sha256, and the list that each is in for style, genre and artist."""
    table: dict[str, Any] = {"path": [row[0] for row in rows], "sha256": [row[1] for row in rows]}
    for k, task in enumerate(TASKS, start=2):
        lists = [row[k] for row in rows]
        table[f"{task}_list"] = pd.array(lists, dtype="string")
        table[task] = pd.array([None if part is None else 0 for part in lists], dtype="Int64")
    return pd.DataFrame(table)


def test_a_chain_of_a_name_and_of_bytes_reaches_from_validation_to_training() -> None:
    """x/1 is genre's validation, y/1 has its name, y/2 the bytes of y/1, z/2 the name of y/2."""
    table = toy([
        ("x/1.jpg", "a", None, "val", None),
        ("y/1.jpg", "b", "train", None, None),
        ("y/2.jpg", "b", "train", "train", None),
        ("z/2.jpg", "c", "train", None, "train"),
        ("z/3.jpg", "d", "train", "train", "train"),
    ])  # fmt: skip
    splits = assign_splits(with_works(table), section(select_fraction=0.1), seed=3)
    assert splits["style_split"].fillna("").tolist() == ["", "guarded", "guarded", "guarded", "train"]
    assert splits["genre_split"].fillna("").tolist() == ["val", "", "guarded", "", "train"]
    assert splits["artist_split"].fillna("").tolist() == ["", "", "", "guarded", "train"]


def test_a_chain_between_training_rows_is_on_one_side_of_select() -> None:
    """a ~ b by name and b ~ c by bytes, ten times: every chain is trained on or selects as a whole."""
    chains = [[(f"x/{k}.jpg", f"{k}a"), (f"y/{k}.jpg", f"{k}b"), (f"z/{k}-other.jpg", f"{k}b")] for k in range(10)]
    rows = [(path, content, "train", "train", "train") for chain in chains for path, content in chain]
    for seed in range(5):
        splits = assign_splits(with_works(toy(rows)), section(select_fraction=0.4), seed)["style_split"].tolist()
        sides = [set(splits[3 * k : 3 * k + 3]) for k in range(10)]
        assert all(len(side) == 1 for side in sides)
        assert sum(side == {"select"} for side in sides) == 4


@pytest.mark.slow
@given(listed_images(), st.sampled_from([0.05, 0.2, 0.6]))
def test_no_work_is_on_two_sides_of_any_task(table: pd.DataFrame, fraction: float) -> None:
    index = with_works(table).assign(slow=slow_works(table, BITS))
    splits = assign_splits(index, section(select_fraction=fraction), seed=3)
    for task, other in itertools.product(TASKS, TASKS):
        for side, far in (("train", "val"), ("select", "val"), ("train", "select")):
            works, others = (index.loc[(splits[f"{t}_split"] == s).fillna(False), "slow"]
                             for t, s in ((task, side), (other, far)))  # fmt: skip
            assert not set(works) & set(others)
    val = index.loc[pd.concat([index[f"{t}_list"] == "val" for t in TASKS], axis=1).fillna(False).any(axis=1), "slow"]
    leaks = index["slow"].isin(val)
    for task in TASKS:
        listed, split = index[f"{task}_list"].fillna("none"), splits[f"{task}_split"].fillna("none")
        assert (split[listed == "none"] == "none").all()
        assert (split[listed == "val"] == "val").all()  # as published
        assert (split[(listed == "train") & leaks] == "guarded").all()
        assert split[(listed == "train") & ~leaks].isin(["train", "select"]).all()
        trained = split.isin(["train", "select"])  # no class that could be trained is left without training rows
        assert set(index.loc[trained, task]) == set(index.loc[split == "train", task])


@pytest.mark.slow
@given(listed_images(), st.data())
def test_small_images_are_neither_judged_nor_do_they_select(table: pd.DataFrame, data: st.DataObject) -> None:
    width = data.draw(st.lists(st.sampled_from([100, 200]), min_size=len(table), max_size=len(table)))
    index = with_works(table).assign(width=width, height=50)
    params = section(min_judged_side=200, max_side=200, select_fraction=0.4)
    small = index["width"] == 100
    val = pd.concat([index[f"{task}_list"] == "val" for task in TASKS], axis=1).fillna(False).any(axis=1)
    if not (val & ~small).any():
        with pytest.raises(ArtExtractError, match="no validation image has 200 pixels"):
            assign_splits(index, params, seed=3)
        return
    splits = assign_splits(index, params, seed=3)
    plain = assign_splits(index, section(select_fraction=0.4), seed=3)
    for task in TASKS:
        split, full = splits[f"{task}_split"].fillna("none"), plain[f"{task}_split"].fillna("none")
        listed = index[f"{task}_list"].fillna("none")
        assert not split[small].isin(["val", "select"]).any()
        assert (split[small & (listed == "val")] == "none").all()
        assert (split[~small & (listed == "val")] == "val").all()
        assert ((split == "guarded") == (full == "guarded")).all()  # the guard knows no sizes
    for group in set(index.loc[(splits == "select").fillna(False).any(axis=1), "group"]):
        assert not small[index["group"] == group].any()


@pytest.mark.slow
@given(listed_images())
def test_without_the_guard_nothing_is_guarded(table: pd.DataFrame) -> None:
    """The unguarded experiment trains on what is validation elsewhere; within a task train and val stay apart."""
    index = with_works(table)
    splits = assign_splits(index, section(guard=False), seed=3).fillna("none")
    for task in TASKS:
        listed, split = index[f"{task}_list"].fillna("none"), splits[f"{task}_split"]
        assert (split[listed == "train"].isin(["train", "select"])).all()
        assert (split[listed != "train"] == listed[listed != "train"]).all()


@given(st.integers(0, 5), st.sampled_from([0.2, 0.5]))
def test_held_out_painters_are_never_trained_on(seed: int, fraction: float) -> None:
    rng = np.random.default_rng(seed)
    painters = rng.integers(0, 12, 200)
    table: dict[str, Any] = {"path": [f"S/painter-{p}_work-{i}.jpg" for i, p in enumerate(painters)]}
    for task in TASKS:
        table[f"{task}_list"] = pd.array(rng.choice(["train", "val"], 200, p=[0.7, 0.3]), dtype="string")
        table[task] = pd.array(rng.integers(0, 3, 200), dtype="Int64")
    index = with_works(pd.DataFrame(table))
    plain = assign_splits(index, section(), seed)
    splits = assign_splits(index, section(held_out_painters=fraction), seed)
    held = held_out_painters(index["path"], fraction, seed)
    assert 0 < held.mean() <= fraction
    for task in TASKS:
        split = splits[f"{task}_split"].fillna("none").to_numpy()
        assert not np.isin(split[held], ["train", "select"]).any()
        judged = ~held if task == "artist" else held
        published = (index[f"{task}_list"] == "val").to_numpy()
        assert ((split == "val") == (published & judged)).all()
        # an image that is unjudged is still validation in the lists, and so is not trained on
        trained = np.isin(split, ["train", "select"])
        assert (trained <= plain[f"{task}_split"].isin(["train", "select"]).to_numpy()).all()
    assert {painters[i] for i in np.flatnonzero(held)}.isdisjoint(painters[~held])


def test_the_works_that_select_are_always_the_same_for_a_seed() -> None:
    """Printed scores rest on them: another stream of random numbers is another experiment."""
    index = with_works(toy([(f"S/p_{i}.jpg", str(i), "train", "train", "train") for i in range(20)]))
    splits = {seed: assign_splits(index, section(select_fraction=0.2), seed) for seed in (7, 8)}
    chosen = {
        seed: [np.flatnonzero(found[name] == "select").tolist() for name in found] for seed, found in splits.items()
    }
    assert chosen[7] == [[3, 8, 12, 13]] * 3
    assert chosen[8] != chosen[7]


def test_painters_are_held_out_up_to_their_share_and_those_of_a_seed_are_always_the_same() -> None:
    """Eight painters of five images each: half of the images are four painters, to the image."""
    paths = pd.Series([f"S/p{i // 5}_x{i}.jpg" for i in range(40)])
    held = held_out_painters(paths, 0.5, 7)
    assert np.flatnonzero(held.reshape(8, 5).all(axis=1)).tolist() == [0, 1, 3, 6] and held.sum() == 20
