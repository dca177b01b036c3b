from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.command import artextract
from tests.museum import searchable

N = 30


@pytest.fixture
def works(tmp_path: Path) -> Path:
    """A folder with data/works, data/embeddings, siamese and the image embedding again as mine.npy."""
    embedded = searchable(tmp_path, [f"Title {i}" for i in range(N)])
    np.save(tmp_path / "mine.npy", embedded.vectors("image"))
    return tmp_path


def judge(works: Path, *words: object) -> int:
    folders = ["--collection", works / "data/works", "--embeddings", works / "data/embeddings"]
    return artextract("judge", *words, *folders, "--siamese", works / "siamese")


def test_a_copy_of_the_image_embedding_gains_nothing(works: Path, capsys: pytest.CaptureFixture[str]):
    assert judge(works, works / "mine.npy", "--csv", works / "table.csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split("|")[3].strip() == "mine"
    assert "image, siamese projection" not in lines[2]
    assert all("+0.000 (+0.000 to +0.000)" in line for line in lines[4:])
    table = pd.read_csv(works / "table.csv")
    assert set(table["space"]) == {"mine", "shuffled", "image", "centred", "title", "random", "ceiling"}
    of_artist = table[table["judge"] == "artist"].set_index("space")
    assert of_artist["ndcg"]["mine"] == of_artist["ndcg"]["image"]
    assert of_artist["low"]["mine"] < of_artist["high"]["mine"]


def test_siamese_is_in_the_table_with_a_warning(works: Path, capsys: pytest.CaptureFixture[str]):
    (works / "siamese").mkdir()
    np.save(works / "siamese" / "projected.npy", np.load(works / "mine.npy"))
    assert judge(works, works / "mine.npy", "--judge", "artist") == 0
    out = capsys.readouterr().out
    assert "image, siamese projection" in out and "trained on the titles of most of these works" in out


@pytest.mark.slow
def test_held_out_queries_of_folds(works: Path, capsys: pytest.CaptureFixture[str]):
    (works / "siamese").mkdir()
    ids = [str(i) for i in range(N)]
    part = np.where(np.arange(N) < 10, "held_out", "train")
    splits = pd.DataFrame({"id": ids, "s1": part, "s2_fold": np.arange(N) % 2, "s3": part})
    splits.to_parquet(works / "siamese" / "splits.parquet")
    held = {"s1": ids[:10], "s2": ids}
    rows = [(split, "artist", "siamese", id, 0, 0.25, 0.5) for split, of in held.items() for id in of]
    columns = pd.Index(["split", "judge", "space", "id", "painter", "ndcg10", "p10"])
    pd.DataFrame(rows, columns=columns).to_parquet(works / "siamese" / "values.parquet")
    mine = works / "mine.npy"
    assert judge(works, mine, mine, "--split", "s2", "--judge", "artist") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.split("|")[2].strip() == str(N) and "| 0.250 (0.250 to 0.250) " in last
    assert judge(works, mine, "--split", "s1", "--judge", "artist") == 0
    assert capsys.readouterr().out.splitlines()[-1].split("|")[2].strip() == "10"
    assert judge(works, mine, "--split", "s3", "--judge", "artist") == 2
    assert "queries of judge artist in split s3 are not those" in capsys.readouterr().err
    assert judge(works, mine, "--split", "s2") == 2
    assert "1 embeddings for 2 parts" in capsys.readouterr().err


def test_names_of_the_projects_own_spaces_are_kept_apart(works: Path, capsys: pytest.CaptureFixture[str]):
    assert judge(works, works / "mine.npy", "--name", "image", "--judge", "artist") == 0
    assert "image (given)" in capsys.readouterr().out


def test_wrong_vectors_are_an_error_with_a_remedy(works: Path, capsys: pytest.CaptureFixture[str]):
    np.save(works / "short.npy", np.ones((3, 2)))
    assert judge(works, works / "short.npy") == 2
    assert "3 rows, and the collection has 30 works" in capsys.readouterr().err
