"""Figures of task 1: what is drawn, from hand-made tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from PIL import Image

from artextract.classification.evaluation import class_counts
from artextract.classification.evaluation import figures as classification_figures
from artextract.classification.evaluation.roc import RocCurves
from artextract.core.tasks import TASKS
from artextract.pictures import style as figures
from artextract.pictures.style import SPLIT_COLOURS, new_figure, readable, save
from tests.tiers import later

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
    [
        (epoch, task, split, loss)
        for task in TASKS
        for split in ("train", "select")
        for epoch, loss in enumerate((3.0, 2.0, 2.5))
    ],
    columns=pd.Index(["epoch", "task", "split", "loss"]),
)
NO_AUC = pd.DataFrame(columns=pd.Index(["epoch", "task", "auc"]))
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


def points() -> pd.DataFrame:
    """Two tasks with two points before and, in style, one after the temperature; artist has none."""
    rows = [
        (task, name, *values)
        for task in ("style", "genre")
        for name, values in (
            ("before", (30, 0.6, 0.5, 0.3, 0.7)),
            ("before", (20, 0.9, 0.7, 0.5, 0.9)),
            ("after", (50, 0.6, 0.6, 0.5, 0.7)),
        )
        if (task, name) != ("genre", "after")
    ]
    return pd.DataFrame(rows, columns=pd.Index(["task", "calibrated", "rows", "confidence", "accuracy", "low", "high"]))


ERRORS = {
    f"{task}.{name}": value
    for task in TASKS
    for name, value in {"ece": 0.126, "ece_calibrated": 0.02, "ece_if_calibrated": 0.1}.items()
}
ERRORS |= {"style.val_rows": 50, "style.temperature_rows": 40, "genre.val_rows": 50, "genre.temperature_rows": 8}
ERRORS |= {"artist.val_rows": 14, "artist.temperature_rows": 2}
REFUSED = {"style": None, "genre": "8 select rows are too few: at least 50 are needed", "artist": "2 select rows"}
ANSWERS = pd.DataFrame(
    {
        "task": ["style", "style", "genre"], "confidence": [0.9, 0.6, 0.7], "answered": [1, 4, 2],
        "coverage": [0.25, 1.0, 1.0], "error": [0.0, 0.5, 0.5],
    }
)  # fmt: skip
CHOSEN = {"style.abstain_coverage": 0.25, "style.abstain_error": 0.0}


DRAW: dict[str, Callable[[Path], None]] = {
    "classes": lambda path: class_counts.plot_class_counts(COUNTS, path),
    "losses": lambda path: classification_figures.plot_losses(LOSSES, NO_AUC, 1, path),
    "confusion": lambda path: classification_figures.plot_confusion(confusion(3), ["a", "b", "c"], "genre", path),
    "roc": lambda path: classification_figures.plot_roc(curves(), METRICS, path),
    "reliability": lambda path: classification_figures.plot_reliability(points(), ERRORS, REFUSED, path),
    "answers": lambda path: classification_figures.plot_risk_coverage(ANSWERS, CHOSEN, path),
}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that would have been saved."""
    found: list[Figure] = []
    for module in (class_counts, classification_figures):
        monkeypatch.setattr(module, "save", lambda figure, path: found.append(figure))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [name if name == "confusion" else later(name) for name in DRAW])
def test_bytes_repeat(tmp_path: Path, name: str) -> None:
    for run in ("one", "two"):
        DRAW[name](tmp_path / f"{run}.png")
        DRAW[name](tmp_path / run / "same_name.png")
    data = (tmp_path / "one.png").read_bytes()
    assert data == (tmp_path / "two.png").read_bytes()
    assert b"matplotlib" not in data.lower()  # its version would differ between machines
    drawing, again = ((tmp_path / run / "same_name.svg").read_text() for run in ("one", "two"))
    assert drawing == again
    assert "<dc:date" not in drawing and "Matplotlib v" not in drawing
    assert "<text" in drawing and len(drawing) < 100_000  # words stay words
    with Image.open(tmp_path / "one.png") as image:
        pixels = np.asarray(image.convert("L"))
    assert min(pixels.shape) > 200
    assert 0.001 < (pixels < 128).mean() < 0.5  # ink on paper, and not too much of it


@pytest.mark.slow
def test_figures_are_closed_and_leave_nothing_behind(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    for name, draw in DRAW.items():
        draw(tmp_path / f"{name}.png")
    assert plt.get_fignums() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{name}.{kind}" for name in DRAW for kind in ("png", "svg")
    )


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


@pytest.mark.slow
@pytest.mark.parametrize("classes", [1, 2, 27])
def test_confusion_matrix_of_any_size(tmp_path: Path, classes: int) -> None:
    names = [f"Some_Long-class name {k}" for k in range(classes)]
    classification_figures.plot_confusion(confusion(classes), names, "style", tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        assert image.width > 200 and image.height > 200


def test_confusion_matrix_by_eye(kept: list[Figure]) -> None:
    counts = np.array([[3, 1, 0], [0, 0, 2], [0, 0, 0]])
    classification_figures.plot_confusion(counts, ["a a", "b b", "c"], "genre", Path())
    (axis,) = kept[0].axes
    assert [text.get_text() for text in axis.texts] == ["3", "1", "2"]
    assert [text.get_position() for text in axis.texts] == [(0, 0), (1, 0), (2, 1)]  # x: predicted, y: true
    shown = np.asarray(axis.images[0].get_array())
    np.testing.assert_allclose(shown, [[0.75, 0.25, 0], [0, 0, 1], [0, 0, 0]])
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")
    assert [label.get_text() for label in axis.get_xticklabels()] == ["a a", "b b", "c"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a a (n = 4)", "b b (n = 2)", "c (n = 0)"]
    assert kept[0].get_suptitle() == "genre: 6 validation images"


def test_a_class_that_was_never_predicted_keeps_its_column(kept: list[Figure]) -> None:
    counts = np.array([[3, 0], [1, 0]])
    classification_figures.plot_confusion(counts, ["a", "b"], "genre", Path())
    assert [label.get_text() for label in kept[0].axes[0].get_xticklabels()] == ["a", "b (never)"]


def test_roc_titles_give_the_auc_or_say_that_there_is_none(kept: list[Figure]) -> None:
    metrics = {key: value for key, value in METRICS.items() if key != "artist.auc_ovr"}
    classification_figures.plot_roc(curves(), metrics, Path())
    titles = [axis.get_title(loc="left") for axis in kept[0].axes]
    assert titles[0] == "style: one-vs-rest AUC 0.88 (0.80 to 0.95)\n2 of 3 classes scored"
    assert titles[2] == "artist: no class has enough validation rows"
    assert [len(axis.lines) for axis in kept[0].axes] == [4, 4, 2]  # two classes, their mean, the diagonal


def test_roc_titles_say_where_there_is_no_interval(kept: list[Figure]) -> None:
    metrics = {key: value for key, value in METRICS.items() if not key.endswith(("_low", "_high"))}
    classification_figures.plot_roc(curves(), metrics, Path())
    first = kept[0].axes[0].get_title(loc="left")
    assert first == "style: one-vs-rest AUC 0.88 (no interval)\n2 of 3 classes scored"


def test_roc_curves_of_classes_that_are_called_like_columns(kept: list[Figure]) -> None:
    classification_figures.plot_roc(curves("macro", "fpr"), METRICS, Path())
    grid = np.linspace(0, 1, 11)
    first, second, mean = (np.asarray(line.get_xydata()) for line in kept[0].axes[0].lines[:3])
    for drawn, rates in ((first, grid**0.4), (second, grid**0.6), (mean, (grid**0.4 + grid**0.6) / 2)):
        np.testing.assert_allclose(drawn, np.stack([grid, rates], axis=1))


def test_reliability_by_eye(kept: list[Figure]) -> None:
    classification_figures.plot_reliability(points(), ERRORS, REFUSED, Path())
    style, genre, artist = kept[0].axes
    assert [axis.get_title(loc="left") for axis in kept[0].axes] == list(TASKS)
    np.testing.assert_array_equal(style.lines[0].get_xydata(), [[0, 0], [1, 1]])
    before, after = (c for c in style.containers if isinstance(c, ErrorbarContainer))
    np.testing.assert_array_equal(before.lines[0].get_xydata(), [[0.6, 0.5], [0.9, 0.7]])
    np.testing.assert_array_equal(after.lines[0].get_xydata(), [[0.6, 0.6]])
    assert [text.get_text() for text in style.texts] == ["30", "20", "50"]  # images of each point
    legend = style.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == [
        "before the temperature: error 0.13\n(calibrated, by chance: 0.10)", "after the temperature: error 0.02"
    ]  # fmt: skip
    assert len(genre.containers) == 1 and genre.texts[-1].get_text() == (
        "no temperature: 8 select rows are too few:\nat least 50 are needed"
    )
    assert not artist.containers and artist.texts[0].get_text().startswith("too few validation images (14)")
    assert artist.get_legend() is None


def test_reliability_of_nothing_is_three_panels_that_say_so(kept: list[Figure]) -> None:
    classification_figures.plot_reliability(points().iloc[:0], {}, {}, Path())
    assert [len(axis.lines) for axis in kept[0].axes] == [1, 1, 1]
    assert all("too few validation images (0)" in axis.texts[0].get_text() for axis in kept[0].axes)


def test_risk_and_coverage_by_eye(kept: list[Figure]) -> None:
    classification_figures.plot_risk_coverage(ANSWERS, CHOSEN, Path())
    style, genre, artist = kept[0].axes
    np.testing.assert_array_equal(style.lines[0].get_xydata(), [[0.25, 0], [1, 0.5]])
    np.testing.assert_array_equal(style.lines[1].get_xydata(), [[0.25, 0]])  # the threshold
    assert style.get_title(loc="left") == "style: 25% answered, 0% of these wrong"
    assert genre.get_title(loc="left") == "genre: no threshold was chosen" and len(genre.lines) == 1
    assert not len(np.asarray(artist.lines[0].get_xydata()))


def test_losses_by_eye(kept: list[Figure]) -> None:
    without = LOSSES[(LOSSES["task"] != "artist") | (LOSSES["split"] != "train")]
    classification_figures.plot_losses(without, NO_AUC, 1, Path())
    losses, aucs = kept[0].axes[: len(TASKS)], kept[0].axes[len(TASKS) :]
    assert [text.get_text() for axis in aucs for text in axis.texts] == ["too few select rows for an AUC"] * len(TASKS)
    for axis, task in zip(losses, TASKS, strict=True):
        assert axis.get_title(loc="left") == task
        splits = ["select"] if task == "artist" else ["train", "select"]
        *drawn, kept_epoch = axis.lines
        assert [line.get_label() for line in drawn] == splits
        assert [line.get_color() for line in drawn] == [SPLIT_COLOURS[split] for split in splits]
        np.testing.assert_array_equal(drawn[-1].get_ydata(), [3.0, 2.0, 2.5])
        np.testing.assert_array_equal(kept_epoch.get_xdata(), [1, 1])
        assert axis.get_ylim()[0] == 0


def test_the_auc_is_below_the_losses(kept: list[Figure]) -> None:
    values = np.array([0.5, 0.7, 0.9])
    aucs = pd.DataFrame({"epoch": [0, 1, 2], "task": "genre", "auc": values})
    classification_figures.plot_losses(LOSSES, aucs, 1, Path())
    below = kept[0].axes[len(TASKS) + TASKS.index("genre")]
    np.testing.assert_array_equal(below.lines[0].get_ydata(), values)


def test_class_counts_by_eye(kept: list[Figure]) -> None:
    class_counts.plot_class_counts(COUNTS, Path())
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
