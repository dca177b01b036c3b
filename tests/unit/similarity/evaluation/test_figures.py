"""The figure of all judges: one panel per judge, one bar per space."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from artextract.similarity.evaluation import figures as retrieval_figure
from artextract.similarity.evaluation.figures import panel_heading, plot_judges
from artextract.similarity.ranking.judges import JUDGES
from artextract.similarity.ranking.tables import TABLE


def table(judges: list[str], spaces: list[str]) -> pd.DataFrame:
    records = [
        (judge, space, metric, 0.3, 0.2, 0.5, 0.6, 0.5, 0.7, 1200)
        for judge in judges
        for space in spaces
        for metric in ("ndcg10", "map")
        if (judge, space) != ("title_proxy", "title")
    ]
    return pd.DataFrame(records, columns=pd.Index(TABLE))


@pytest.mark.slow
@pytest.mark.parametrize("judges", [[], ["artist"], ["artist", "theme", "style", "period", "terms", "label.mood"]])
def test_any_number_of_judges(tmp_path: Path, judges: list[str]):
    plot_judges(table(judges, ["random", "title", "image"]), {"siblings": "empty"}, "ndcg10", tmp_path / "judges.png")
    with Image.open(tmp_path / "judges.png") as image:
        assert image.format == "PNG" and image.width > 600


def test_panels_bars_and_what_is_not_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    figures: list = []
    monkeypatch.setattr(retrieval_figure, "save", lambda figure, path: figures.append(figure))
    plot_judges(table(["artist", "title_proxy"], ["random", "title", "csls"]), {}, "ndcg10", tmp_path / "x.png")
    panels = [axis for axis in figures[0].axes if axis.get_visible()]
    assert [axis.get_title(loc="left") for axis in panels] == [
        "same painter  (1,200 queries)",
        "similar title (proxy)  (1,200 queries)",
    ]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["random", "title", "image, CSLS"]
    assert [text.get_text() for text in panels[1].texts] == ["0.300", "not scored: judged by itself", "0.300"]
    assert "nDCG@10" in figures[0].get_suptitle()


def test_the_ceiling_is_in_the_heading_and_is_no_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    figures: list = []
    monkeypatch.setattr(retrieval_figure, "save", lambda figure, path: figures.append(figure))
    scores = table(["artist"], ["random", "ceiling", "image"])
    scores.loc[scores["space"] == "ceiling", "micro"] = 0.72
    plot_judges(scores, {}, "ndcg10", tmp_path / "x.png")
    panel = figures[0].axes[0]
    assert panel.get_title(loc="left") == "same painter  (1,200 queries, ceiling 0.72)"
    assert [label.get_text() for label in panel.get_yticklabels()] == ["random", "image, raw"]


@pytest.mark.slow
def test_a_long_note_is_wrapped_and_does_not_widen_the_figure(tmp_path: Path):
    scores = table(["artist", "theme", "style"], ["random", "image"])
    plot_judges(scores, {}, "ndcg10", tmp_path / "without.png")
    reasons = {judge.key: "column empty: schools, techniques, keywords" for judge in JUDGES[3:]}
    plot_judges(scores, reasons | {"label.mood": "8 queries, fewer than 20"}, "ndcg10", tmp_path / "with.png")
    with Image.open(tmp_path / "without.png") as without, Image.open(tmp_path / "with.png") as with_note:
        assert with_note.width <= without.width + 20 and with_note.height > without.height


def test_the_note_names_judges_as_tables_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    figures: list = []
    monkeypatch.setattr(retrieval_figure, "save", lambda figure, path: figures.append(figure))
    plot_judges(table(["artist"], ["random"]), {"siblings": "12 queries, fewer than 20"}, "ndcg10", tmp_path / "x.png")
    note = figures[0].get_supxlabel()
    assert note == "Not measured: panels of one work, or of one series (12 queries, fewer than 20)."


def test_a_long_label_does_not_widen_the_figure() -> None:
    assert panel_heading("same painter", "8 queries") == "same painter  (8 queries)"
    found = panel_heading("same theme, other painters, other title words", "146 queries, ceiling 1.00").splitlines()
    assert found == ["same theme, other painters,", "other title words", "(146 queries, ceiling 1.00)"]
