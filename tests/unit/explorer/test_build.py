"""The explorer's folder as a whole: every number in it is the one that numpy gives, and titles are text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.core.compute import unit_rows
from artextract.explorer import build
from artextract.params.reading import read_params
from artextract.siamese.projection.heads import ClosedForm
from artextract.siamese.projection.projection import projected
from artextract.siamese.projection.saved import load_projection, save_projection
from artextract.siamese.projection.words import save_head
from tests.conftest import ROOT
from tests.explorer_toys import HOSTILE, settings, write_root

WORDS = ["boat", "sea", "portrait"]


@pytest.fixture(autouse=True)
def without_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors = unit_rows(rng.normal(size=(3, 16)))
    monkeypatch.setattr(build.vocabulary, "wanted_words", lambda index: WORDS)
    monkeypatch.setattr(build.vocabulary, "word_vectors", lambda words, params, weights, width: vectors)
    monkeypatch.setattr(build, "textures", lambda reader: rng.normal(size=(len(reader), 6)).astype(np.float32))


def built(root: Path, n: int = 12, **changes: Any) -> tuple[Path, dict[str, Any], pd.DataFrame]:
    index = write_root(root, n)
    params = read_params(ROOT / "params.yaml")
    out = root / "data" / "explorer"
    build.build(root, settings(**changes), params.title_encoder, 1, out)
    return out, json.loads((out / "data/manifest.json").read_text()), index


def chunk(out: Path) -> dict[str, Any]:
    return json.loads((out / "data/works/0000.json").read_text())


def test_neighbours_are_those_that_numpy_gives(tmp_path: Path):
    out, manifest, index = built(tmp_path)
    images = np.load(tmp_path / "data/embeddings/images.npy")
    net = load_projection(tmp_path / "data/siamese/projection.safetensors")
    group, n, k = index["group"].to_numpy(), manifest["works"], manifest["k"]
    spaces = {
        "image": images,
        "title": np.load(tmp_path / "data/embeddings/titles.npy"),
        "siamese": projected(net, images),
    }
    spaces |= {f"subject-{w}": projected(net, images, subject=w / 100) for w in manifest["subject"]}
    for space, vectors in spaces.items():
        content = (out / "data/neighbours" / space / "0000.bin").read_bytes()
        rows = np.frombuffer(content, "<i4", n * k).reshape(n, k)
        scores = np.frombuffer(content, "<f4", n * k, n * k * 4).reshape(n, k)
        cosine = vectors @ vectors.T
        cosine[group[:, None] == group] = -np.inf
        assert (rows == np.argsort(-cosine, axis=1, kind="stable")[:, :k]).all(), space
        assert np.allclose(scores, -np.sort(-cosine, axis=1)[:, :k], atol=1e-6)


def test_titles_are_text_and_links_are_links(tmp_path: Path):
    out, _, index = built(tmp_path)
    works = chunk(out)
    assert works["title"][: len(HOSTILE)] == HOSTILE and works["id"] == index["id"].tolist()
    assert works["link"][:3] == ["https://museum.example/1", "", "https://museum.example/3"]
    assert works["extra"]["Wall"][:2] == ["north", "south"] and works["extra"]["Keywords"][1] == "Boats, Low tide"
    assert works["year"][0] is None and works["year"][1] == 1630
    assert json.loads((out / "data/ids.json").read_text()) == works["id"]
    years = np.frombuffer((out / "data/years.bin").read_bytes(), "<i2")
    assert years[0] == -32768 and years[1] == 1630


def test_only_works_that_may_be_shown_have_pictures(tmp_path: Path):
    out, manifest, _ = built(tmp_path)
    assert (manifest["shown"], manifest["not_shown"]) == (11, 1)
    assert chunk(out)["picture"] == [True] * 11 + [False]
    assert not (out / "pictures/0000/11.jpg").exists() and (out / "pictures/0000/10.jpg").exists()
    with Image.open(out / "thumbs/0000.webp") as opened:
        atlas = np.asarray(opened.convert("RGBA"))
    assert atlas.shape == (32, 32 * 32, 4)
    hidden, shown = atlas[:, 11 * 32 : 12 * 32], atlas[:, :32]
    middle = hidden[16, 16].astype(int)
    assert np.ptp(middle[:3]) < 6 and middle[3] < 100  # a neutral card that the ground shines through
    assert shown[16, 16, 3] == 255 and shown[0, 0, 3] == 0  # the picture is wide: above it is nothing
    assert (atlas[:, 12 * 32 :, 3] == 0).all()


def test_everything_is_shown_where_the_parameters_say_so(tmp_path: Path):
    out, manifest, _ = built(tmp_path, show_all=True)
    assert manifest["shown"] == 12 and (out / "pictures/0000/11.jpg").exists()


def test_without_pictures_there_are_thumbnails(tmp_path: Path):
    out, _, _ = built(tmp_path, pictures=False)
    assert not (out / "pictures").exists() and not any(chunk(out)["picture"])
    assert (out / "thumbs/0000.webp").exists() and not (out / "error-pictures").exists()


def test_facets_count_and_code_the_works(tmp_path: Path):
    out, manifest, _ = built(tmp_path)
    codes = np.frombuffer((out / "data/facets.bin").read_bytes(), "<u2").reshape(len(manifest["facets"]), -1)
    works = chunk(out)
    for facet, code in zip(manifest["facets"], codes, strict=True):
        counts = np.bincount(code[code != 65535], minlength=len(facet["categories"]))
        assert counts.tolist() == [category["count"] for category in facet["categories"]], facet["key"]
    by_key = {facet["key"]: (facet, code) for facet, code in zip(manifest["facets"], codes, strict=True)}
    labels = [category["label"] for category in by_key["painter"][0]["categories"]]
    assert [labels[c] if c != 65535 else "" for c in by_key["painter"][1]] == works["artist"]
    assert {"century", "theme", "medium", "cluster", "own.Wall", "duplicate", "shown"} <= set(by_key)
    assert "style" not in by_key  # nothing in it


def test_maps_clusters_and_lists(tmp_path: Path):
    out, manifest, index = built(tmp_path)
    positions = np.frombuffer((out / "data/positions.bin").read_bytes(), "<f4").reshape(3, -1, 2)
    table = pd.read_csv(tmp_path / "plots/similarity/tsne.csv")
    for at, key in enumerate(("image", "title", "siamese")):
        original = table[table["space"] == key][["x", "y"]].to_numpy()
        assert manifest["maps"][at]["key"] == key and manifest["maps"][at]["placed"] == 0
        assert positions[at].min() >= 0 and positions[at].max() <= 1
        wide, high = np.ptp(positions[at], axis=0) / np.ptp(original, axis=0)
        assert wide == pytest.approx(high, rel=1e-4)  # aspect kept
        assert (np.argsort(positions[at][:, 1]) == np.argsort(-original[:, 1])).all()  # y downwards
    assert [entry["count"] for entry in manifest["clusters"]] == [6, 6]
    first = manifest["clusters"][0]
    assert first["id"] == index["id"][first["works"][0]] and sorted(first["works"]) == [0, 2, 4, 6, 8, 10]
    assert manifest["duplicates"] == [[0, 1]]
    assert manifest["outliers"][0]["row"] == 4 and manifest["outliers"][0]["looks_like"] == "Painter 2"


def test_names_of_clusters_are_copied(tmp_path: Path):
    out, manifest, _ = built(tmp_path)
    medoid = manifest["clusters"][1]["id"]
    (tmp_path / "data/names/clusters.yaml").write_text(f'"{medoid}": "Boats: <at> sea"\n')
    build.build(tmp_path, settings(), read_params(ROOT / "params.yaml").title_encoder, 1, out)
    again = json.loads((out / "data/manifest.json").read_text())
    assert [entry["name"] for entry in again["clusters"]] == ["", "Boats: <at> sea"]


def test_errors_are_listed_with_pictures(tmp_path: Path):
    out, manifest, _ = built(tmp_path)
    task = json.loads((out / "data/errors.json").read_text())["tasks"]["style"]
    assert manifest["errors"] and task["classes"] == ["Old school", "New"] and len(task["rows"]) == 3
    row = task["rows"][0]
    assert (row["title"], row["painter"], row["true"]) == ("Boats at sea 0", "Ann Lee", 0)
    assert row["top"][0] == [row["predicted"], row["confidence"]] and row["unsure"]
    assert (out / row["picture"]).is_file()


def test_a_collection_of_ones_own_has_no_errors_and_may_have_no_projection(tmp_path: Path):
    out, manifest, _ = built(tmp_path, parts=["similarity"])
    assert not manifest["errors"] and not (out / "data/errors.json").exists()
    assert manifest["subject"] == [] and not manifest["seen"] and not (out / "data/seen.bin").exists()
    assert [space["key"] for space in manifest["spaces"]] == ["image", "title"]


def test_where_nothing_was_learnt_from_titles_there_is_no_slider(tmp_path: Path):
    index = write_root(tmp_path)
    save_projection(tmp_path / "data/siamese/projection.safetensors", ClosedForm(16, 5))
    none = {"mean": np.zeros(16, np.float32), "weight": np.zeros((16, 16), np.float32)}
    save_head(tmp_path / "data/siamese/crossmodal.safetensors", none)
    out, params = tmp_path / "data/explorer", read_params(ROOT / "params.yaml")
    build.build(tmp_path, settings(), params.title_encoder, 1, out)
    manifest = json.loads((out / "data/manifest.json").read_text())
    assert not manifest["seen"] and not (out / "data/seen.bin").exists()
    assert manifest["subject"] == [] and "network sees" in manifest["alike"]["measures"]["subject"]
    assert len(json.loads((out / "data/alike/0000.json").read_text())) == len(index)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_works(tmp_path: Path, n: int):
    out, manifest, _ = built(tmp_path, n)
    assert manifest["works"] == n and len(chunk(out)["id"]) == n
    content = (out / "data/neighbours/image/0000.bin").read_bytes()
    assert len(content) == n * manifest["k"] * 8


def test_words_are_compressed_with_little_loss(tmp_path: Path):
    out, manifest, _ = built(tmp_path)
    dims = manifest["meaning"]["dims"]
    words = np.frombuffer((out / "data/words.bin").read_bytes(), np.int8).reshape(3, dims)
    titles = np.frombuffer((out / "data/titles.bin").read_bytes(), np.int8).reshape(12, dims)
    assert json.loads((out / "data/words.json").read_text()) == {"words": WORDS, "dims": dims}
    assert manifest["words"] and manifest["meaning"]["recall_titles"] > 0.9 and words.any() and titles.any()


def test_the_page_and_its_parts_are_there_and_it_is_rebuilt_as_a_whole(tmp_path: Path):
    out, _, _ = built(tmp_path)
    for name in ("index.html", "vendor/d3.min.js", "vendor/minisearch.js", "vendor/openseadragon.min.js"):
        assert (out / name).stat().st_size > 500, name
    assert not list(out.rglob("package*.json"))
    (out / "left-over.txt").write_text("x")
    built(tmp_path, 5)
    assert not (out / "left-over.txt").exists() and not list((tmp_path / "data").glob(".explorer*"))
