from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.classification.evaluation.prediction_table import of_task, predictions_table, with_probabilities
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from tests.toys import CLASSES, NAMES


def index_of(splits: dict[str, list[str | None]], labels: dict[str, list[int | None]]) -> pd.DataFrame:
    n = len(splits["style"])
    index = pd.DataFrame({"id": [f"p{i}" for i in range(n)], "group": np.arange(n) // 2})
    index["stratum"] = pd.array([None] * n, dtype="string")
    for task in TASKS:
        index[task] = pd.array(labels[task], dtype="Int64")
        index[f"{task}_split"] = pd.array(splits[task], dtype="string")
    return index


def uniform(n: int) -> dict[str, np.ndarray]:
    return {task: np.full((n, classes), 1 / classes) for task, classes in CLASSES.items()}


def test_predictions_table_by_eye() -> None:
    index = index_of(
        {
            "style": ["train", "val", "val", "select", "val"],
            "genre": ["train", None, "val", "select", "guarded"],
            "artist": [None, "val", None, "select", "train"],
        },
        {"style": [0, 1, 2, 3, 3], "genre": [0, None, 1, 0, 1], "artist": [None, 2, None, 0, 1]},
    )
    p = {task: np.arange(3 * k).reshape(3, k) / 100 for task, k in CLASSES.items()}
    table = predictions_table(index, [4, 1, 2], p)
    assert table.columns.tolist() == [
        "id",
        "task",
        "split",
        "y_true",
        "p_0",
        "p_1",
        "p_2",
        "p_3",
        "stratum",
        "group",
        "painter",
    ]
    assert table[["task", "id", "y_true", "group"]].values.tolist() == [
        ["style", "p4", 3, 2], ["style", "p1", 1, 0], ["style", "p2", 2, 1],
        ["genre", "p2", 1, 1], ["artist", "p1", 2, 0],
    ]  # fmt: skip
    assert set(table["split"]) == {"val"}
    cells = table[["p_0", "p_1", "p_2", "p_3"]].to_numpy()
    nan = np.nan
    expected = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [4, 5, nan, nan], [3, 4, 5, nan]]
    np.testing.assert_allclose(cells, np.array(expected) / 100)


@st.composite
def collections(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(1, 12))
    split = st.sampled_from(["train", "select", "val", "guarded", None])
    splits = {task: draw(st.lists(split, min_size=n, max_size=n)) for task in TASKS}
    labels = {t: [None if s is None else i % CLASSES[t] for i, s in enumerate(splits[t])] for t in TASKS}
    return index_of(splits, labels)


@pytest.mark.slow
@given(collections())
def test_every_validation_image_once_and_no_other_image(index: pd.DataFrame) -> None:
    """Even when all rows were predicted, as a padding or careless caller would have it."""
    table = predictions_table(index, range(len(index)), uniform(len(index)))
    assert not table.duplicated(["id", "task"]).any()
    for task in TASKS:
        expected = [i for i, s in enumerate(index[f"{task}_split"].fillna("")) if s == "val"]
        part = table[table["task"] == task]
        assert part["id"].tolist() == [f"p{i}" for i in expected]
        assert part["y_true"].tolist() == [index[task].tolist()[i] for i in expected]


@pytest.mark.parametrize("rows", [[0, 1, 1], [2, 0, 1, 2, 2]])
def test_an_image_predicted_twice_is_refused(rows: list[int]) -> None:
    """A padded last batch would count some images twice."""
    labels: dict[str, list[int | None]] = {task: [0, 1, 0] for task in TASKS}
    index = index_of({task: ["val"] * 3 for task in TASKS}, labels)
    with pytest.raises(ArtExtractError, match="twice"):
        predictions_table(index, rows, uniform(len(rows)))


def test_of_task_takes_its_own_columns() -> None:
    index = index_of(
        {task: ["val"] * 4 for task in TASKS}, {"style": [0, 1, 2, 3], "genre": [1, 0, 1, 0], "artist": [2, 2, 1, 0]}
    )
    rng = np.random.default_rng(0)
    p = {task: rng.random((4, k)) for task, k in CLASSES.items()}
    table = predictions_table(index, range(4), p)
    for task in TASKS:
        found = of_task(table, task, NAMES[task])
        np.testing.assert_array_equal(found.p, p[task])
        np.testing.assert_array_equal(found.y, index[task].astype(int))
        np.testing.assert_array_equal(found.unit, [0, 0, 1, 1])
        assert found.strata is None
    stored = table.assign(stratum=pd.array(["a", None, "b", "a"] * 3, dtype="string"))
    assert of_task(stored, "genre", NAMES["genre"]).strata is not None
    np.testing.assert_array_equal(of_task(stored, "genre", NAMES["genre"]).strata, ["a", "", "b", "a"])


def test_units_are_painters_and_groups_closed_over_both() -> None:
    """Rows 0 and 1 are by one painter, and row 1 is a near-duplicate of row 2. Painters are classes of artist."""
    labels: dict[str, list[int | None]] = {"style": [0, 1, 2, 3], "genre": [0, 1, 0, 1], "artist": [0, 0, 1, 2]}
    index = index_of({task: ["val"] * 4 for task in TASKS}, labels)
    names = ["ingres_bather.jpg", "ingres_source.jpg", "delacroix_source.jpg", "corot_bridge.jpg"]
    index = index.assign(id=[f"Romanticism/{name}" for name in names], group=[0, 1, 1, 2])
    table = predictions_table(index, range(4), uniform(4))
    assert table["painter"].tolist() == ["ingres", "ingres", "delacroix", "corot"] * 3
    for task in ("style", "genre"):
        assert of_task(table, task, NAMES[task]).unit.tolist() == [0, 0, 0, 1]
    assert of_task(table, "artist", NAMES["artist"]).unit.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    labels: dict[str, list[int | None]] = {task: [0, 1, 1] for task in TASKS}
    index = index_of({task: ["val"] * 3 for task in TASKS}, labels)
    p = uniform(3)
    p["genre"][1, 0] = bad
    table = predictions_table(index, range(3), p)
    with pytest.raises(ArtExtractError, match="1 predictions are not finite, first: p1") as caught:
        of_task(table, "genre", NAMES["genre"])
    assert caught.value.where == "task genre"
    assert len(of_task(table, "style", NAMES["style"]).y) == 3


def test_a_table_of_two_splits_is_read_apart() -> None:
    """Rows of select stand in the same table as those of val, and neither is counted with the other."""
    splits: dict[str, list[str | None]] = {
        "style": ["val", "select", "val", "train", "select"],
        "genre": ["select", "val", None, "val", "guarded"],
        "artist": [None, "select", "train", "select", "val"],
    }
    labels: dict[str, list[int | None]] = {
        "style": [0, 1, 2, 3, 3], "genre": [1, 0, None, 1, 0], "artist": [None, 2, 1, 0, 1],
    }  # fmt: skip
    index = index_of(splits, labels)
    rng = np.random.default_rng(0)
    p = {task: rng.random((5, k)) for task, k in CLASSES.items()}
    tables = {split: predictions_table(index, range(5), p, split) for split in ("val", "select")}
    assert {split: set(table["split"]) for split, table in tables.items()} == {"val": {"val"}, "select": {"select"}}
    both = pd.concat(tables.values(), ignore_index=True)
    for task, names in NAMES.items():
        for split in ("val", "select"):
            rows = [i for i, s in enumerate(splits[task]) if s == split]
            found = of_task(both, task, names, split)
            assert found.y.tolist() == [labels[task][i] for i in rows]
            np.testing.assert_array_equal(found.p, p[task][rows])
        np.testing.assert_array_equal(of_task(both, task, names).y, of_task(tables["val"], task, names).y)
    both.loc[both["split"] == "select", "p_0"] = np.nan
    assert len(of_task(both, "style", NAMES["style"]).y) == 2  # only the split asked for has to be finite
    with pytest.raises(ArtExtractError, match="task style: 2 predictions are not finite, first: p1"):
        of_task(both, "style", NAMES["style"], "select")


def test_another_models_probabilities_make_a_table_that_can_be_compared() -> None:
    splits: dict[str, list[str | None]] = {task: ["val", "select", "val", "train"] for task in TASKS}
    labels: dict[str, list[int | None]] = {task: [0, 1, 1, 0] for task in TASKS}
    index = index_of(splits, labels)
    parts = [
        predictions_table(index, [0, 1, 2], {t: v[:3] for t, v in uniform(4).items()}, s) for s in ("val", "select")
    ]
    table = pd.concat(parts, ignore_index=True)
    mine = np.array([[0.75, 0.25], [0.5, 0.5]])
    found = with_probabilities(table, "genre", mine)
    assert found["id"].tolist() == ["p0", "p2"] and set(found["split"]) == {"val"}
    np.testing.assert_array_equal(of_task(found, "genre", NAMES["genre"]).p, mine)
    assert list(found) == list(table) and with_probabilities(table, "genre", None).empty
