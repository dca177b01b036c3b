"""Queries as vectors: by the collection's own encoder, or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from artextract.core.errors import ArtExtractError
from artextract.encoders import image as image_encoder
from artextract.encoders import title as title_encoder
from artextract.search.query import embed_image, embed_text, image_embedder, read_image, text_embedder
from tests.conftest import jpeg

IMAGE = {"name": "net", "weights": "hub", "weights_sha256": "12", "preprocessing": "resize"}
TITLE = {"name": "bert", "weights": "package", "revision": "main", "weights_sha256": "a" * 64, "max_tokens": 9}


class Pixels:
    """Preprocessing that remembers the images that it saw."""

    def __init__(self, seen: list[tuple[int, int]]):
        self.seen = seen

    def describe(self) -> str:
        return str(IMAGE["preprocessing"])

    def pixels(self) -> Any:
        return lambda image: (self.seen.append(image.size), torch.zeros(3, 4, 4))[1]

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels


class Titles:
    """A title encoder that remembers the words that it was asked."""

    max_seq_length = TITLE["max_tokens"]

    def __init__(self, asked: list[str]):
        self.asked = asked

    def encode(self, texts: list[str], **options: Any) -> np.ndarray:
        self.asked += texts
        return 2 * np.eye(len(texts), 8, dtype=np.float32)


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Encoders that remember with which parameters they were loaded, and what they were asked."""
    asked: dict[str, Any] = {"sizes": [], "texts": []}

    def image(params: Any) -> tuple[Any, Pixels]:
        asked["image"] = params
        return (lambda pixels: torch.full((len(pixels), 8), 3.0)), Pixels(asked["sizes"])

    def title(params: Any) -> tuple[Titles, str]:
        asked["title"] = params
        return Titles(asked["texts"]), str(TITLE["weights_sha256"])

    monkeypatch.setattr(image_encoder, "load_encoder", image)
    monkeypatch.setattr(image_encoder, "weights_hash", lambda model: IMAGE["weights_sha256"])
    monkeypatch.setattr(title_encoder, "load_title_encoder", title)
    return asked


def test_the_recorded_encoder_is_asked(encoders: dict[str, Any]):
    vector = embed_image(Image.new("RGB", (30, 20)), IMAGE)
    assert vector.shape == (1, 8) and np.linalg.norm(vector) == pytest.approx(1)
    assert encoders["sizes"] == [(30, 20)] and (encoders["image"].name, encoders["image"].weights) == ("net", "hub")
    vector = embed_text("harbour at dusk", TITLE)
    assert vector.shape == (1, 8) and np.linalg.norm(vector) == pytest.approx(1)
    assert encoders["texts"] == ["harbour at dusk"]
    assert (encoders["title"].name, encoders["title"].sha256) == ("bert", "a" * 64)
    embed_text("x", {**TITLE, "weights": "hub"})
    assert encoders["title"].sha256 == ""


def test_an_encoder_is_loaded_once_for_many_queries(encoders: dict[str, Any]):
    embed, words = image_embedder(IMAGE), text_embedder(TITLE)
    del encoders["image"], encoders["title"]
    for side in (5, 6):
        embed(Image.new("RGB", (side, side)))
        words(f"word {side}")
    assert encoders == {"sizes": [(5, 5), (6, 6)], "texts": ["word 5", "word 6"]}


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
