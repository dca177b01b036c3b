"""The search command, from the words typed to the files written, with encoders that are quick to load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import save_file

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.search import find as search
from artextract.search import index as vector_index
from artextract.search import query as queries
from artextract.search.collection import Embedded
from artextract.siamese.projection.heads import closed_form, start
from artextract.siamese.projection.projection import project_head
from artextract.siamese.projection.saved import save_projection
from tests.command import artextract
from tests.conftest import jpeg
from tests.museum import searchable

TITLES = ["Haystacks", "A Harbour at Dusk, Seen from a Hill above the Town on a Day in Late Autumn", "Cow", "Ähren 麦"]


@pytest.fixture
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    """A collection in the working directory; queries by words are title 1, queries by image are image 2."""
    found = searchable(tmp_path, TITLES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(queries, "embed_text", lambda text, recorded: np.array(found.vectors("title")[1:2]))
    monkeypatch.setattr(queries, "embed_image", lambda image, recorded: np.array(found.vectors("image")[2:3]))
    return found


def run(*arguments: str) -> int:
    return artextract("search", "--collection", "data/works", *arguments)


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_words_find_titles(works: Embedded, capsys: pytest.CaptureFixture[str]):
    run("harbour  at dusk", "-k", "3")
    table = pd.read_csv("search/harbour-at-dusk.csv", dtype={"id": str}, keep_default_na=False)
    assert table.columns.tolist() == ["rank", "score", "title", "attribution", "date", "id"]
    assert len(table) == 3 and table["rank"].tolist() == [1, 2, 3]
    assert (table["title"][0], table["id"][0], table["score"][0]) == (TITLES[1], "1", 1)
    assert (np.diff(table["score"]) <= 0).all()
    with Image.open("search/harbour-at-dusk.jpg") as sheet:
        assert sheet.width > 700
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4 and out[0].split() == table.columns.tolist()
    assert out[1].split()[:2] == ["1", "1.000"] and "…" in out[1]


def test_a_search_tells_how_it_was_made(works: Embedded, capsys: pytest.CaptureFixture[str]):
    run("harbour at dusk")
    assert "4 vectors searched: exact; recall 1, of queries unlike any work 1\n" in capsys.readouterr().err
    told = {"kind": "exact", "query": "harbour at dusk", "recall": 1.0, "recall_between": 1.0, "space": "title"}
    assert read_json(Path("search/harbour-at-dusk.json")) == told | {"vectors": 4}


def test_a_compressed_search_tells_its_recall(
    works: Embedded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The index of a collection as large as its test would have to be is replaced: only what it says is looked at."""

    class Compressed(vector_index.ExactIndex):
        def describe(self) -> dict[str, Any]:
            return {"kind": "PCAR256,IVF4", "vectors": len(self.vectors), "recall": 0.9712, "recall_between": 0.87}

    monkeypatch.setattr(vector_index, "open_index", lambda path, exact: Compressed(np.load(path)))
    run("dusk")
    assert "4 vectors searched: PCAR256,IVF4; recall 0.9712, of queries unlike any work 0.87" in capsys.readouterr().err
    assert read_json(Path("search/dusk.json"))["recall"] == 0.9712


def test_an_image_finds_images(works: Embedded, capsys: pytest.CaptureFixture[str]):
    Path("my picture.jpg").write_bytes(jpeg(3, 200, 100))
    run("my picture.jpg", "--out", "found/cow", "-k", "99")
    table = pd.read_csv("found/cow.csv")
    assert len(table) == 4 and table["title"][0] == "Cow"
    assert sorted(p.name for p in Path("found").iterdir()) == ["cow.csv", "cow.jpg", "cow.json"]


@pytest.mark.slow
def test_bad_queries(works: Embedded, capsys: pytest.CaptureFixture[str]):
    assert "the query is empty" in failure(capsys, "  ")
    assert "none.jpg: there is no such image file" in failure(capsys, "none.jpg")
    assert "'-k'" in failure(capsys, "cow", "-k", "0")
    assert "words cannot be compared with images" in failure(capsys, "cow", "--space", "image")
    Path("broken.jpg").write_bytes(b"no image")
    assert "broken.jpg: not readable as an image" in failure(capsys, "broken.jpg")
    assert "an image cannot be searched for in the space 'title'" in failure(capsys, "broken.jpg", "--space", "title")
    assert "no collection is called 'elsewhere'" in failure(capsys, "cow", "--collection", "elsewhere")
    works.path("title").unlink()
    error = failure(capsys, "cow")
    assert "titles.npy" in error and "Remedy: `dvc repro embed_titles`" in error
    error = failure(capsys, "cow", "--space", "words")
    assert "data/siamese/crossmodal.safetensors: the cross-modal head" in error and "dvc repro train_siamese" in error
    assert not Path("search").exists()


def test_words_find_images_through_the_head(works: Embedded):
    """A head that maps every image to its title's vector: the work of title 1 is found by its image."""
    images, titles = (np.array(works.vectors(kind)) for kind in ("image", "title"))
    head = {"mean": np.zeros(8, dtype=np.float32), "weight": np.linalg.pinv(images) @ titles}
    Path("data/siamese").mkdir()
    save_file(head, "data/siamese/crossmodal.safetensors")
    run("dusk", "--space", "words", "-k", "1")
    assert pd.read_csv("search/dusk.csv")["title"].tolist() == [TITLES[1]]
    assert read_json(Path("search/dusk.json"))["kind"] == "exact, mapped in memory"


@pytest.mark.slow
def test_an_image_finds_images_as_the_siamese_network_sees_them(works: Embedded, capsys: pytest.CaptureFixture[str]):
    """The query, which is the image of work 2, finds it whatever the projection."""
    Path("my picture.jpg").write_bytes(jpeg(3, 200, 100))
    assert "projection.safetensors: there is no such file" in failure(capsys, "my picture.jpg", "--space", "siamese")
    images, titles = (np.array(works.vectors(kind)) for kind in ("image", "title"))
    net = start(images, titles, components=3, rank=2, hidden=2, penalty=1.0, subject=0.6)
    save_projection(Path("data/siamese/projection.safetensors"), net)
    run("my picture.jpg", "--space", "siamese", "-k", "2")
    table = pd.read_csv("search/my-picture-jpg.csv")
    assert table["title"][0] == "Cow" and table["score"][0] == 1
    assert "words cannot be compared" in failure(capsys, "cow", "--space", "siamese")


@pytest.mark.slow
def test_the_knob_ends_at_the_look_alone_and_at_the_subject_alone(works: Embedded, capsys: pytest.CaptureFixture[str]):
    """By brute force: cosine of centred images at 0, cosine of heads at 1, their weighted sum between."""
    Path("cow.jpg").write_bytes(jpeg(3, 200, 100))
    images, titles = (np.array(works.vectors(kind)) for kind in ("image", "title"))
    net = closed_form(images, titles, penalty=1.0, subject=0.5)
    save_projection(Path("data/siamese/projection.safetensors"), net)
    query = queries.embed_image(queries.read_image(Path("cow.jpg"), 200), works.identity("image"))
    look = unit_rows(query - net.mean.numpy()) @ unit_rows(images - net.mean.numpy()).T
    head = project_head(net, query) @ project_head(net, images).T
    for option, weight in (("0", 0.0), ("0.3", 0.3), ("1", 1.0), (None, 0.5)):
        run("cow.jpg", *(("--space", "siamese") if option is None else ("--subject", option)))
        table, expected = pd.read_csv("search/cow-jpg.csv"), ((1 - weight) * look + weight * head)[0]
        order = np.argsort(-expected)
        assert table["id"].astype(str).tolist() == works.index["id"].iloc[order].astype(str).tolist()
        np.testing.assert_allclose(table["score"], expected[order], atol=1e-4)
        record = read_json(Path("search/cow-jpg.json"))
        assert record["space"] == "siamese" and record["subject"] == weight


def test_only_an_image_in_the_siamese_space_has_a_weight_of_the_subject(
    works: Embedded, capsys: pytest.CaptureFixture[str]
):
    Path("cow.jpg").write_bytes(jpeg(3, 200, 100))
    for asked in (("cow",), ("cow", "--space", "words"), ("cow.jpg", "--space", "image")):
        assert "--subject: the space" in failure(capsys, *asked, "--subject", "0.3")
    assert "less than or equal to 1" in failure(capsys, "cow.jpg", "--subject", "1.5")


def test_a_long_query_or_a_folders_name_is_words(works: Embedded):
    Path("Cow").mkdir()
    assert not search.is_image("Cow") and not search.is_image("x" * 5000) and not search.is_image("a\0b")
    with pytest.raises(ArtExtractError):
        search.is_image("folder/No.TIFF")


def test_file_names_of_queries():
    assert search.slug("Harbour at dusk!") == "harbour-at-dusk"
    assert search.slug("../../etc/passwd") == "etc-passwd"
    assert search.slug("麦畑") == "麦畑" and search.slug("?!") == "query"
    assert len(search.slug("word " * 100)) <= 60


def test_printed_table_keeps_to_the_line():
    table = pd.DataFrame({"title": ["T" * 200, "short"], "attribution": ["A" * 90, "B"], "displaydate": ["", "1890"]})
    table = search.result_table(table.assign(id=["1", "2"]), np.array([1, 0]), np.array([0.91234, -0.5]))
    lines = search.printed(table, 100).splitlines()
    assert len(lines) == 3 and max(map(len, lines)) <= 100
    assert lines[1].split() == ["1", "0.912", "short", "B", "1890", "2"]
