from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.classification.evaluation import baselines
from artextract.classification.evaluation.baselines import (
    LAST,
    PROBE,
    Seen,
    baselines_without_pixels,
    by_value,
    frequencies,
    has_variant,
    histograms,
    look_at,
    task_baselines,
)
from artextract.classification.evaluation.prediction_table import TaskPredictions
from artextract.classification.evaluation.scores import baseline_table
from artextract.classification.network.inputs import Inputs
from artextract.classification.network.predict import Predictions
from artextract.core.errors import ArtExtractError
from artextract.data.images.colours import colour_histogram
from artextract.data.images.shards import ShardReader
from artextract.data.wikiart.paths import folder_of, painter_slug
from artextract.params.sections import Evaluate, Network
from tests.toys import CLASSES, damage, toy_collection, toy_params, toy_preprocessing

PARAMS = Evaluate(min_val_rows=2, blocks=50, permutations=20, abstain_error=0.2, probe=True)


def rows_of(labels: list[int], ids: list[str], strata: Sequence[str | None] | None = None) -> pd.DataFrame:
    """Rows of an index, with the same label for every task."""
    stratum = pd.array(list(strata or [None] * len(labels)), dtype="string")
    label = pd.array(labels, dtype="Int64")
    return pd.DataFrame({"id": ids, "stratum": stratum, "style": label, "genre": label, "artist": label})


def test_frequencies_by_eye() -> None:
    np.testing.assert_allclose(frequencies(np.array([0, 0, 2, 0]), 4), [0.75, 0, 0.25, 0])
    assert frequencies(np.zeros(0, dtype=int), 2).tolist() == [0, 0]


def test_by_value_by_eye() -> None:
    found = by_value(["monet", "monet", "manet", "manet"], np.array([0, 0, 0, 1]), ["manet", "monet", "titian"], 2)
    # overall 3/4 and 1/4, which weigh as one row: manet (1 + 3/4) / 3, monet (2 + 3/4) / 3, and titian was never seen
    np.testing.assert_allclose(found, [[1.75 / 3, 1.25 / 3], [2.75 / 3, 0.25 / 3], [0.75, 0.25]])


words = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 3)), min_size=1, max_size=20)


@given(words, st.lists(st.sampled_from("abcdefg"), max_size=6))
def test_by_value_agrees_with_counting(seen: list[tuple[str, int]], asked: list[str]) -> None:
    values, y = [word for word, _ in seen], np.array([label for _, label in seen])
    found = by_value(values, y, asked, 4)
    assert found.shape == (len(asked), 4)
    for row, word in zip(found, asked, strict=True):
        for k in range(4):
            overall = sum(label == k for _, label in seen) / len(seen)
            expected = (seen.count((word, k)) + overall) / (values.count(word) + 1)
            assert row[k] == pytest.approx(expected)
    np.testing.assert_allclose(found.sum(1), 1)


def test_words_of_a_path() -> None:
    path = "Post_Impressionism/vincent-van-gogh_the_starry_night-1889.jpg"
    assert painter_slug(path) == "vincent-van-gogh"
    assert folder_of(path) == "Post_Impressionism"
    assert folder_of("a/b/c_d.jpg") == "a/b"


# --- colours and the probe


def test_histogram_by_eye() -> None:
    pixels = np.zeros((2, 3, 1, 4), dtype=np.uint8)
    pixels[0, :, 0, 1] = [255, 0, 0]
    pixels[0, :, 0, 2] = [0, 255, 255]
    pixels[1] = 127
    found = colour_histogram(pixels, levels=2)
    # with two levels a colour's number is 4 red + 2 green + blue, and 127 is still the lower level
    np.testing.assert_array_equal(found, [[0.5, 0, 0, 0.25, 0.25, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]])
    assert found.dtype == np.float32
    assert colour_histogram(np.full((1, 3, 1, 1), 128, dtype=np.uint8), levels=2)[0].argmax() == 7


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_histogram_agrees_with_the_loop(seed: int, levels: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    expected = np.zeros((2, levels, levels, levels))
    for i, row, column in np.ndindex(2, 4, 5):
        cell = tuple(int(v) * levels // 256 for v in pixels[i, :, row, column])
        expected[(i, *cell)] += 1 / 20
    np.testing.assert_allclose(colour_histogram(pixels, levels), expected.reshape(2, -1), atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_histogram_does_not_see_where_a_colour_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (1, 3, 4, 4), dtype=np.uint8)
    moved = pixels.reshape(1, 3, 16)[:, :, rng.permutation(16)].reshape(1, 3, 4, 4)
    np.testing.assert_array_equal(colour_histogram(pixels), colour_histogram(moved))


TRAIN = rows_of([0, 0, 1, 1], ["A/x_1.jpg", "A/x_2.jpg", "B/y_1.jpg", "A/y_2.jpg"], ["tall", "tall", None, "wide"])
ROWS = rows_of([1, 0], ["B/x_9.jpg", "C/z_9.jpg"], [None, "tall"])


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("style", {"majority", "painter's name", "source geometry"}),
        ("genre", {"majority", "painter's name", "style folder", "source geometry"}),
        ("artist", {"majority", "style folder", "source geometry"}),
    ],
)
def test_no_baseline_reads_the_label_itself(task: str, names: set[str]) -> None:
    found = baselines_without_pixels(TRAIN, ROWS, task, 2)
    assert set(found) == names
    for p in found.values():
        assert p.shape == (2, 2)
        np.testing.assert_allclose(p.sum(1), 1)


def test_baselines_by_eye() -> None:
    found = baselines_without_pixels(TRAIN, ROWS, "genre", 2)
    half = [0.5, 0.5]
    np.testing.assert_allclose(found["majority"], [half, half])
    np.testing.assert_allclose(found["painter's name"], [[2.5 / 3, 0.5 / 3], half])  # x has two rows; z none: the prior
    np.testing.assert_allclose(found["style folder"], [[0.25, 0.75], half])  # B has one row of class 1; C none
    np.testing.assert_allclose(found["source geometry"], [[0.25, 0.75], [2.5 / 3, 0.5 / 3]])  # no stratum is one, too


def test_an_unseen_painter_gets_the_prior() -> None:
    train = rows_of([0, 0, 0, 1], ["A/x_1.jpg", "A/x_2.jpg", "A/y_1.jpg", "A/y_2.jpg"])
    found = baselines_without_pixels(train, rows_of([1], ["A/new-painter_1.jpg"]), "style", 3)
    np.testing.assert_allclose(found["painter's name"], [[0.75, 0.25, 0]])


def test_no_geometry_where_the_rows_name_no_stratum() -> None:
    bare = ROWS.assign(stratum=pd.array([None, None], dtype="string"))
    assert "source geometry" not in baselines_without_pixels(TRAIN, bare, "genre", 2)


@given(st.integers(0, 2**32 - 1))
def test_labels_of_the_rows_to_predict_are_never_read(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def rows(n: int) -> pd.DataFrame:
        ids = [f"{'AB'[rng.integers(2)]}/{'xyz'[rng.integers(3)]}_{i}.jpg" for i in range(n)]
        return rows_of(rng.integers(0, 3, n).tolist(), ids, rng.choice(["s", "t"], n).tolist())

    train, asked = rows(12), rows(6)
    shuffled = asked.assign(genre=asked["genre"].to_numpy()[rng.permutation(6)])
    hidden = asked.drop(columns=["style", "genre", "artist"])
    first = baselines_without_pixels(train, asked, "genre", 3)
    for other in (shuffled, hidden):
        again = baselines_without_pixels(train, other, "genre", 3)
        assert list(again) == list(first)
        for name in first:
            np.testing.assert_array_equal(again[name], first[name])


# --- scored beside the network


def geometry_scores(strata: list[str]) -> dict[Hashable, float]:
    """Scores of the geometry baseline where training and validation rows are alike: 12 of class 0, 12 of class 1."""
    y = [0] * 12 + [1] * 12
    rows = rows_of(y, [f"A/x_{i}.jpg" for i in range(24)], strata)
    found = baselines_without_pixels(rows, rows, "genre", 2)
    stratum = rows["stratum"].fillna("").to_numpy(dtype=str)
    network = TaskPredictions(np.array(y), np.eye(2)[y], np.arange(24), stratum, ["still", "portrait"])
    table = baseline_table(network, found, PARAMS, 0)
    return table[table["baseline"] == "source geometry"].to_dict("records")[0]


def test_geometry_that_gives_the_class_away_is_found_out() -> None:
    """Mostly tall and mostly wide: by geometry alone three of four pairs are won, and within a stratum nothing is."""
    found = geometry_scores(["tall"] * 9 + ["wide"] * 3 + ["tall"] * 3 + ["wide"] * 9)
    assert found["auc_ovo"] == pytest.approx(0.75)
    assert found["auc_ovo_stratified"] == 0.5


def test_geometry_that_is_the_class_leaves_no_stratified_score() -> None:
    found = geometry_scores(["tall"] * 12 + ["wide"] * 12)
    assert found["auc_ovo"] == found["top1"] == 1
    assert np.isnan(found["auc_ovo_stratified"])


# --- from the images of an index

N = 48
SPLITS = ["val" if i % 3 == 2 else "select" if i % 8 == 1 else "train" for i in range(N)]
SELECT_ROWS = [i for i in range(N) if SPLITS[i] == "select"]
TRAIN_ROWS = [i for i in range(N) if SPLITS[i] == "train"]
VAL_ROWS = [i for i in range(N) if SPLITS[i] == "val"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def index_of(n: int = N) -> pd.DataFrame:
    """As prepare_artgan writes it: 4 styles, 2 genres that some rows lack, 3 artists; validation is every third row."""
    rng = np.random.default_rng(0)
    index = pd.DataFrame({"id": [f"Folder{i % 5}/painter{i % 7}_{i}.jpg" for i in range(n)]})
    index["stratum"] = pd.array(rng.choice(["tall", "wide"], n), dtype="string")
    labels: dict[str, list[int | None]] = {
        "style": [i % 4 for i in range(n)],
        "genre": [None if i % 5 == 0 else (i // 4) % 2 for i in range(n)],
        "artist": [(i // 2) % 3 for i in range(n)],
    }
    for task, values in labels.items():
        index[task] = pd.array(values, dtype="Int64")
        splits = [None if value is None else split for value, split in zip(values, SPLITS[:n], strict=True)]
        index[f"{task}_split"] = pd.array(splits, dtype="string")
    index.loc[range(2, n, 12), "genre_split"] = "guarded"  # val in the other tasks
    index.loc[range(3, n, 12), "genre_split"] = "select"  # trained on in the other tasks
    return index


def seen(index: pd.DataFrame, rows: list[int], sha256: str) -> Seen:
    """Rows with colours that tell the style, and tokens whose mean over cells tells the artist."""
    rng = np.random.default_rng(len(rows))
    style, artist = (index[task].iloc[rows].to_numpy(dtype=int) for task in ("style", "artist"))
    colours = np.eye(4, dtype=np.float32)[style] + rng.normal(0, 0.05, (len(rows), 4)).astype(np.float32)
    opposite = rng.normal(size=(len(rows), 1, 3))  # cells differ, and their mean does not
    tokens = np.concatenate([np.eye(3)[artist][:, None] + opposite, np.eye(3)[artist][:, None] - opposite], axis=1)
    return Seen(rows, colours, Inputs(tokens.astype(np.float32), toy_preprocessing(), sha256, widths=((1, 2),)))


def run(index: pd.DataFrame, task: str, sha256: str = "abc", **changes: object) -> dict[str, np.ndarray]:
    of_split = {"train": TRAIN_ROWS, "select": SELECT_ROWS, "val": VAL_ROWS}
    both = {split: seen(index_of(), rows, sha256) for split, rows in of_split.items()}
    even = {name: [1.0] * n for name, n in CLASSES.items()}
    return task_baselines(index, task, both, even, toy_params(**changes).train, PARAMS, 0)


@pytest.mark.slow
def test_images_too_small_for_a_network_train_the_other_baselines() -> None:
    """Three rows have no tokens: the painter's name and the colours learn from them, the linear heads do not."""
    index, small = index_of(), frozenset(TRAIN_ROWS[:3])
    whole = {split: seen(index, rows, "abc") for split, rows in (("select", SELECT_ROWS), ("val", VAL_ROWS))}
    all_rows, large = seen(index, TRAIN_ROWS, "abc"), seen(index, TRAIN_ROWS[3:], "abc")
    train = Seen(TRAIN_ROWS, all_rows.colours, large.inputs, small)
    even = {name: [1.0] * n for name, n in CLASSES.items()}
    found = task_baselines(index, "artist", whole | {"train": train}, even, toy_params().train, PARAMS, 0)
    names = task_baselines(index, "artist", whole | {"train": all_rows}, even, toy_params().train, PARAMS, 0)
    heads = task_baselines(index, "artist", whole | {"train": large}, even, toy_params().train, PARAMS, 0)
    for name in ("majority", "style folder", "colour histogram"):
        np.testing.assert_array_equal(found[name], names[name])
    for name in (PROBE, LAST):
        np.testing.assert_array_equal(found[name], heads[name])


# --- histograms


def test_histograms_are_those_of_the_rows_asked_for(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 7)
    monkeypatch.setattr(baselines, "BLOCK", 2)  # five rows: the last block is not full
    rows = [6, 0, 3, 1, 4]
    found = histograms(reader, index, rows)
    assert found.shape == (5, 64) and found.dtype == np.float32
    for values, row in zip(found, rows, strict=True):
        pixels = np.asarray(reader.image(row).resize((64, 64))).transpose(2, 0, 1)
        np.testing.assert_array_equal(values, colour_histogram(pixels[None])[0])
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
    # p6 is blue, p0 and p4 are red, p3 is yellow, p1 is green (see toys.COLOURS): 16 red + 4 green + blue
    assert found.argmax(1).tolist() == [3, 48, 16 * 3 + 4 * 3, 8, 48]


def test_histograms_are_computed_once_and_found_by_content(tmp_path: Path, cache: Path) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 4)
    first = histograms(reader, index, [2, 0])
    broken = ShardReader(tmp_path / "shards", damage(index, ["train"]))
    np.testing.assert_array_equal(histograms(broken, index, [2, 0]), first)  # nothing is read: the cache has it
    with pytest.raises(ArtExtractError, match="damaged"):
        histograms(broken, index, [0, 1])


# --- what baselines may look at


def test_training_rows_are_looked_at_beside_what_was_predicted(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows 0 and 4 are too small for the second network, and train baselines that need no network's input."""
    reader, index = toy_collection(tmp_path / "shards", ["train", "val", "train", "select", "train"])
    index["width"], index["height"] = [20, 20, 90, 20, 30], [30, 20, 20, 20, 79]
    second = Network(name="other", weights="none", sha256="", layers=[], size=0, min_side=80)
    params = toy_params(min_side=10, networks=[second], views=3).train
    asked, made = [], Inputs(np.zeros((1, 2, 3), dtype=np.float32), toy_preprocessing(), "abc")
    monkeypatch.setattr(baselines, "load_inputs", lambda *arguments: (asked.append(arguments), made)[1])
    given = {split: Inputs(np.ones((1, 2, 3)), toy_preprocessing(), split) for split in ("select", "val")}
    predicted = {split: Predictions([row], given[split], {}) for split, row in (("select", 3), ("val", 1))}
    found = look_at(reader, index, params, predicted, probe=True)
    assert {split: (list(of.rows), of.input_rows) for split, of in found.items()} == {
        "select": ([3], [3]), "val": ([1], [1]), "train": ([0, 2, 4], [2]),
    }  # fmt: skip
    assert found["train"].small == {0, 4} and found["train"].inputs is made
    assert all(found[split].inputs is given[split] for split in given)
    assert len(asked) == 1 and asked[0][0] is reader and asked[0][1] is index and asked[0][2:] == ([2], params, 3)
    for of in found.values():
        np.testing.assert_array_equal(of.colours, histograms(reader, index, of.rows))
    assert look_at(reader, index, params, predicted, probe=False)["train"].inputs is None and len(asked) == 1


# --- all baselines of a task: from an index


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("style", {"majority", "painter's name", "source geometry"}),
        ("genre", {"majority", "painter's name", "style folder", "source geometry"}),
        ("artist", {"majority", "style folder", "source geometry"}),
    ],
)
def test_baselines_of_each_task(task: str, names: set[str]) -> None:
    index = index_of()
    with_tokens, with_pixels = run(index, task), run(index, task, sha256="")
    assert set(with_tokens) == names | {"colour histogram", PROBE, LAST}
    assert set(with_pixels) == names | {"colour histogram"}  # a backbone that is trained has no frozen features
    rows = sum(split == "val" for split in index[f"{task}_split"].fillna(""))
    for p in with_tokens.values():
        assert p.shape == (rows, CLASSES[task])
        np.testing.assert_allclose(p.sum(1), 1)


@pytest.mark.slow
def test_a_probe_finds_what_its_features_tell_in_the_order_of_the_index() -> None:
    index = index_of()
    style, artist = run(index, "style"), run(index, "artist")
    truth = {task: index[task].iloc[VAL_ROWS].tolist() for task in ("style", "artist")}
    assert style["colour histogram"].argmax(1).tolist() == truth["style"]
    assert artist[PROBE].argmax(1).tolist() == truth["artist"]
    assert style[PROBE].argmax(1).tolist() != truth["style"]


def test_rows_of_other_splits_of_the_task_play_no_part() -> None:
    """Genre is missing for some rows that are trained on, or asked for, in other tasks."""
    index = index_of()
    both = [index["genre_split"].fillna("").tolist()[i] for i in TRAIN_ROWS]
    kept = [row for row, split in zip(TRAIN_ROWS, both, strict=True) if split == "train"]
    assert 0 < len(kept) < len(TRAIN_ROWS)
    y = index["genre"].iloc[kept].to_numpy(dtype=int)
    asked = index["genre_split"].iloc[VAL_ROWS].fillna("").tolist().count("val")
    assert 0 < asked < index["genre_split"].iloc[VAL_ROWS].notna().sum()
    np.testing.assert_allclose(run(index, "genre")["majority"], [np.bincount(y) / len(kept)] * asked)


@pytest.mark.slow
@pytest.mark.parametrize("task", CLASSES)
def test_validation_labels_change_no_probability(task: str) -> None:
    index = index_of()
    labels = index[task].to_numpy(dtype=object, copy=True)
    here = np.flatnonzero((index[f"{task}_split"] == "val").fillna(False).to_numpy(dtype=bool))
    labels[here] = labels[here][::-1]
    assert (labels[here] != index[task].iloc[here].to_numpy(dtype=object)).any()
    first, second = run(index, task), run(index.assign(**{task: pd.array(labels, dtype="Int64")}), task)
    assert list(first) == list(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.slow
def test_training_labels_do_change_them() -> None:
    index = index_of()
    labels = index["style"].to_numpy(dtype=int, copy=True)
    labels[TRAIN_ROWS] = (labels[TRAIN_ROWS] + (np.arange(len(TRAIN_ROWS)) % 3 == 0)) % 4
    first, second = run(index, "style"), run(index.assign(style=pd.array(labels, dtype="Int64")), "style")
    for name in first:
        assert np.abs(first[name] - second[name]).max() > 1e-3, name


def test_one_training_class_leaves_nothing_to_probe() -> None:
    index = index_of()
    found = run(index.assign(style=pd.array([2] * N, dtype="Int64")), "style")
    assert set(found) == {"majority", "painter's name", "source geometry"}
    np.testing.assert_allclose(found["painter's name"], np.eye(4)[[2] * len(VAL_ROWS)])


def test_a_task_without_validation_rows_breaks_nothing() -> None:
    index = index_of()
    index["genre_split"] = index["genre_split"].where(index["genre_split"] != "val")
    found = run(index, "genre")
    assert set(found) == {"majority", "painter's name", "style folder"}
    assert {p.shape for p in found.values()} == {(0, 2)}


def test_title_variants_are_looked_for_among_the_training_rows_of_the_task() -> None:
    names = ["S/a_x.jpg", "S/a_x-2.jpg", "S/a_y.jpg", "S/b_x.jpg", "S/a_y(1).jpg"]
    index = pd.DataFrame(
        {"id": names, "style_split": pd.array(["train", "val", "select", "val", "val"], dtype="string")}
    )
    asked = pd.DataFrame({"id": [names[4], names[3], names[1]], "task": "style", "split": "val"})
    further = pd.DataFrame({"id": names[:2], "task": ["genre", "style"], "split": ["val", "select"]})
    found = has_variant(index, pd.concat([asked, further]), "style")
    assert found.tolist() == [False, False, True]
