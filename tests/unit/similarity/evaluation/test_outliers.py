"""Attribution outliers: by hand, against a slow search, and a planted work that must be found."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.metrics import roc_auc_score

from artextract.core.compute import unit_rows
from artextract.similarity.evaluation import attribution, deals
from artextract.similarity.evaluation.attribution import find_outliers, painter_found
from artextract.similarity.evaluation.deals import painter_found_by_chance
from artextract.similarity.evaluation.outliers import EMPTY, area, report, truths
from tests.museum import gallery


def slow(x: np.ndarray, painter: list[int], certain: list[bool], group: list[int]) -> list[tuple[float, float, int]]:
    """Own evidence, best other evidence and whose it is, straight from the definition; NaN, NaN, -1 where undefined."""
    n, result = len(painter), []
    works = {p: [i for i in range(n) if painter[i] == p and certain[i]] for p in sorted(set(painter) - {-1})}
    works = {p: rows for p, rows in works.items() if len(rows) >= 3}
    for i in range(n):
        found = {}
        for p, rows in works.items():
            cosines = sorted((float(x[i] @ x[j]) for j in rows if group[j] != group[i]), reverse=True)
            if len(cosines) >= 2:
                found[p] = sum(cosines[:2]) / 2
        own = found.pop(painter[i], None)
        if own is None or not found:
            result.append((float("nan"), float("nan"), -1))
        else:
            rival = max(found, key=lambda p: (found[p], -p))
            result.append((own, found[rival], rival))
    return result


@given(st.integers(0, 10**6))
def test_equals_the_definition(seed: int):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 30))
    x = unit_rows(rng.standard_normal((n, 4)))
    painter, certain, group = rng.integers(-1, 4, n), rng.random(n) < 0.8, rng.integers(0, n, n)
    found = find_outliers(x, painter, certain, group)
    truth = slow(x, painter.tolist(), certain.tolist(), group.tolist())
    np.testing.assert_allclose(found.own, [t[0] for t in truth], atol=1e-6)
    np.testing.assert_allclose(found.other, [t[1] for t in truth], atol=1e-6)
    assert found.rival.tolist() == [t[2] for t in truth]


def test_chance_of_finding_the_painter_is_the_mean_over_all_deals():
    """Three works of one painter and four of another: the second one is found more often, whatever the images show."""
    x = unit_rows(np.random.default_rng(4).standard_normal((8, 3)))
    painter, certain = [0, 0, 0, 1, 1, 1, 1, -1], [True] * 8
    shares = []
    for order in permutations(range(7)):
        if order[0] < order[1] < order[2] and order[3] < order[4] < order[5] < order[6]:  # the order does not matter
            dealt = slow(x[[*order, 7]], painter, certain, list(range(8)))
            shares.append(np.mean([other < own for own, other, _ in dealt if not np.isnan(own)]))
    assert len(shares) == 35
    found = painter_found_by_chance(x, np.array(painter), np.array(certain), np.arange(8), 0)
    assert found is not None and (found.works, found.error) == (7, 0)
    assert found.share == pytest.approx(np.mean(shares), abs=4 * np.std(shares) / np.sqrt(200))
    assert found == painter_found_by_chance(x, np.array(painter), np.array(certain), np.arange(8), 0)
    nobody = np.full(8, -1)
    assert painter_found_by_chance(x, nobody, np.array(certain), np.arange(8), 0) is None


def dealt_one_by_one(x: np.ndarray, painter: np.ndarray, certain: np.ndarray, group: np.ndarray, seed: int):
    """Chance straight from its definition: the images of the evidence change places, and all works are checked."""
    counts = np.bincount(painter[certain & (painter >= 0)])
    rows = np.flatnonzero(certain & np.isin(painter, np.flatnonzero(counts >= 3)))
    rng, shares = np.random.default_rng([seed, 5]), []
    for _ in range(deals.DEALS):
        dealt = x.copy()
        dealt[rows] = x[rng.permutation(rows)]
        shares.append(painter_found(find_outliers(dealt, painter, certain, group), certain))
    return None if shares[0] is None else float(np.mean(shares))


def museum(seed: int, n: int, painters: int, groups: int, repeated: int = 0):
    """Works around the centres of their painters; the last ones look exactly like others."""
    rng = np.random.default_rng(seed)
    painter = rng.integers(-1, painters, n)
    x = unit_rows(rng.standard_normal((painters + 1, 6))[painter] + rng.standard_normal((n, 6)))
    x[n - repeated :] = x[:repeated]
    return x, painter, rng.random(n) < 0.8, rng.integers(0, groups, n)


@given(
    st.integers(0, 10**6), st.integers(4, 40), st.integers(1, 8), st.integers(1, 40), st.sampled_from([(1,), (2, 5)])
)
@settings(max_examples=40, deadline=None)
def test_chance_equals_checking_all_works_in_each_deal(
    seed: int, n: int, painters: int, groups: int, places: tuple[int, ...]
):
    case = museum(seed, n, painters, groups)
    with patch.object(deals, "PLACES", places), patch.object(deals, "DEALS", 12), patch.object(deals, "SCORES", 60):
        found = painter_found_by_chance(*case, seed)
        expected = dealt_one_by_one(*case, seed)
    assert (found and found.share) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [300, 700])
def test_chance_equals_checking_all_works_where_most_lists_are_cut_short(n: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deals, "DEALS", 10)
    case = museum(n, n, n // 10, n, repeated=40)
    found = painter_found_by_chance(*case, 3)
    assert found is not None and found.share == pytest.approx(dealt_one_by_one(*case, 3), abs=1e-12)


def test_chance_on_some_works_is_near_that_on_all_and_says_how_near(monkeypatch: pytest.MonkeyPatch):
    case = museum(1, 600, 12, 600)
    whole = painter_found_by_chance(*case, 0)
    monkeypatch.setattr(deals, "MOST_WORKS", 150)
    some = painter_found_by_chance(*case, 0)
    assert whole is not None and some is not None and some.works == 150 and whole.error == 0
    assert 0 < some.error < 0.02 and abs(some.share - whole.share) < 4 * some.error


def test_two_best_of_each_stretch_by_eye():
    low = -np.inf
    cosine = np.array([[0.5, 0.1, 0.5, low, 0.2], [0.3, 0.4, 0.2, low, low]], dtype=np.float32)
    found = attribution.two_best(cosine, np.array([0, 3]))
    np.testing.assert_allclose(found, [[0.5, low], [0.35, low]], atol=1e-7)


def collection(tmp_path: Path, **columns: object):
    """Two painters of five works each, at right angles; work 0 hangs under the wrong name."""
    index, reader = gallery(tmp_path, [f"Work {i}" for i in range(10)])  # painters a0, a1 in turn
    angle = np.where(np.arange(10) % 2, 0.0, np.pi / 2) + 0.05 * np.arange(10)
    angle[0] = 0.2
    index["artist_name"] = index["attribution"]
    index["artist_qualified"] = pd.array([None] * 10, dtype="string")
    changed = index.assign(**columns)  # type: ignore[arg-type]
    return changed, reader, np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def run(tmp_path: Path, index: pd.DataFrame, reader, x: np.ndarray):
    places = {"table": tmp_path / "out" / "outliers.csv", "sheet": tmp_path / "out" / "outliers.jpg"}
    metrics = report(index, reader, x, draws=100, seed=0, shown=3, **places)
    return metrics, pd.read_csv(places["table"]), places["sheet"]


def test_planted_outlier_comes_first_with_table_and_sheet(tmp_path: Path):
    metrics, table, sheet = run(tmp_path, *collection(tmp_path))
    assert (metrics["works"], metrics["painters"], metrics["painter_found"]) == (10, 2, 0.9)
    assert 0.3 < metrics["painter_found_chance"] < 0.6
    assert metrics["former_attribution"] == metrics["qualified"] == {"measured": EMPTY}
    assert table["id"].tolist()[0] == 0 and table["rank"].tolist() == list(range(1, 11))
    assert table["nearest_other_painter"][0] == "Painter 1"
    assert (np.diff(table["score"]) <= 0).all() and (table["score"] > 0).sum() == 1
    np.testing.assert_allclose(table["score"], table["evidence_other"] - table["evidence_own"], atol=2e-4)
    with Image.open(sheet) as picture:
        assert picture.height > 3 * 200


def test_recorded_former_attribution_is_a_truth(tmp_path: Path):
    former = [["Painter 1"] if i == 0 else [] for i in range(10)]
    metrics, _, _ = run(tmp_path, *collection(tmp_path, former_attributions=former))
    assert metrics["former_attribution"]["auc"] == 1
    assert (metrics["former_attribution"]["works"], metrics["former_attribution"]["positive"]) == (10, 1)


def test_qualified_works_are_judged_and_are_no_evidence(tmp_path: Path):
    index, reader, x = collection(tmp_path)
    index.loc[0, "artist_qualified"], index.loc[0, "artist"] = "a0", pd.NA
    metrics, table, _ = run(tmp_path, index, reader, x)
    assert metrics["qualified"] | {"low": 1, "high": 1} == {
        "auc": 1, "low": 1, "high": 1, "works": 10, "positive": 1
    }  # fmt: skip
    assert metrics["painter_found"] == 1 and table["id"][0] == 0
    index.loc[2, "artist_qualified"] = "nobody known"  # no painter of three works: cannot be scored
    index.loc[2, "artist"] = pd.NA
    assert run(tmp_path, index, reader, x)[0]["qualified"]["positive"] == 1


def test_nothing_to_check_is_said(tmp_path: Path):
    index, reader, x = collection(tmp_path, artist=pd.array([f"p{i}" for i in range(10)], dtype="string"))
    metrics, table, sheet = run(tmp_path, index, reader, x)
    assert metrics["works"] == 0 and not {"painter_found", "painter_found_chance"} & set(metrics)
    assert table.empty and sheet.is_file()  # with a heading that says so


@pytest.mark.parametrize("cell", ["", None, pd.NA, float("nan"), []])
def test_empty_cells_are_no_truth(cell: object):
    index = pd.DataFrame({"artist_qualified": pd.Series([cell, cell], dtype=object)})
    assert truths(index, np.array([True, True])) == {"former_attribution": None, "qualified": None}


def test_area_is_sklearns_with_its_value_inside_the_interval():
    rng = np.random.default_rng(0)
    positive = rng.random(300) < 0.2
    score = (rng.standard_normal(300) + positive).round(1)  # ties
    found = area(score, positive, np.arange(300) // 3, 500, seed=1)
    assert found["auc"] == pytest.approx(roc_auc_score(positive, score))
    assert found["low"] < found["auc"] < found["high"] and found["high"] - found["low"] < 0.2
    assert "not measured" in area(score, np.zeros(300, dtype=bool), np.arange(300), 10, 0)["measured"]


def test_the_interval_of_the_area_draws_painters_as_a_whole():
    """Ten copies of each of thirty works are worth thirty works; where all are by one painter, nothing varies."""
    rng = np.random.default_rng(0)
    positive = np.tile(np.arange(30) < 10, 10)
    score = np.tile(rng.standard_normal(30) + (np.arange(30) < 10), 10)
    copies, alone = (area(score, positive, of, 500, 0) for of in (np.tile(np.arange(30), 10), np.arange(300)))
    assert copies["high"] - copies["low"] > 2 * (alone["high"] - alone["low"])
    one = area(score, positive, np.zeros(300, dtype=int), 50, 0)
    assert one["low"] == one["high"] == one["auc"] == copies["auc"]


def test_works_are_checked_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(1)
    x, painter = unit_rows(rng.standard_normal((23, 4))), rng.integers(-1, 4, 23)
    whole = find_outliers(x, painter, np.ones(23, dtype=bool), np.arange(23))
    monkeypatch.setattr(attribution, "SCORES", 50)
    parts = find_outliers(x, painter, np.ones(23, dtype=bool), np.arange(23))
    np.testing.assert_allclose(parts.score, whole.score, atol=1e-6)
    assert parts.rival.tolist() == whole.rival.tolist()


@pytest.mark.parametrize("places", [3, 7, 8, 9, 31])
def test_works_that_do_not_count_are_no_painter_however_long_the_lists_are(places: int):
    """Two works by the own painter come first, and nobody else is there."""
    names = np.full((1, places), -1)
    names[0, :2] = 1
    scores = np.linspace(0.9, 0.5, places, dtype=np.float32)[None, :]
    won, settled = deals._settled(np.array([1]), names, scores, True)
    assert won.tolist() == settled.tolist() == [True]
