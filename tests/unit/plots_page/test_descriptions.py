"""The table of descriptions names the plots of dvc.yaml, all of them and no others."""

from __future__ import annotations

import pytest

from artextract.plots_page.build import described
from artextract.plots_page.descriptions import GROUPS, Plot
from tests import plots_toys as toys

PLOTS = [plot for group in GROUPS for plot in group.plots]


def test_every_plot_of_dvc_yaml_is_described_once_and_no_other():
    assert sorted(plot.id for plot in PLOTS) == sorted(toys.plot_ids())


def test_the_page_shows_plots_in_the_order_of_dvc_yaml():
    assert [plot.id for plot in PLOTS] == toys.plot_ids()


def test_titles_are_unique():
    titles = [one.title for one in (*GROUPS, *PLOTS)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.id)
def test_a_description_is_whole_sentences(plot: Plot):
    assert plot.text[0].isupper() and plot.text.endswith(".") and len(plot.text) > 40


def test_templates_that_plots_name_exist_and_each_is_named():
    named = {plot[name]["template"] for plot in toys.PLOTS if isinstance(plot, dict) for name in plot}
    assert named == {path.stem for path in (toys.ROOT / ".dvc" / "plots").glob("*.json")}


def test_boxes_of_the_page_have_the_ids_that_dvc_gives():
    boxes = {plot["id"]: plot["box"] for group in described() for plot in group["plots"]}
    assert boxes["AUC on select rows"] == "AUC_on_select_rows"
