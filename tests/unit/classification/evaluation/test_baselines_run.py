from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.classification.evaluation import baselines as baseline_run
from artextract.classification.evaluation.baselines import Seen, has_variant, histograms, task_baselines
from artextract.classification.network.inputs import Inputs
from artextract.core.errors import ArtExtractError
from artextract.data.images.colours import colour_histogram
from artextract.data.images.shards import ShardReader
from tests.toys import CLASSES, damage, toy_collection, toy_preprocessing

N = 48
SPLITS = ["val" if i % 3 == 2 else "train" for i in range(N)]
TRAIN = [i for i in range(N) if SPLITS[i] == "train"]
VAL = [i for i in range(N) if SPLITS[i] == "val"]


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
    return Seen(rows, colours, Inputs(tokens.astype(np.float32), toy_preprocessing(), sha256))


def run(index: pd.DataFrame, task: str, sha256: str = "abc") -> dict[str, np.ndarray]:
    train, val = seen(index_of(), TRAIN, sha256), seen(index_of(), VAL, sha256)
    return task_baselines(index, task, CLASSES[task], train, val, 0)


# --- histograms


def test_histograms_are_those_of_the_rows_asked_for(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, index = toy_collection(tmp_path / "shards", ["train"] * 7)
    monkeypatch.setattr(baseline_run, "BLOCK", 2)  # five rows: the last block is not full
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


# --- all baselines of a task


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
    assert set(with_tokens) == names | {"colour histogram", "linear probe on frozen features"}
    assert set(with_pixels) == names | {"colour histogram"}  # a backbone that is trained has no frozen features
    rows = sum(split == "val" for split in index[f"{task}_split"].fillna(""))
    for p in with_tokens.values():
        assert p.shape == (rows, CLASSES[task])
        np.testing.assert_allclose(p.sum(1), 1)


def test_a_probe_finds_what_its_features_tell_in_the_order_of_the_index() -> None:
    index = index_of()
    style, artist = run(index, "style"), run(index, "artist")
    truth = {task: index[task].iloc[VAL].tolist() for task in ("style", "artist")}
    assert style["colour histogram"].argmax(1).tolist() == truth["style"]
    assert artist["linear probe on frozen features"].argmax(1).tolist() == truth["artist"]
    assert style["linear probe on frozen features"].argmax(1).tolist() != truth["style"]


def test_rows_of_other_splits_of_the_task_play_no_part() -> None:
    """Genre is missing for some rows that are trained on, or asked for, in other tasks."""
    index = index_of()
    both = [index["genre_split"].fillna("").tolist()[i] for i in TRAIN]
    kept = [row for row, split in zip(TRAIN, both, strict=True) if split == "train"]
    assert 0 < len(kept) < len(TRAIN)
    y = index["genre"].iloc[kept].to_numpy(dtype=int)
    asked = index["genre_split"].iloc[VAL].fillna("").tolist().count("val")
    assert 0 < asked < index["genre_split"].iloc[VAL].notna().sum()
    np.testing.assert_allclose(run(index, "genre")["majority"], [np.bincount(y) / len(kept)] * asked)


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


def test_training_labels_do_change_them() -> None:
    index = index_of()
    labels = index["style"].to_numpy(dtype=int, copy=True)
    labels[TRAIN] = (labels[TRAIN] + (np.arange(len(TRAIN)) % 3 == 0)) % 4
    first, second = run(index, "style"), run(index.assign(style=pd.array(labels, dtype="Int64")), "style")
    for name in first:
        assert np.abs(first[name] - second[name]).max() > 1e-3, name


def test_one_training_class_leaves_nothing_to_probe() -> None:
    index = index_of()
    found = run(index.assign(style=pd.array([2] * N, dtype="Int64")), "style")
    assert set(found) == {"majority", "painter's name", "source geometry"}
    np.testing.assert_allclose(found["painter's name"], np.eye(4)[[2] * len(VAL)])


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
