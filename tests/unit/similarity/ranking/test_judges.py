"""Judges on works that one can check by eye, and the ways in which a judge could flatter itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.compute import unit_rows
from artextract.data.museum.painters import artist_clusters
from artextract.params.sections import Relevance
from artextract.similarity.ranking import judging
from artextract.similarity.ranking.judges import (
    ELSEWHERE,
    JUDGES,
    NOT_FETCHED,
    across_artists,
    all_judges,
    artist_judge,
    counted_with,
    declared,
    headline_judge,
    label_judge,
    other_words,
    period_judge,
    siblings_judge,
    terms_judge,
    text_to_image,
    title_judge,
)
from artextract.similarity.ranking.judging import DERIVED, FIELDS, Judge, judge_may_score
from artextract.similarity.ranking.relations import EVERYTHING
from tests.unit.similarity.ranking.dense import dense_judge, whole

ABSENT = {"text_to_image", "same_object"}  # in all_judges always among those that are not measured
NAMES = ["artist", "theme", "theme_other_words", "style", "period", "terms", "siblings", "title_proxy"]


def params(**changes: float) -> Relevance:
    settings: dict[str, float] = {"title_cosine": 0.5, "period_years": 20, "terms_overlap": 0.3, "min_queries": 1}
    settings |= {"max_queries": 0, "neighbours": 10, "bootstrap": 10, "whitened_components": 4, "csls_neighbours": 2}
    return Relevance(**(settings | changes))  # type: ignore[arg-type]


def works(**changes: list) -> pd.DataFrame:
    """Five works: 0 and 1 by one painter, 3 by another, 2 and 4 by nobody known; 0 and 4 one group."""
    columns: dict[str, list] = {
        "id": ["10", "11", "12", "13", "14"],
        "title": ["Sea", "Sea", "Sea", "Untitled", "Hill"],
        "artist": ["x", "x", None, "y", None],
        "artist_qualified": [None] * 5,
        "group": [0, 1, 2, 3, 0],
        "object_group": [0, 1, 2, 3, 4],
        "sibling_group": [0, 1, 2, 3, 0],
        "series": ["Hours", None, None, None, "Hours"],
        "themes": [["sea"], ["sea", "ship"], ["ship"], ["ship", "sea"], ["sea"]],
        "styles": [["Baroque"], [], ["Baroque"], ["Gothic", "Baroque"], []],
        "schools": [["Dutch"], ["Dutch"], ["French"], [], []],
        "techniques": [["oil"]] * 4 + [[]],
        "keywords": [["boat", "gull"], ["boat"], ["gull"], [], []],
        "year": [1650, 1660, 1670, None, 1645],
    }
    index = pd.DataFrame(columns | changes)
    text = {name: index[name].astype("string") for name in ("artist", "artist_qualified", "series")}
    return index.assign(**text, year=index["year"].astype(float))


def pairs(judge: Judge) -> set[tuple[int, ...]]:
    """What counts in the end: relevant and not taken out."""
    return set(map(tuple, np.argwhere(whole(judge).found).tolist()))


def theme_judge(index: pd.DataFrame) -> Judge:
    return across_artists(index, "themes")


TITLES = unit_rows(np.array([[1, 0], [1, 0], [0.8, 0.6], [1, 0], [0, 1]]))


def test_artist_judge():
    judge = artist_judge(works())
    assert pairs(judge) == {(0, 1), (1, 0)}  # nobody known is nobody's colleague
    assert judge.queries().tolist() == [0, 1]
    assert whole(judge).excluded.tolist() == [
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
    assert whole(judge).excluded[0, 1] and whole(judge).excluded[1, 0]  # the same painter is not even a wrong answer
    assert not whole(judge).excluded[2, 4]  # two unknown painters are not one


def test_works_with_a_title_word_in_common_are_out_of_the_gallery():
    """Works 0, 1 and 2 are all called "Sea": only works 3 and 4 can be found by them."""
    judge = other_words(theme_judge(works()), works())
    assert pairs(judge) == {(0, 3), (1, 3), (1, 4), (2, 3), (3, 0), (3, 1), (3, 2), (3, 4), (4, 1), (4, 3)}
    truth = whole(judge)
    assert truth.excluded[:3, :3].all() and truth.relevant.tolist() == whole(theme_judge(works())).relevant.tolist()


def test_judges_of_one_source_are_counted_with_the_first():
    keys = ["terms", "theme_other_words", "label.mood", "theme", "title_proxy"]
    found = counted_with(keys)
    assert list(found) == ["theme", "theme_other_words", "terms", "title_proxy", "label.mood"]
    assert [key for key, first in found.items() if first != key] == ["theme_other_words", "terms"]
    assert found["terms"] == found["theme_other_words"] == "theme"
    assert counted_with(["terms"]) == {"terms": "terms"}


def test_judges_of_different_sources_read_no_column_in_common():
    """If two judges read the same column, or columns that say each other, they are one source."""
    judges, _ = all_judges(works(), TITLES, params())
    for key, judge in judges.items():
        reads = judge.fields.union(*(DERIVED.get(field, frozenset()) for field in judge.fields))
        for other_key, other in judges.items():
            if declared(key).source != declared(other_key).source:
                assert not judge.fields & other.fields, (key, other_key)
            elif key != other_key:
                assert reads & other.fields, (key, other_key)


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
    assert whole(judge).excluded[:, 3].all() and not whole(judge).relevant[3].any()
    assert 3 not in judge.queries()


def test_title_threshold_counts_from_itself_on():
    exact = np.eye(5, dtype=np.float32)
    exact[1] = exact[0]
    assert pairs(title_judge(works(), exact, 1.0)) == {(0, 1), (1, 0)}


def test_works_tied_to_the_painter_are_half_relevant_and_no_queries():
    index = works(artist=["x", "x", None, None, "y"], artist_qualified=[None, None, "x", "y", None], group=[*range(5)])
    judge = artist_judge(index)
    truth = whole(judge)
    assert truth.grade is not None
    assert truth.grade.tolist() == [
        [1, 1, 0.5, 0, 0],
        [1, 1, 0.5, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0.5, 1],
    ]
    assert judge.queries().tolist() == [0, 1, 4]


def test_workshop_of_the_querys_painter_is_out_of_the_gallery_across_artists():
    index = works(artist=["x", None, None, "y", None], artist_qualified=[None, "x", None, None, "x"], group=[*range(5)])
    excluded = whole(theme_judge(index)).excluded
    assert excluded[0].tolist() == [True, True, False, False, True] == excluded[1].tolist()


def test_works_without_a_value_are_not_judged():
    judge = across_artists(works(), "styles")
    assert pairs(judge) == {(0, 2), (0, 3), (2, 0), (2, 3), (3, 0), (3, 2)}
    assert whole(judge).excluded[:, [1, 4]].all() and judge.queries().tolist() == [0, 2, 3]


def test_period_falls_with_the_gap():
    judge = period_judge(works(group=[*range(5)]), 20)
    truth = whole(judge)
    assert truth.grade is not None
    np.testing.assert_allclose(truth.grade[0], [1, 0.5, 0, 0, 0.75])
    assert pairs(judge) == {(0, 1), (1, 0), (1, 2), (2, 1), (0, 4), (4, 0), (1, 4), (4, 1)}
    assert truth.excluded[:, 3].all()


def test_terms_by_hand():
    """Idf: Dutch ln 5/2, French ln 5, oil ln 5/4, boat and gull ln 5/2 each."""
    dutch, french, oil = np.log(5 / 2), np.log(5), np.log(5 / 4)
    boat = gull = np.log(5 / 2)
    judge = terms_judge(works(group=[*range(5)]), 0.1)
    truth = whole(judge)
    assert truth.grade is not None
    assert truth.grade[0, 1] == pytest.approx((dutch + oil + boat) / (dutch + oil + boat + gull))
    assert truth.grade[0, 2] == pytest.approx((oil + gull) / (dutch + french + oil + boat + gull))
    assert truth.grade[1, 2] == 0  # "oil" alone is .1 of what they have: below the threshold
    assert oil / (dutch + french + oil + boat + gull) < 0.1
    assert truth.grade[0, 3] == 0 and truth.excluded[:, 4].all()


def test_siblings_are_found_inside_their_group_and_the_same_object_is_not():
    assert pairs(siblings_judge(works())) == {(0, 4), (4, 0)}
    assert pairs(siblings_judge(works(object_group=[0, 1, 2, 3, 0]))) == set()


def test_text_finds_its_own_image_and_not_its_siblings():
    texts = pd.array(["A boat.", None, "A gull.", None, None], dtype="string")
    search = text_to_image(works().assign(assistivetext=texts))
    assert search.texts == ("A boat.", "A gull.") and search.judge.queries().tolist() == [0, 2]
    assert pairs(search.judge) == {(0, 0), (2, 2)}
    assert whole(search.judge).excluded[0].tolist() == [False, False, False, False, True]
    assert text_to_image(works()).texts == () and len(text_to_image(works()).judge.queries()) == 0


# --- what may be scored by what


def test_no_judge_scores_what_it_is_made_of():
    judges, _ = all_judges(works(), TITLES, params())
    assert list(judges) == NAMES
    for name, judge in judges.items():
        assert judge.fields and judge.fields <= FIELDS, name
        assert judge_may_score(judge, ())
        for field in judge.fields:
            assert not judge_may_score(judge, {field}), (name, field)
    assert not judge_may_score(judges["title_proxy"], {"title"})
    assert all(judge_may_score(judges[name], {"title"}) for name in NAMES if name != "title_proxy")


@pytest.mark.parametrize(
    ("used", "closed"),
    [
        ({"attribution"}, {"artist", "style", "terms"}),
        ({"artist"}, {"artist", "style", "terms"}),
        ({"displaydate"}, {"period"}),
        ({"medium"}, {"terms"}),
        ({"sibling_group"}, {"siblings"}),
        ({"keywords", "title"}, {"theme", "theme_other_words", "terms", "title_proxy"}),
        ({"themes"}, {"theme", "theme_other_words", "terms"}),
        ({"assistivetext"}, set()),
    ],
)
def test_fields_that_tell_another_close_its_judge_too(used: set[str], closed: set[str]):
    judges, _ = all_judges(works(), TITLES, params())
    assert {name for name, judge in judges.items() if not judge_may_score(judge, used)} == closed


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        (("artist", "artist_qualified", "artist_name", "attribution", "former_attributions"), "artist"),
        (("parentid", "series", "portfolio", "sibling_group"), "siblings"),
        (("year", "displaydate"), "period"),
        (("themes", "keywords"), "theme"),
        (("schools", "techniques", "keywords", "medium"), "terms"),
    ],
)
def test_every_field_that_tells_the_truth_of_a_judge_closes_it(fields: tuple[str, ...], column: str):
    judge = all_judges(works(), TITLES, params())[0].get(column) or siblings_judge(works())
    for field in fields:
        assert not judge_may_score(judge, {field}), field
        assert judge_may_score(judge, {"assistivetext"})


def test_a_ground_truth_that_is_not_listed_has_no_names():
    own = dense_judge(np.eye(2, dtype=bool), np.eye(2, dtype=bool))
    assert (own.key, own.label, own.description, own.graded, own.fields) == ("", "", "", False, frozenset())


def test_misspelt_field_is_an_error():
    with pytest.raises(ValueError, match=r"no such fields: \['titles'\]"):
        judge_may_score(artist_judge(works()), {"titles"})
    assert DERIVED.keys() <= FIELDS and frozenset().union(*DERIVED.values()) <= FIELDS


# --- all of them


def test_unmeasured_judges_say_why():
    empty = works(series=[None] * 5, styles=[[]] * 5).drop(columns=["keywords", "schools", "techniques"])
    judges, unmeasured = all_judges(empty, TITLES, params())
    assert list(judges) == ["artist", "theme", "theme_other_words", "period", "title_proxy"]
    assert unmeasured == {
        "same_object": NOT_FETCHED,
        "style": "column empty: styles",
        "terms": "column empty: schools, techniques, keywords",
        "siblings": "column empty: series, portfolio, parentid",
        "text_to_image": "column empty: assistivetext",
    }
    few, reasons = all_judges(works().assign(assistivetext=["A boat."] * 5), TITLES, params(min_queries=4))
    assert reasons["artist"] == "2 queries, fewer than 4" and "artist" not in few
    assert reasons["text_to_image"] == ELSEWHERE and "text_to_image" not in few  # its queries are texts
    _, fewer = all_judges(works().assign(assistivetext=["A boat."] * 5), TITLES, params(min_queries=6))
    assert fewer["text_to_image"] == "5 queries, fewer than 6"


def test_other_views_of_the_query_are_no_finding():
    """Circular: three shots of one work share painter, theme and title, and would be hits at once."""
    same = [4] * 5
    index = works(title=["Sea"] * 5, artist=["x"] * 5, group=same, object_group=same, sibling_group=same)
    titles = np.tile(TITLES[:1], (5, 1))
    judges, unmeasured = all_judges(index, titles, params())
    assert judges == {} and set(unmeasured) == {*NAMES, *ABSENT}


def test_every_judge_carries_its_names():
    index = works(**{"label.mood": ["calm", "calm", "calm", "wild", "wild"]})
    judges, unmeasured = all_judges(index, TITLES, params())
    assert list(judges) == [*NAMES, "label.mood"]
    for key, judge in judges.items():
        assert (judge.key, judge.label, judge.description) == (
            key, declared(key).label, declared(key).description
        )  # fmt: skip
    assert judges["theme"].label == "same theme, other painters"
    assert judges["label.mood"].label == "same mood (own label), other painters"
    labels = [declared(key).label for key in (*judges, *unmeasured)]
    assert len(set(labels)) == len(labels) and all(labels)


def test_every_listed_judge_is_described_in_words_of_its_own():
    listed = [*JUDGES, declared("label.school"), declared("label.room")]
    for words in ([judge.label for judge in listed], [judge.description for judge in listed]):
        assert all(isinstance(text, str) and len(text.split()) > 1 for text in words)
        assert len(set(words)) == len(listed)
    assert "'school'" in listed[-2].description


def test_a_judge_that_is_not_listed_has_no_name():
    with pytest.raises(ValueError, match="'themes'"):
        declared("themes")


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (["artist", "theme", "title_proxy"], "theme"),
        (["title_proxy", "period", "style"], "style"),
        (["title_proxy", "label.mood", "label.colour", "siblings"], "siblings"),
        (["title_proxy", "label.mood", "label.colour"], "label.colour"),
        (["title_proxy"], "title_proxy"),
        ([], None),
    ],
)
def test_the_headline_is_theme_and_else_the_first_measured(measured: list[str], expected: str | None):
    assert headline_judge(measured) == expected


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Untitled", "Sea", "Hill"]),
            st.sampled_from([(None, None), ("x", None), ("y", None), (None, "x")]),
            st.integers(0, 3),
            st.lists(st.sampled_from(["sea", "ship", "war"]), max_size=2, unique=True),
            st.sampled_from([None, 1600.0, 1610.0, 1650.0]),
        ),
        min_size=2,
        max_size=8,
    )
)
def test_judges_hold_what_they_promise(rows: list[tuple]):
    index = pd.DataFrame([(t, *a, g, th, y) for t, a, g, th, y in rows])
    index.columns = pd.Index(["title", "artist", "artist_qualified", "group", "themes", "year"])
    index = index.astype({"artist": "string", "artist_qualified": "string", "year": float})
    titles = np.eye(3, dtype=np.float32)[[["Untitled", "Sea", "Hill"].index(title) for title, *_ in rows]]
    judges, unmeasured = all_judges(index, titles, params())
    assert not set(judges) & set(unmeasured) and set(judges) | set(unmeasured) == {*NAMES, *ABSENT}
    found = {name: pairs(judge) for name, judge in judges.items()} | {name: set() for name in unmeasured}
    for judge in judges.values():
        truth = whole(judge)
        assert truth.excluded.diagonal().all() and judge.graded == (truth.grade is not None)
        if truth.grade is not None:
            assert ((truth.grade > 0) == truth.relevant).all() and (truth.grade <= 1).all()
    for i, (title, (artist, tied), group, themes, year) in enumerate(rows):
        for j, (title_j, (artist_j, tied_j), group_j, themes_j, year_j) in enumerate(rows):
            apart, person, person_j = group != group_j, artist or tied, artist_j or tied_j
            one = person is not None and person == person_j
            assert ((i, j) in found["artist"]) == (apart and artist is not None and one)
            assert ((i, j) in found["theme"]) == (apart and not one and bool(set(themes) & set(themes_j)))
            unlike = "Untitled" in (title, title_j) or title != title_j
            assert ((i, j) in found["theme_other_words"]) == ((i, j) in found["theme"] and unlike)
            near = year is not None and year_j is not None and abs(year - year_j) < 20
            assert ((i, j) in found["period"]) == (apart and near)
            titled = "Untitled" not in (title, title_j)
            assert ((i, j) in found["title_proxy"]) == (apart and titled and title == title_j)


def test_clusters_are_painters_and_else_groups():
    clusters = artist_clusters(works(group=[0, 1, 2, 3, 2]))
    assert clusters[0] == clusters[1] and clusters[2] == clusters[4]
    assert len(set(clusters.tolist())) == 3


def test_painter_named_like_a_group_is_still_a_painter():
    """Constituents are numbers in the museum's tables; only a group's cluster begins with a word."""
    assert len(set(artist_clusters(works(artist=["2", "1", None, "0", None], group=[5, 6, 2, 1, 0])).tolist())) == 5


@pytest.mark.parametrize("name", NAMES)
def test_all_judges_exclude_the_query_itself(name: str):
    judge = all_judges(works(), TITLES, params())[0][name]
    assert whole(judge).excluded.diagonal().all()


def test_judge_of_an_own_label_leaves_out_the_painter_and_what_has_no_label():
    index = works(artist=["x", "x", "y", None, "z"], group=[*range(5)])
    index = index.assign(**{"label.mood": pd.array(["calm", "calm", "calm", None, "wild"], dtype="string")})
    judge = label_judge(index, "label.mood")
    assert pairs(judge) == {(0, 2), (1, 2), (2, 0), (2, 1)}
    excluded = whole(judge).excluded
    assert excluded[:, 3].all() and excluded[0, 1] and not excluded[0, 4]
    assert judge.fields == {"label.mood"} and not judge.graded


def test_the_record_that_each_judge_is_read_from():
    terms = "curators' terms"
    assert {judge.key: judge.source for judge in JUDGES} == {
        "artist": "painter", "theme": terms, "theme_other_words": terms, "style": "style", "period": "date",
        "terms": terms, "siblings": "series", "title_proxy": "title", "text_to_image": "description",
        "same_object": "photographs",
    }  # fmt: skip


@pytest.mark.parametrize(("pairs", "width"), [(64, 4), (40, 16), (1, 1)])
def test_few_pairs_are_compared_at_a_time_to_find_the_queries(monkeypatch: pytest.MonkeyPatch, pairs: int, width: int):
    """Works 0 to 9 of 60 have their only relevant work at the end of the gallery; the others have none."""
    looked: list[tuple[int, int]] = []

    class Watched:
        def pairs(self, rows: np.ndarray, columns: slice = EVERYTHING) -> np.ndarray:
            works = np.arange(60)[columns]
            looked.append((len(rows), len(works)))
            return (works[None, :] == 59) & (rows[:, None] < 10)

    monkeypatch.setattr(judging, "PAIRS", pairs)
    monkeypatch.setattr(judging, "WIDTH", width)
    assert Judge(60, Watched(), ()).queries().tolist() == list(range(10))
    assert max(rows * works for rows, works in looked) <= max(pairs, width * max(1, pairs // width))
