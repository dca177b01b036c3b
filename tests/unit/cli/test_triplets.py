from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.triplets.answers import COLUMNS
from tests.command import artextract
from tests.museum import searchable

N = 40


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Options that name a collection in which every fourth work may not be shown."""
    works = searchable(tmp_path, [f"Secret title {i}" for i in range(N)])
    index = pd.read_parquet(works.folder / "index.parquet")
    index.assign(open_access=np.arange(N) % 4 != 0).to_parquet(works.folder / "index.parquet")
    return [
        "--collection", str(works.folder), "--embeddings", str(works.embeddings), "--siamese", str(tmp_path)
    ]  # fmt: skip


def data_of(page: Path) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), re.S)[1])  # type: ignore[index]


def answers_to(page: Path, path: Path) -> Path:
    """A file of a rater who always chooses what is on the left."""
    data = data_of(page)
    lines = [
        {
            "rater": "A", "page": data["page"], "seed": data["seed"], "position": i, "triplet": t["triplet"],
            "kind": t["kind"], "repeat": 0, "query": t["query"], "left": t["first"], "right": t["second"],
            "chosen": "left", "seconds": 2.0, "time": f"t{i}",
        }
        for i, t in enumerate(data["triplets"])
    ]  # fmt: skip
    pd.DataFrame(lines, columns=pd.Index(COLUMNS)).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_page_and_score(folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    page = tmp_path / "out" / "page.html"
    assert artextract("triplets", "page", page, "--triplets", "20", *folders) == 0
    assert "20 triplets of 30 open-access works" in capsys.readouterr().err
    assert "Secret title" not in page.read_text() and "Painter" not in page.read_text()
    assert all(int(id) % 4 != 0 for id in data_of(page)["images"])
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).normal(size=(N, 3)))
    answers = answers_to(page, tmp_path / "a.csv")
    options = ["--vectors", tmp_path / "mine.npy", "--csv", tmp_path / "table.csv"]
    assert artextract("triplets", "score", answers, *options, *folders) == 0
    out = capsys.readouterr().out
    assert "1 raters, 20 answers, 20 triplets" in out and "| mine" in out
    assert set(pd.read_csv(tmp_path / "table.csv")["space"]) == {"mine", "image", "title", "centred"}
    judged = ["judge", tmp_path / "mine.npy", "--human", answers, "--csv", tmp_path / "judged.csv", "--judge", "artist"]
    assert artextract(*judged, *folders) == 0
    assert "Judge human:" in capsys.readouterr().out
    of_people = pd.read_csv(tmp_path / "judged.human.csv")
    pd.testing.assert_frame_equal(of_people, pd.read_csv(tmp_path / "table.csv"))


def test_the_seed_changes_the_questions(folders: list[str], tmp_path: Path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert (
            artextract("triplets", "page", tmp_path / f"{name}.html", "--triplets", "8", "--seed", seed, *folders) == 0
        )
    a, b, c = ((tmp_path / f"{name}.html").read_bytes() for name in "abc")
    assert a == b != c


def test_without_answers_the_score_is_not_measured(folders: list[str], capsys: pytest.CaptureFixture[str]):
    assert artextract("triplets", "score", *folders) == 0
    assert capsys.readouterr().out.startswith("Judge human: not measured")


def test_a_wrong_file_is_an_error_with_a_remedy(folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "a.csv").write_text("rater\nA\n")
    assert artextract("triplets", "score", tmp_path / "a.csv", *folders) == 2
    assert "columns are missing" in capsys.readouterr().err
