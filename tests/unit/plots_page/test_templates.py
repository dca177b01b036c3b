"""Every plot of data in dvc.yaml, drawn by DVC from small tables and compiled by Vega: nothing is lost on the way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests import plots_toys as toys

vl_convert = pytest.importorskip("vl_convert")
OF_DATA = [plot_id for plot_id in toys.plot_ids() if not plot_id.startswith("plots/")]
BY_TASK = ("training losses", "AUC on select rows", "ROC on validation rows")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toys.plots_project(tmp_path_factory.mktemp("plots"))


@pytest.fixture(scope="module")
def shown(project: Path) -> dict[str, Any]:
    return {renderer.name: renderer for renderer in toys.renderers(project)}


@pytest.fixture(scope="module")
def compared(project: Path) -> dict[str, Any]:
    return {renderer.name: renderer for renderer in toys.renderers(project, *toys.REVISIONS)}


class Drawing:
    """A plot as SVG: its marks by what they say of their data, and its texts."""

    def __init__(self, renderer: Any):
        svg = vl_convert.vegalite_to_svg(renderer.get_filled_template())
        self.texts: list[str] = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
        self.paths: list[str] = re.findall(r'<path aria-label="([^"]*)"[^>]*>', svg)
        self.strokes = set(re.findall(r'aria-roledescription="line mark"[^>]* stroke="(#[0-9a-f]{6})"', svg))
        self.dashes = set(re.findall(r'aria-roledescription="line mark"[^>]* stroke-dasharray="([^"]*)"', svg))
        self.svg = svg

    def marks(self, kind: str) -> list[dict[str, str]]:
        """Descriptions of the marks of one kind: point, line, rect, text."""
        found = re.findall(rf'aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="{kind}"', self.svg)
        return [dict(part.split(": ", 1) for part in label.split("; ")) for label in found]


@pytest.mark.slow
def test_each_table_and_picture_of_the_plots_is_drawn(shown: dict[str, Any]):
    clusters = {f"plots/similarity/clusters/cluster_{n:02d}.jpg" for n in range(1, toys.CLUSTERS + 1)}
    assert set(shown) == {*toys.plot_ids(), *clusters} - {"plots/similarity/clusters"}


@pytest.mark.slow
@pytest.mark.parametrize("plot_id", OF_DATA)
def test_every_row_of_the_table_is_drawn(plot_id: str, shown: dict[str, Any], compared: dict[str, Any]):
    (table,) = toys.definition(plot_id)["y"]
    rows = len(toys.tables(0.0)[table.removeprefix("plots/")])
    assert len(shown[plot_id].datapoints) == rows and len(compared[plot_id].datapoints) == 2 * rows
    if plot_id != "ROC on validation rows":  # lines without points: 101 of them are a curve
        kind = "rect mark" if "confusion" in plot_id else "point"
        assert len(Drawing(shown[plot_id]).marks(kind)) == rows
        assert len(Drawing(compared[plot_id]).marks(kind)) == 2 * rows


@pytest.mark.parametrize("plot_id", OF_DATA)
def test_title_and_axes_are_named(plot_id: str, shown: dict[str, Any]):
    texts = Drawing(shown[plot_id]).texts
    given = toys.definition(plot_id)
    labels = [given.get(f"{axis}_label", next(iter(given[axis].values()))) for axis in ("x", "y")]
    assert {plot_id, *labels} <= set(texts)


@pytest.mark.parametrize("plot_id", BY_TASK)
def test_tasks_have_a_panel_each_and_none_without_rows(plot_id: str, compared: dict[str, Any]):
    (table,) = toys.definition(plot_id)["y"]
    measured = set(toys.tables(0.0)[table.removeprefix("plots/")]["task"])
    assert set(Drawing(compared[plot_id]).texts) & set(toys.CLASSES) == measured


@pytest.mark.parametrize("plot_id", [plot_id for plot_id in OF_DATA if "confusion" not in plot_id])
def test_colour_is_the_revision(plot_id: str, shown: dict[str, Any], compared: dict[str, Any]):
    one, two = Drawing(shown[plot_id]), Drawing(compared[plot_id])
    chance = {"#8a919c"}
    assert len(one.strokes - chance) == 1 and len(two.strokes - chance) == 2
    assert set(toys.REVISIONS) <= set(two.texts) and "workspace" in one.texts


def test_dashes_are_the_split(compared: dict[str, Any]):
    drawing = Drawing(compared["training losses"])
    assert {"train", "select"} <= set(drawing.texts)
    assert {"5,3", "1,0"} == drawing.dashes


@pytest.mark.parametrize("task", toys.CLASSES)
def test_a_confusion_matrix_has_every_class_on_both_axes_and_every_count(task: str, compared: dict[str, Any]):
    drawing = Drawing(compared[f"{task} confusion"])
    classes, table = toys.CLASSES[task], toys.confusion(task)
    cells = drawing.marks("rect mark")
    pairs = {(cell["actual"], cell["predicted"]) for cell in cells}
    assert pairs == {(actual, predicted) for actual in classes for predicted in classes}
    assert all(drawing.texts.count(name) >= 2 for name in classes)  # a row and a column, also of one never predicted
    counts = sorted(int(mark["count"]) for mark in drawing.marks("text mark"))
    assert counts == sorted(2 * table.loc[table["count"] > 0, "count"].tolist())
    assert set(toys.REVISIONS) <= set(drawing.texts)


@pytest.mark.parametrize("plot_id", [plot_id for plot_id in OF_DATA if "confusion" not in plot_id])
def test_an_empty_cell_is_no_point_at_zero(plot_id: str, tmp_path: Path):
    project = toys.plots_project(tmp_path)
    ((path, column),) = toys.definition(plot_id)["y"].items()
    table = pd.read_csv(project / path).assign(**{column: None})
    table.to_csv(project / path, index=False)
    (renderer,) = [one for one in toys.renderers(project) if one.name == plot_id]
    assert Drawing(renderer).marks("point") == []
    assert "2.0" not in Drawing(renderer).texts


def test_a_table_without_rows_keeps_the_other_plots(tmp_path: Path):
    project = toys.plots_project(tmp_path)
    path = project / "plots/training/auc.csv"
    pd.read_csv(path).head(0).to_csv(path, index=False)
    names = {one.name for one in toys.renderers(project) if one.datapoints}
    assert names >= {plot_id for plot_id in OF_DATA if plot_id != "AUC on select rows"}
