"""Neighbours and clusters as lists with titles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.params.sections import Similarity
from artextract.similarity.evaluation import lists, showing
from artextract.similarity.ranking.collection import Collection

TITLES = ["=HYPERLINK(1)", "Sea", "Hill"]
INDEX = pd.DataFrame({"id": ["a", "b", "c"], "title": TITLES, "attribution": ["Ann", "Bo", "Cy"]})
NEAR = pd.DataFrame(
    {"space": "image", "id": ["a", "a", "b"], "rank": [1, 2, 1], "score": [0.9, 0.8, 0.7], "neighbour": ["b", "c", "a"]}
)
VECTORS = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])


def test_neighbours_have_titles_and_painters():
    table = lists.neighbour_list(NEAR, INDEX)
    assert table.columns.tolist() == lists.NEIGHBOURS
    assert table.iloc[1].tolist() == ["image", "a", TITLES[0], "Ann", 2, 0.8, "c", "Hill", "Cy"]
    assert len(lists.neighbour_list(NEAR.head(0), INDEX)) == 0


def test_works_of_a_cluster_come_with_their_cosine_to_its_centre():
    table = lists.cluster_list(INDEX, VECTORS, [np.array([1, 0]), np.array([2])])
    assert table.columns.tolist() == lists.CLUSTERS
    assert table["id"].tolist() == ["b", "a", "c"] and table["rank"].tolist() == [1, 2, 1]
    assert table["cosine_to_centre"].tolist() == pytest.approx([np.sqrt(0.8), np.sqrt(0.8), 1.0])


def test_lists_of_neighbours_open_in_a_spreadsheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """All works in one file, cut off where a spreadsheet ends; the example queries in the other."""
    monkeypatch.setattr(showing, "MOST_ROWS", 2)
    collection = Collection(INDEX, VECTORS, VECTORS)
    shown = Similarity(map_works=4, clusters=2, examples=3)
    showing.list_neighbours(collection, NEAR, shown, 0, tmp_path / "all.csv", tmp_path)
    everything, examples = (pd.read_csv(tmp_path / name) for name in ("all.csv", "neighbours.csv"))
    assert len(everything) == 2 and len(examples) == 3
    assert examples["title"][0] == f"'{TITLES[0]}"  # no spreadsheet takes the title for a formula
