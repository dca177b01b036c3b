"""IIIF manifests of both versions, with local copies and without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.own.iiif import file_name, image_address, is_manifest, label, sheet_of_manifest
from artextract.data.own.read import read_own
from tests.unit.data.own.own_toys import folder_of, table_of

SERVER = "https://iiif.example.org"


def version_2(*names: str) -> dict[str, Any]:
    canvases = [
        {
            "@id": f"{SERVER}/album/canvas/{name}", "@type": "sc:Canvas", "label": name,
            "images": [{
                "@type": "oa:Annotation",
                "resource": {
                    "@id": f"{SERVER}/{name}/full/full/0/default.jpg", "@type": "dctypes:Image",
                    "service": {"@id": f"{SERVER}/{name}", "profile": "http://iiif.io/api/image/2/level1.json"},
                },
            }],
        }
        for name in names
    ]  # fmt: skip
    return {
        "@context": "http://iiif.io/api/presentation/2/context.json", "@id": f"{SERVER}/album/manifest",
        "@type": "sc:Manifest", "label": "An album", "attribution": "The museum",
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "metadata": [{"label": "Artist", "value": "A. Zet"}, {"label": [{"@value": "Date"}], "value": ["1889"]}],
        "sequences": [{"@type": "sc:Sequence", "canvases": canvases}],
    }  # fmt: skip


def version_3(name: str) -> dict[str, Any]:
    body = {
        "id": f"{SERVER}/{name}/full/max/0/default.jpg", "type": "Image",
        "service": [{"id": f"{SERVER}/{name}", "type": "ImageService3"}],
    }  # fmt: skip
    annotation = {"type": "Annotation", "motivation": "painting", "body": body}
    canvas = {"id": f"{SERVER}/c/1", "type": "Canvas", "items": [{"type": "AnnotationPage", "items": [annotation]}]}
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json", "id": f"{SERVER}/{name}/manifest",
        "type": "Manifest", "label": {"da": ["Et skib"], "en": ["A ship"]}, "items": [canvas],
        "rights": "http://rightsstatements.org/vocab/InC/1.0/",
        "requiredStatement": {"label": {"en": ["Credit"]}, "value": {"en": ["<b>SMK</b>"]}},
        "homepage": [{"id": "https://museum.example.org/1", "type": "Text"}],
        "metadata": [{"label": {"en": ["Creator"]}, "value": {"none": ["B. Zet"]}}],
    }  # fmt: skip


def test_version_2_with_some_local_copies(tmp_path: Path):
    folder = folder_of(tmp_path, "1r.jpg")
    own = read_own(folder, table_of(tmp_path, json.dumps(version_2("1r", "1v")), "manifest.json"))
    assert own.form == "IIIF manifest"
    assert own.works["file"].tolist() == ["1r.jpg", ""]
    assert own.works["url"].tolist() == ["", f"{SERVER}/1v/full/!1600,1600/0/default.jpg"]
    assert own.works["title"].tolist() == ["An album, 1r", "An album, 1v"]
    assert own.works["artist"].tolist() == ["A. Zet"] * 2 and own.works["year"].tolist() == [1889] * 2
    assert own.works["credit"].tolist() == ["The museum"] * 2 and own.works["open_access"].all()
    assert own.works["id"].is_unique and own.problems.empty


def test_version_3_without_local_copies(tmp_path: Path):
    folder = tmp_path / "empty"
    folder.mkdir()
    own = read_own(folder, table_of(tmp_path, json.dumps(version_3("KMS1")), "manifest.json"))
    work = own.works.iloc[0]
    assert work["url"] == f"{SERVER}/KMS1/full/!1600,1600/0/default.jpg" and work["file"] == ""
    assert (work["title"], work["artist"], work["credit"]) == ("A ship", "B. Zet", "SMK")
    assert work["link"] == "https://museum.example.org/1" and not work["open_access"]


KEYS = ["type", "@type", "label", "items", "sequences", "canvases", "images", "resource", "service", "body", "metadata",
        "value", "id", "@id", "homepage", "requiredStatement", "rights", "en", "@value"]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.integers() | st.sampled_from(["Canvas", "sc:Manifest", "Choice", "x", "https://x.org/a.jpg"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=8))
def test_any_document_is_a_sheet_or_an_error_in_words(document: dict[str, Any]):
    try:
        assert not sheet_of_manifest({**document, "@context": "x", "type": "Manifest"}, "x.json").cells.empty
    except ArtExtractError:
        pass


def test_labels_in_every_form():
    assert (
        label("x") == label(["x"]) == label({"@value": "x"}) == label({"en": ["x"]}) == label([{"@value": "x"}]) == "x"
    )
    assert label({"de": ["y"], "en": ["x"]}) == "x" and label(None) == label({}) == ""
    assert label("<img src=x onerror=1> a") == "a" and label("a < b") == "a < b"


def test_addresses_and_the_names_of_local_copies():
    assert image_address({"@id": "https://x.org/a.jpg"}) == "https://x.org/a.jpg"
    assert file_name("https://x.org/iiif/jp2%2Fab.tif/full/!1600,1600/0/default.jpg") == "jp2/ab.tif"
    assert file_name("https://x.org/files/a%20b.jpg?size=9") == "a b.jpg"


def test_collections_and_empty_manifests_are_refused_in_words():
    collection = {"@context": "x", "type": "Collection", "items": []}
    assert is_manifest(collection) and not is_manifest([collection]) and not is_manifest({"type": "Manifest"})
    with pytest.raises(ArtExtractError, match="only lists manifests"):
        sheet_of_manifest(collection, "x.json")
    for broken in ({}, {"items": [{}]}, {"items": [{"items": [{"items": []}]}]}, {"sequences": [{}]}):
        with pytest.raises(ArtExtractError, match=r"no canvas|holds no records"):
            sheet_of_manifest(broken | {"@context": "x", "type": "Manifest"}, "x.json")
