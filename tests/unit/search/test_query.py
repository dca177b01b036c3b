"""Queries as vectors: by the collection's own encoder, or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.encoders import image as image_encoder
from artextract.encoders import title as title_encoder
from artextract.search.query import embed_image, embed_text, read_image
from tests.conftest import jpeg

IMAGE = {"name": "net", "weights": "hub", "weights_sha256": "12", "preprocessing": "resize"}
TITLE = {"name": "bert", "weights": "package", "revision": "main", "weights_sha256": "a" * 64, "max_tokens": 9}


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Encoders that say who they are and remember what they were asked."""
    asked: dict[str, Any] = {}

    def images(reader: Any, params: Any) -> tuple[np.ndarray, dict[str, Any]]:
        asked["image"] = (len(reader), reader.image(0).size, params)
        return np.eye(1, 8, dtype=np.float32), {**IMAGE, "backend": "any"}

    def titles(texts: Any, params: Any) -> tuple[np.ndarray, dict[str, Any]]:
        asked["title"] = (texts, params)
        return np.eye(1, 8, dtype=np.float32), {**TITLE, "backend": "any"}

    monkeypatch.setattr(image_encoder, "embed_images", images)
    monkeypatch.setattr(title_encoder, "embed_titles", titles)
    return asked


def test_the_recorded_encoder_is_asked(encoders: dict[str, Any]):
    assert embed_image(Image.new("RGB", (30, 20)), IMAGE).shape == (1, 8)
    n, size, params = encoders["image"]
    assert (n, size, params.name, params.weights) == (1, (30, 20), "net", "hub")
    assert embed_text("harbour at dusk", TITLE).shape == (1, 8)
    texts, params = encoders["title"]
    assert texts == ["harbour at dusk"] and (params.name, params.sha256) == ("bert", "a" * 64)
    embed_text("x", {**TITLE, "weights": "hub"})
    assert encoders["title"][1].sha256 == ""


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [("image", "weights_sha256", "13"), ("image", "preprocessing", "squashed"), ("title", "max_tokens", 10)],
)
def test_another_encoder_is_refused(encoders: dict[str, Any], kind: str, key: str, value: object):
    with pytest.raises(ArtExtractError, match=f"the {kind} encoder here is not the one.*{key} is .*, was {value!r}"):
        if kind == "image":
            embed_image(Image.new("RGB", (30, 20)), {**IMAGE, key: value})
        else:
            embed_text("x", {**TITLE, key: value})


def test_incomplete_record(encoders: dict[str, Any]):
    with pytest.raises(ArtExtractError, match="record of the image encoder is not complete"):
        embed_image(Image.new("RGB", (3, 2)), {"name": "net"})
    with pytest.raises(ArtExtractError, match="record of the title encoder is not complete"):
        embed_text("x", {**TITLE, "weights": "found somewhere"})


def test_image_files_become_what_the_collection_holds(tmp_path: Path):
    buffer = io.BytesIO()
    Image.new("RGBA", (400, 100), (0, 0, 0, 0)).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    image = read_image(tmp_path / "a.png", 200)
    assert (image.mode, image.size) == ("RGB", (200, 50)) and np.asarray(image).min() > 250
    (tmp_path / "b.jpg").write_bytes(jpeg(1)[:300])
    with pytest.raises(ArtExtractError, match=r"b\.jpg: not readable as an image"):
        read_image(tmp_path / "b.jpg", 200)
