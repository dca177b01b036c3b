"""Judges on works that one can check by eye, and the ways in which a judge could flatter itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.compute import unit_rows
from artextract.relevance import Judge, all_judges, artist_clusters, artist_judge, theme_judge, title_judge


def works(**changes: list) -> pd.DataFrame:
    """Five works: 0 and 1 by one painter, 3 by another, 2 and 4 by nobody known; 0 and 4 one group."""
    columns: dict[str, list] = {
        "title": ["Sea", "Sea", "Sea", "Untitled", "Hill"],
        "artist": ["x", "x", None, "y", None],
        "group": [0, 1, 2, 3, 0],
        "themes": [["sea"], ["sea", "ship"], ["ship"], ["ship", "sea"], ["sea"]],
    }
    index = pd.DataFrame(columns | changes)
    return index.assign(artist=index["artist"].astype("string"))


def pairs(judge: Judge) -> set[tuple[int, ...]]:
    """What counts in the end: relevant and not taken out."""
    return set(map(tuple, np.argwhere(judge.relevant & ~judge.excluded).tolist()))


TITLES = unit_rows(np.array([[1, 0], [1, 0], [0.8, 0.6], [1, 0], [0, 1]]))


def test_artist_judge():
    judge = artist_judge(works())
    assert pairs(judge) == {(0, 1), (1, 0)}  # nobody known is nobody's colleague
    assert judge.queries().tolist() == [0, 1]
    assert judge.excluded.tolist() == [
        [True, False, False, False, True],
        [False, True, False, False, False],
        [False, False, True, False, False],
        [False, False, False, True, False],
        [True, False, False, False, True],
    ]


def test_theme_judge_takes_the_painter_of_the_query_out():
    judge = theme_judge(works())
    expected = {(0, 3), (1, 2), (1, 3), (1, 4), (2, 1), (2, 3), (3, 0), (3, 1), (3, 2), (3, 4), (4, 1), (4, 3)}
    assert pairs(judge) == expected
    assert judge.excluded[0, 1] and judge.excluded[1, 0]  # the same painter is not even a wrong answer
    assert not judge.excluded[2, 4]  # two unknown painters are not one


def test_theme_judge_without_themes():
    assert theme_judge(works(themes=[[]] * 5)).queries().tolist() == []
    assert pairs(theme_judge(works(themes=[[], ["sea"], ["sea"], [], []]))) == {(1, 2), (2, 1)}


def test_theme_judge_reads_what_parquet_gives_back(tmp_path):
    works().to_parquet(tmp_path / "index.parquet")
    read = pd.read_parquet(tmp_path / "index.parquet")
    assert pairs(theme_judge(read)) == pairs(theme_judge(works()))


def test_title_proxy_leaves_out_the_untitled_on_both_sides():
    judge = title_judge(works(), TITLES, 0.5)
    assert pairs(judge) == {(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1), (2, 4), (4, 2)}
    assert judge.excluded[3].all() and judge.excluded[:, 3].all()
    assert 3 not in judge.queries()


def test_title_threshold_counts_from_itself_on():
    exact = np.eye(5, dtype=np.float32)
    exact[1] = exact[0]
    assert pairs(title_judge(works(), exact, 1.0)) == {(0, 1), (1, 0)}


def test_other_views_and_panels_of_the_query_are_no_finding():
    """Circular: three shots of one work share painter, theme and title, and would be hits at once."""
    index = works(title=["Sea"] * 5, artist=["x"] * 5, group=[4] * 5, themes=[["sea"]] * 5)
    same = np.tile(TITLES[:1], (5, 1))
    for name, judge in all_judges(index, same, 0.5).items():
        assert judge.queries().tolist() == [], name


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Untitled", "Sea", "Hill"]),
            st.sampled_from([None, "x", "y"]),
            st.integers(0, 3),
            st.lists(st.sampled_from(["sea", "ship", "war"]), max_size=2, unique=True),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_judges_hold_what_they_promise(rows: list[tuple]):
    index = pd.DataFrame(rows, columns=pd.Index(["title", "artist", "group", "themes"]))
    index["artist"] = index["artist"].astype("string")
    titles = np.eye(3, dtype=np.float32)[[["Untitled", "Sea", "Hill"].index(title) for title, *_ in rows]]
    counted = {name: pairs(judge) for name, judge in all_judges(index, titles, 0.5).items()}
    for i, (title, artist, group, themes) in enumerate(rows):
        for j, (title_j, artist_j, group_j, themes_j) in enumerate(rows):
            apart, named = group != group_j, artist is not None and artist == artist_j
            assert ((i, j) in counted["artist"]) == (apart and named)
            assert ((i, j) in counted["theme"]) == (apart and not named and bool(set(themes) & set(themes_j)))
            titled = "Untitled" not in (title, title_j)
            assert ((i, j) in counted["title_proxy"]) == (apart and titled and title == title_j)


def test_clusters_are_painters_and_else_groups():
    clusters = artist_clusters(works(group=[0, 1, 2, 3, 2]))
    assert clusters[0] == clusters[1] and clusters[2] == clusters[4]
    assert len(set(clusters.tolist())) == 3


def test_painter_named_like_a_group_is_still_a_painter():
    """Constituents are numbers in the museum's tables; only a group's cluster begins with a word."""
    assert len(set(artist_clusters(works(artist=["2", "1", None, "0", None], group=[5, 6, 2, 1, 0])).tolist())) == 5


@pytest.mark.parametrize("name", ["artist", "theme", "title_proxy"])
def test_all_judges_exclude_the_query_itself(name: str):
    judge = all_judges(works(), TITLES, 0.5)[name]
    assert judge.excluded.diagonal().all()
