"""What similarity_eval writes and which number it calls the headline, on twelve toy works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.core.compute import unit_rows
from artextract.params.sections import TSNE, Similarity
from artextract.similarity.evaluation import scoring
from artextract.similarity.evaluation.health import health
from artextract.similarity.evaluation.scoring import COMPARED, Scores, neighbours_of_both, score, spaces_of
from artextract.similarity.evaluation.showing import flat, show_clusters, show_examples, show_maps
from artextract.similarity.ranking import shared_nearest
from artextract.similarity.ranking.collection import Collection, open_collection
from tests.museum import gallery
from tests.unit.similarity.ranking.test_judges import params, works

N = 12


def toy() -> Collection:
    """Twelve works of four painters, two themes; images show the theme, titles too."""
    one = works()
    index = pd.concat([one, one, one], ignore_index=True).iloc[:N].reset_index(drop=True)
    text = {"id": [str(i) for i in range(N)], "title": [f"Title {i % 5}" for i in range(N)]}
    index = index.assign(**text, group=range(N), object_group=range(N), sibling_group=range(N))
    index["artist"] = pd.array([f"painter {i % 4}" for i in range(N)], dtype="string")
    index["themes"] = [["sea"] if i % 2 else ["ship"] for i in range(N)]
    rng = np.random.default_rng(0)
    seen = np.eye(6)[np.arange(N) % 2] + rng.normal(0, 0.05, (N, 6))
    return Collection(index, unit_rows(seen), unit_rows(rng.normal(size=(N, 5))))


def images() -> list[Image.Image]:
    return [Image.new("RGB", (8, 8), (20 * i, 10, 200 - 10 * i)) for i in range(N)]


def test_spaces_are_the_baselines_titles_and_four_forms_of_the_image_embedding():
    names = [space.name for space in spaces_of(toy(), images(), params())]
    assert names == ["popularity", "colour", "title", "image", "centred", "whitened", "csls"]
    assert set(COMPARED) <= set(names)


@pytest.fixture(scope="module")
def scores() -> Scores:
    return score(toy(), images(), params(neighbours=5), 0)


def test_the_tables_compare_the_embeddings_with_the_image_as_it_comes(scores: Scores):
    table = scores.tables["differences"]
    assert set(table["against"]) == {"image"} and set(table["metric"]) == {"ndcg5", "map", "p5"}
    assert set(table["space"]) == set(COMPARED) - {"image"}
    assert set(scores.tables["retrieval"]["space"]) == {
        "random", "ceiling", "popularity", "colour", "title", "image", "centred", "whitened", "csls"
    }  # fmt: skip


def test_the_same_seed_gives_the_same_tables(scores: Scores):
    again = score(toy(), images(), params(neighbours=5), 0)
    for name, table in scores.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)


def test_the_health_of_every_space_is_that_of_its_neighbours(scores: Scores):
    table, own = scores.tables["health"].set_index("space"), params(neighbours=5)
    spaces = {space.name: space for space in spaces_of(toy(), images(), own)}
    assert table.index.tolist() == list(spaces)
    found = health(spaces["image"], toy().group, own.csls_neighbours)
    assert table.loc["image"].to_dict() == pytest.approx(found)
    assert {k: v for k, v in scores.flat.items() if k.startswith("health")} == {
        f"health.image.{name}": value for name, value in found.items()
    }


def test_many_works_are_searched_once_and_the_scores_are_the_same(scores: Scores, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared_nearest, "SHARED_FROM", 2)
    monkeypatch.setattr(scoring, "SHARED_FROM", 2)
    monkeypatch.setattr(shared_nearest, "MOST", 11)
    near = scoring.shared_by(toy())
    expected = neighbours_of_both(toy(), 3)
    asked: list[str] = []
    for module in (shared_nearest, scoring):
        whole = module.nearest_of_all

        def counted(*given: Any, whole: Any = whole) -> Any:
            asked.append(given[-1])
            return whole(*given)

        monkeypatch.setattr(module, "nearest_of_all", counted)
    pd.testing.assert_frame_equal(neighbours_of_both(toy(), 3, near), expected)
    again = score(toy(), images(), params(neighbours=5), 0, near)
    for name, table in scores.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)
    assert sorted(asked) == [
        "hubs of centred",
        "hubs of colour",
        "hubs of whitened",
        "search by image",
        "search by title",
    ]


def test_flat_scores_have_intervals_for_title_and_image_and_means_of_painters_for_the_image(scores: Scores):
    ends = {key.removeprefix("theme.") for key in scores.flat if key.startswith("theme.")}
    assert ends == {
        "queries", "random.ndcg5", "random.p5", "ceiling.p5", "centred.ndcg5", "title.ndcg5", "title.ndcg5_low",
        "title.ndcg5_high", "image.ndcg5", "image.ndcg5_low", "image.ndcg5_high", "image.ndcg5_macro", "image.p5",
    }  # fmt: skip
    assert "same_object" in scores.absent and "text_to_image" in scores.absent  # no descriptions: not measured at all
    assert "artist" not in scores.absent


@pytest.mark.slow
def test_a_sample_of_queries_states_of_how_many_and_its_error(scores: Scores):
    assert not [key for key in scores.flat if key.endswith(("queries_of", "_sampling"))]
    sampled = score(toy(), images(), params(neighbours=5, max_queries=7), 0)
    drawn = sampled.tables["retrieval"].query("judge == 'theme' and space == 'image' and metric == 'ndcg5'")
    assert sampled.flat["theme.queries"] == drawn["queries"].iloc[0] == 7 and sampled.flat["theme.queries_of"] == N
    assert {key for key in sampled.flat if key.startswith("theme.") and key.endswith("_sampling")} == {
        "theme.image.ndcg5_sampling"
    }


def test_the_headline_is_the_theme_score_of_the_image_embedding_in_the_table(scores: Scores):
    assert set(scores.tables) == {"retrieval", "judges", "differences", "health"}
    table = scores.tables["retrieval"].set_index(["judge", "space", "metric"])
    assert scores.headline == {"ndcg": pytest.approx(table.loc[("theme", "image", "ndcg5"), "micro"])}
    assert scores.flat["ndcg.judge"] == "theme"
    assert scores.flat["theme.image.ndcg5"] == scores.headline["ndcg"] > 0.9
    assert {"theme.random.ndcg5", "theme.title.ndcg5", "health.image.hubness"} <= set(scores.flat)
    assert "text_to_image" not in scores.tables["retrieval"]["judge"].values


def test_without_a_measured_judge_there_is_no_headline_and_each_reason_is_kept():
    scores = score(toy(), images(), params(min_queries=1000), 0)
    assert scores.headline == {} and "theme" in scores.absent
    assert "fewer than 1000" in scores.absent["theme"]


def test_neighbours_by_image_and_by_title_leave_the_own_group_out():
    table = neighbours_of_both(toy(), 3)
    assert set(table["space"]) == {"image", "title"} and len(table) == 2 * N * 3
    assert (table["id"] != table["neighbour"]).all()


@pytest.mark.slow
def test_pictures_tables_and_trustworthiness(tmp_path: Path):
    index, reader = gallery(tmp_path / "shards", [f"Title {i}" for i in range(N)])
    shards = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    collection = Collection(index, toy().images, toy().titles)
    shown = Similarity(map_works=6, clusters=2, examples=2)
    show_examples(collection, reader, shown, 3, 0, tmp_path)
    part = pd.Series(["held_out" if i < 3 else "train" for i in range(N)])
    trust = show_maps(collection, reader, toy().images[::-1], part, TSNE(perplexity=3.0, works=10), 6, 0, tmp_path)
    assert set(trust) == {f"tsne.{space}.trustworthiness" for space in ("image", "title", "siamese")}
    table = pd.read_csv(tmp_path / "tsne.csv")
    assert set(table["space"]) == {"image", "title", "siamese"} and len(table) == 30  # ten works, drawn at random
    assert set(table["s1"]) == {"held_out", "train"}
    clusters = show_clusters(collection, reader, shown, 0, tmp_path)
    assert clusters["cluster"].between(1, 2).all() and sorted(clusters["id"]) == sorted(index["id"])
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} - shards
    assert written == {
        "examples_image.jpg", "examples_title.jpg", "map.jpg", "tsne.png", "tsne.svg", "tsne.csv",
        "clusters/cluster_01.jpg", "clusters/cluster_02.jpg", "clusters.csv", "cluster_works.csv",
    }  # fmt: skip


def test_nested_figures_become_flat_keys():
    assert flat({"works": 3, "qualified": {"auc": 0.5}}, "outliers") == {
        "outliers.works": 3, "outliers.qualified.auc": 0.5
    }  # fmt: skip


def test_a_stale_embedding_is_refused(tmp_path: Path):
    pd.DataFrame({"id": ["a", "b"]}).to_parquet(tmp_path / "index.parquet")
    for kind, rows in (("images", 2), ("titles", 3)):
        np.save(tmp_path / f"{kind}.npy", np.ones((rows, 2), dtype=np.float32))
    with pytest.raises(Exception, match=r"titles\.npy: the embedding is stale.*\nRemedy: `dvc repro embed_titles`"):
        open_collection(tmp_path, tmp_path)
