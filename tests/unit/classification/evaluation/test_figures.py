"""Of figures.py, class_figure.py, loss_figure.py and classification_figures.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from PIL import Image

from artextract.classification.evaluation import figures as class_figure
from artextract.classification.evaluation import figures as classification_figures
from artextract.classification.evaluation import figures as loss_figure
from artextract.classification.evaluation.scores import RocCurves
from artextract.core.tasks import TASKS
from artextract.pictures import style as figures
from artextract.pictures.style import SPLIT_COLOURS, new_figure, readable, save

COUNTS = pd.DataFrame(
    [
        (task, name, split, rows)
        for task in TASKS
        for name, values in {"still_life": (5, 1, 2), "paul-cezanne": (9, 0, 3)}.items()
        for split, rows in zip(("train", "select", "val"), values, strict=True)
    ],
    columns=pd.Index(["task", "class", "split", "rows"]),
)
LOSSES = pd.DataFrame(
    {"epoch": [0, 1, 2]} | {f"{task}_{split}": [3.0, 2, 2.5] for task in TASKS for split in ("train", "select")}
)
METRICS = {
    f"{task}.{name}": value
    for task in TASKS
    for name, value in {
        "auc_ovr": 0.876, "auc_ovr_low": 0.8, "auc_ovr_high": 0.95, "classes_scored": 2, "classes": 3,
    }.items()
}  # fmt: skip


def curves(*names: str) -> dict[str, RocCurves]:
    """Two classes of the given names in style and genre, none in artist."""
    grid = np.linspace(0, 1, 11)
    table = pd.DataFrame(dict(zip(names or ("a", "b"), (grid**0.4, grid**0.6), strict=True)), index=grid)
    return {"style": RocCurves(table), "genre": RocCurves(table), "artist": RocCurves(pd.DataFrame(index=grid))}


def confusion(classes: int) -> np.ndarray:
    counts = np.random.default_rng(classes).integers(0, 5, (classes, classes))
    counts[-1] = 0  # a class without validation rows
    return counts


def bins() -> pd.DataFrame:
    """Two tasks with two bins before and one after the temperature; artist has none."""
    rows = [
        (task, name, *values)
        for task in ("style", "genre")
        for name, values in (("before", (30, 0.6, 0.5)), ("before", (10, 0.9, 0.7)), ("after", (40, 0.55, 0.55)))
    ]
    return pd.DataFrame(rows, columns=pd.Index(["task", "calibrated", "rows", "confidence", "accuracy"]))


ERRORS = {f"{task}.{name}": value for task in TASKS for name, value in {"ece": 0.126, "ece_calibrated": 0.02}.items()}


DRAW: dict[str, Callable[[Path], None]] = {
    "classes": lambda path: classification_figures.plot_class_counts(COUNTS, path),
    "losses": lambda path: classification_figures.plot_losses(LOSSES, 1, path),
    "confusion": lambda path: classification_figures.plot_confusion(confusion(3), ["a", "b", "c"], "genre", path),
    "roc": lambda path: classification_figures.plot_roc(curves(), METRICS, path),
    "reliability": lambda path: classification_figures.plot_reliability(bins(), ERRORS, path),
}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that would have been saved."""
    found: list[Figure] = []
    for module in (class_figure, loss_figure, classification_figures):
        monkeypatch.setattr(module, "save", lambda figure, path: found.append(figure))
    return found


@pytest.mark.parametrize("name", DRAW)
def test_bytes_repeat(tmp_path: Path, name: str) -> None:
    for run in ("one", "two"):
        DRAW[name](tmp_path / f"{run}.png")
    data = (tmp_path / "one.png").read_bytes()
    assert data == (tmp_path / "two.png").read_bytes()
    assert b"matplotlib" not in data.lower()  # its version would differ between machines
    with Image.open(tmp_path / "one.png") as image:
        pixels = np.asarray(image.convert("L"))
    assert min(pixels.shape) > 200
    assert 0.001 < (pixels < 128).mean() < 0.5  # ink on paper, and not too much of it


def test_figures_are_closed_and_leave_nothing_behind(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    for name, draw in DRAW.items():
        draw(tmp_path / f"{name}.png")
    assert plt.get_fignums() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.png" for name in DRAW)


def test_new_figure_gives_axes_in_rows_and_columns(tmp_path: Path) -> None:
    figure, axes = new_figure(2, 3, 6, 4)
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [6, 4]
    save(figure, tmp_path / "deep" / "folder" / "f.png")
    assert (tmp_path / "deep" / "folder" / "f.png").is_file()
    figure, axes = new_figure(1, 1, 2, 2)
    assert axes.shape == (1, 1)
    save(figure, tmp_path / "g.png")


def test_readable() -> None:
    assert readable("paul-cezanne") == "paul cezanne"
    assert readable("New_Realism") == "New Realism"


@pytest.mark.parametrize("classes", [1, 2, 27])
def test_confusion_matrix_of_any_size(tmp_path: Path, classes: int) -> None:
    names = [f"Some_Long-class name {k}" for k in range(classes)]
    classification_figures.plot_confusion(confusion(classes), names, "style", tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 1.5 * image.height > 200


def test_confusion_matrix_by_eye(kept: list[Figure]) -> None:
    counts = np.array([[3, 1, 0], [0, 0, 2], [0, 0, 0]])
    classification_figures.plot_confusion(counts, ["a_a", "b-b", "c"], "genre", Path())
    left, right = kept[0].axes
    assert [text.get_text() for text in left.texts] == ["3", "1", "2"]
    assert [text.get_text() for text in right.texts] == ["0.75", "0.25", "1.00"]
    assert [text.get_position() for text in left.texts] == [(0, 0), (1, 0), (2, 1)]  # x: predicted, y: true
    shown = np.asarray(left.images[0].get_array())
    np.testing.assert_allclose(shown, [[0.75, 0.25, 0], [0, 0, 1], [0, 0, 0]])
    for axis in (left, right):
        assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")
        assert [label.get_text() for label in axis.get_xticklabels()] == ["a a", "b b", "c"]
        assert [label.get_text() for label in axis.get_yticklabels()] == ["a a", "b b", "c"]


def test_roc_titles_give_the_auc_or_say_that_there_is_none(kept: list[Figure]) -> None:
    metrics = {key: value for key, value in METRICS.items() if key != "artist.auc_ovr"}
    classification_figures.plot_roc(curves(), metrics, Path())
    titles = [axis.get_title(loc="left") for axis in kept[0].axes]
    assert titles[0] == "style: AUC 0.88 (0.80 to 0.95), 2 of 3 classes"
    assert titles[2] == "artist: no class has enough validation rows"
    assert [len(axis.lines) for axis in kept[0].axes] == [4, 4, 2]  # two classes, their mean, the diagonal


def test_roc_curves_of_classes_that_are_called_like_columns(kept: list[Figure]) -> None:
    classification_figures.plot_roc(curves("macro", "fpr"), METRICS, Path())
    grid = np.linspace(0, 1, 11)
    first, second, mean = (np.asarray(line.get_xydata()) for line in kept[0].axes[0].lines[:3])
    for drawn, rates in ((first, grid**0.4), (second, grid**0.6), (mean, (grid**0.4 + grid**0.6) / 2)):
        np.testing.assert_allclose(drawn, np.stack([grid, rates], axis=1))


def test_reliability_by_eye(kept: list[Figure]) -> None:
    classification_figures.plot_reliability(bins(), ERRORS, Path())
    for axis, task in zip(kept[0].axes, TASKS, strict=True):
        assert axis.get_title(loc="left") == task
        diagonal, *drawn = axis.lines
        np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
        if task == "artist":
            assert not drawn and axis.get_legend() is None
            continue
        points = [np.column_stack([line.get_xdata(), line.get_ydata()]).tolist() for line in drawn]
        assert points == [[[0.6, 0.5], [0.9, 0.7]], [[0.55, 0.55]]]
        legend = axis.get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["before: error 0.13", "after: error 0.02"]
        before, after = [c for c in axis.collections if isinstance(c, PathCollection)]
        np.testing.assert_array_equal(np.asarray(before.get_offsets()), points[0])
        assert np.asarray(before.get_sizes()).tolist() == [20 + 300 * 0.75, 20 + 300 * 0.25]  # areas: share of the rows
        assert np.asarray(after.get_sizes()).tolist() == [320]
        assert axis.get_xlabel() == "confidence"
    assert kept[0].axes[0].get_ylabel() == "accuracy"


def test_reliability_of_nothing_is_three_empty_panels(kept: list[Figure]) -> None:
    classification_figures.plot_reliability(pd.DataFrame(), {}, Path())
    assert [len(axis.lines) for axis in kept[0].axes] == [1, 1, 1]


def test_losses_by_eye(kept: list[Figure]) -> None:
    classification_figures.plot_losses(LOSSES.drop(columns=["artist_train"]), 1, Path())
    losses, aucs = kept[0].axes[: len(TASKS)], kept[0].axes[len(TASKS) :]
    assert [text.get_text() for axis in aucs for text in axis.texts] == ["too few select rows for an AUC"] * len(TASKS)
    for axis, task in zip(losses, TASKS, strict=True):
        assert axis.get_title(loc="left") == task
        splits = ["select"] if task == "artist" else ["train", "select"]
        *drawn, kept_epoch = axis.lines
        assert [line.get_label() for line in drawn] == splits
        assert [line.get_color() for line in drawn] == [SPLIT_COLOURS[split] for split in splits]
        np.testing.assert_array_equal(drawn[-1].get_ydata(), LOSSES[f"{task}_select"])
        np.testing.assert_array_equal(kept_epoch.get_xdata(), [1, 1])
        assert axis.get_ylim()[0] == 0


def test_the_auc_stands_below_the_losses(kept: list[Figure]) -> None:
    values = np.linspace(0.5, 0.9, len(LOSSES))
    classification_figures.plot_losses(LOSSES.assign(genre_select_auc=values), 1, Path())
    below = kept[0].axes[len(TASKS) + TASKS.index("genre")]
    np.testing.assert_array_equal(below.lines[0].get_ydata(), values)


def test_class_counts_by_eye(kept: list[Figure]) -> None:
    classification_figures.plot_class_counts(COUNTS, Path())
    for axis, task in zip(kept[0].axes, TASKS, strict=True):
        assert axis.get_title(loc="left") == f"{task}: 2 classes"
        assert [label.get_text() for label in axis.get_yticklabels()] == ["still life", "paul cezanne"]
        drawn = [c for c in axis.containers if isinstance(c, BarContainer)]
        bars = {str(c.get_label()): [(b.get_x(), b.get_width()) for b in c.patches] for c in drawn}
        assert bars == {"train": [(0, 5), (0, 9)], "select": [(5, 1), (9, 0)], "val": [(6, 2), (9, 3)]}
        colour = drawn[2].patches[0].get_facecolor()
        assert colour == colors.to_rgba(SPLIT_COLOURS["val"])


def test_style_is_shared() -> None:
    import matplotlib.pyplot as plt

    figure, _ = new_figure(1, 1, 1, 1)
    assert plt.rcParams["font.size"] == figures.STYLE["font.size"]
    assert not plt.rcParams["axes.spines.top"]
    plt.close(figure)
