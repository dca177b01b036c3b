"""Words and pictures, with encoders that are quick to load."""

from __future__ import annotations

import base64
import io
import json
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from artextract.classification.prediction.evidence import Evidence
from artextract.classification.prediction.seen import Seen
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_tensors
from artextract.explorer.positions import Frame
from artextract.serving import bodies, live, pictures, prediction
from artextract.serving.folder import Explorer
from artextract.serving.live import Live
from artextract.siamese.projection.heads import closed_form
from artextract.siamese.projection.projection import projected
from artextract.siamese.projection.saved import load_projection, save_projection
from tests.conftest import jpeg
from tests.unit.serving.serving_toys import POSITIONS, TITLES, WRITES, Client, served


def vectors(explorer: Explorer, kind: str) -> np.ndarray:
    return np.load(explorer.root / "data" / "embeddings" / f"{kind}s.npy")


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    """Encoders that were loaded."""
    return []


@pytest.fixture(scope="module")
def client(explorer: Explorer, loaded: list[str]) -> Iterator[Client]:
    """A server whose encoders take every picture for work 2, and all words for the title of work 1."""

    def image_embedder(recorded: Any) -> Any:
        loaded.append("image")
        return lambda image: vectors(explorer, "image")[2:3]

    def text_embedder(recorded: Any) -> Any:
        loaded.append("title")
        return lambda text: vectors(explorer, "title")[1:2]

    images, titles = vectors(explorer, "image"), vectors(explorer, "title")
    trained = explorer.root / "data" / "siamese"
    trained.mkdir()
    save_projection(trained / "projection.safetensors", closed_form(images, titles, penalty=1.0, subject=0.75))
    head = {"mean": np.zeros(8, np.float32), "weight": np.linalg.pinv(images) @ titles}
    write_tensors(trained / "crossmodal.safetensors", head)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "image_embedder", image_embedder)
        patch.setattr(live, "text_embedder", text_embedder)
        with served(explorer, Live(explorer)) as found:
            yield found


def upload(client: Client, data: bytes, **headers: str) -> Any:
    return client.ask("/api/upload", "POST", data, **({"Content_Type": "image/jpeg"} | WRITES | headers))


def bomb() -> bytes:
    """A PNG of 100 bytes that says that it has 900 million pixels."""
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = struct.pack(">II", 30_000, 30_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def test_the_page_learns_what_may_be_asked(client: Client, loaded: list[str]):
    answer = client.ask("/api/status").json()
    assert answer["live"] and answer["words"] and answer["names"] and answer["upload"] and not answer["predict"]
    assert answer["collection"] is None
    assert answer["spaces"] == ["title", "image", "siamese", "words"]
    assert loaded == []  # nothing is loaded to say so


def test_words_find_works(client: Client, explorer: Explorer, loaded: list[str]):
    titles = vectors(explorer, "title")
    order = np.argsort(-(titles @ titles[1]))
    answer = client.ask("/api/words?q=harbour%20%20at+dusk&k=3").json()
    assert answer["rows"] == order[:3].tolist() and answer["rows"][0] == 1
    np.testing.assert_allclose(answer["scores"], (titles @ titles[1])[order[:3]], atol=1e-4)
    answer = client.ask("/api/words?q=%3Cimg%20src=x%3E&space=words&k=99").json()
    assert len(answer["rows"]) == len(TITLES) and answer["rows"][0] == 1
    assert loaded.count("title") == 1


def test_a_picture_finds_works(client: Client, explorer: Explorer):
    images = vectors(explorer, "image")
    answer = upload(client, jpeg(3, 300, 200)).json()
    order = np.argsort(-(images @ images[2]))
    assert answer["neighbours"]["image"]["rows"] == order.tolist()
    np.testing.assert_allclose(answer["neighbours"]["image"]["scores"], (images @ images[2])[order], atol=1e-4)
    assert answer["prediction"] is None and answer["prediction_problem"] == "no trained network is here"
    with Image.open(io.BytesIO(base64.b64decode(answer["thumbnail"].partition(",")[2]))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (80, 53))  # no larger than the works of the collection


def test_a_picture_is_compared_under_every_weight_of_the_subject(client: Client, explorer: Explorer):
    """As `search --subject` projects the collection anew for each weight."""
    images, answer = vectors(explorer, "image"), upload(client, jpeg(3)).json()["neighbours"]
    net = load_projection(explorer.root / "data" / "siamese" / "projection.safetensors")
    assert answer["subject-75"] == answer["siamese"]  # the weight of the training
    for percent in (0, 25, 50, 75, 100):
        projection = projected(net, images, subject=percent / 100)
        cosine = projection @ projection[2]
        found = answer[f"subject-{percent}"]
        assert found["rows"][0] == 2
        np.testing.assert_allclose(found["scores"], np.sort(cosine)[::-1], atol=1e-4)
        np.testing.assert_allclose(found["scores"], cosine[found["rows"]], atol=1e-4)


def test_a_picture_has_its_place_on_the_maps_of_images(client: Client):
    """It is work 2, so it is near its place; the map of titles has none for a picture."""
    places = upload(client, jpeg(3)).json()["place"]
    assert sorted(places) == ["image", "siamese"]
    for x, y in places.values():
        assert (x, y) == pytest.approx(Frame.around(POSITIONS).inside(POSITIONS)[2], abs=0.25)


class Network:
    """A trained network that is sure of a style, unsure of a genre, and has no threshold for painters."""

    classes: ClassVar = {"style": ["a", "b", "c", "d"], "genre": ["e", "f"], "artist": ["g"]}

    def look_at(self, pictures: list[bytes]) -> Iterator[Seen]:
        p = {"style": np.array([[0.1, 0.6, 0.05, 0.25]]), "genre": np.array([[0.5, 0.5]]), "artist": np.array([[1.0]])}
        unsure = {"style": np.array([False]), "genre": np.array([True]), "artist": None}
        yield Seen(p, p, unsure, np.array([[0, 5, 0]], np.float32))


EVIDENCE = Evidence(
    pd.DataFrame({"id": ["w0", "w1"], "title": ["Cows", "Ships"], "style": [None, "a"]}),
    np.eye(2, dtype=np.float32), np.zeros(3), np.ones(3), np.eye(3, 2)[::-1],
)  # fmt: skip


def test_what_a_network_says_of_a_picture(client: Client, explorer: Explorer, monkeypatch: pytest.MonkeyPatch):
    folder = explorer.root / "data" / "model"
    monkeypatch.setattr(prediction, "default_model", lambda here: folder)
    monkeypatch.setattr(pictures, "image_embedder", lambda recorded: lambda image: vectors(explorer, "image")[2:3])
    monkeypatch.setattr("artextract.classification.prediction.predictor.Predictor", lambda model: Network())
    monkeypatch.setattr(prediction, "_evidence", lambda network: EVIDENCE)
    here = Live(explorer)
    assert here.picture(jpeg(1))["evidence"] == []  # the first picture does not wait for it
    here.warm_up()
    while not (answer := here.picture(jpeg(1)))["evidence"]:
        pass
    assert answer["predicted_by"] == "data/model" and answer["prediction_problem"] is None
    assert answer["prediction"] == {
        "style": {"top": [["b", 0.6], ["d", 0.25], ["a", 0.1]], "unsure": False},
        "genre": {"top": [["e", 0.5], ["f", 0.5]], "unsure": True},
        "artist": {"top": [["g", 1.0]], "unsure": None},
    }
    assert answer["evidence"] == [
        {"id": "w1", "title": "Ships", "style": "a", "score": 1.0},
        {"id": "w0", "title": "Cows", "style": "", "score": 0.0},
    ]


def test_a_network_that_cannot_be_loaded_is_told_beside_the_neighbours(
    client: Client, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
):
    tried: list[Path] = []

    def missing(model: Path) -> Any:
        tried.append(model)
        raise ArtExtractError("the weights are not here", where="/home/me")

    monkeypatch.setattr(prediction, "default_model", lambda here: Path("/elsewhere/net"))
    monkeypatch.setattr(pictures, "image_embedder", lambda recorded: lambda image: vectors(explorer, "image")[2:3])
    monkeypatch.setattr("artextract.classification.prediction.predictor.Predictor", missing)
    here = Live(explorer)
    for _ in range(2):
        answer = here.picture(jpeg(1))
        assert answer["prediction"] is None and answer["prediction_problem"] == "the weights are not here"
        assert answer["neighbours"]["image"]["rows"][0] == 2 and answer["predicted_by"] == "net"
    assert len(tried) == 1
    with pytest.raises(ArtExtractError, match="no trained network is here"):
        Live(explorer, Path("/elsewhere"))


def test_what_is_no_picture_is_refused_in_words(client: Client, explorer: Explorer):
    before = sorted(explorer.root.rglob("*"))
    whole = jpeg(3, 300, 200)
    for data in (b"", b"no picture", whole[: len(whole) // 2], bomb(), b"<svg onload='alert(1)'/>"):
        answer = upload(client, data)
        assert answer.status == 422 and answer.json()["problem"].startswith("not readable as a picture")
        assert b"Traceback" not in answer.body and str(explorer.root) not in answer.body.decode()
    assert upload(client, whole, Content_Type="text/html").status == 415
    assert upload(client, whole, X_ArtExtract="").status == 403
    assert client.ask("/api/upload").status in (404, 405)
    assert sorted(explorer.root.rglob("*")) == before  # nothing is stored


def test_a_body_is_read_up_to_its_limit(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "MAX_PICTURE", 50_000)
    assert upload(client, bytes(50_001)).status == 413
    assert upload(client, b"", Content_Length=str(10**12)).status == 413  # not waited for
    pieces = b"".join(b"%x\r\n%s\r\n" % (9000, bytes(9000)) for _ in range(9)) + b"0\r\n\r\n"
    assert upload(client, pieces, Content_Length="", Transfer_Encoding="chunked").status == 413
    assert upload(client, bytes(50_000)).status == 422


@pytest.mark.parametrize(
    "query",
    ["", "q=", "q=%20", "q=" + "a" * 501, "q=a&k=0", "q=a&k=x", "q=a&k=-1", "q=a&k=1001", "q=a&k=%C2%B2",
     "q=a&k=" + "9" * 40, "q=a&space=image", "q=a&space=../x"],
)  # fmt: skip
def test_bad_queries(client: Client, query: str):
    answer = client.ask(f"/api/words?{query}")
    assert answer.status == 400 and answer.json()["problem"]


def test_a_fault_is_told_on_the_terminal_only(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def missing(recorded: Any) -> Any:
        raise ArtExtractError("the weights are not here", where="/home/me/weights", remedy="`make setup`")

    def broken(recorded: Any) -> Any:
        raise ZeroDivisionError("in /home/me/program.py")

    monkeypatch.setattr(live, "text_embedder", missing)
    monkeypatch.setattr(pictures, "image_embedder", broken)
    with served(explorer, Live(explorer)) as client:
        answer = client.ask("/api/words?q=cow")
        assert (answer.status, answer.json()["problem"]) == (500, "the weights are not here")
        assert b"/home" not in answer.body and "/home/me/weights" in capsys.readouterr().err
        answer = upload(client, jpeg(1))
        assert answer.status == 500 and b"/home" not in answer.body and b"Zero" not in answer.body
        assert "content-security-policy" in answer.headers
        assert "ZeroDivisionError" in capsys.readouterr().err
        assert client.ask("/").status == 200


def test_a_long_queue_is_refused_and_files_are_answered_meanwhile(explorer: Explorer, monkeypatch: pytest.MonkeyPatch):
    go = threading.Event()
    monkeypatch.setattr(
        live, "text_embedder", lambda recorded: lambda text: (go.wait(20), np.eye(1, 8, dtype=np.float32))[1]
    )
    statuses: list[int] = []
    with served(explorer, Live(explorer)) as client:

        def ask() -> None:
            statuses.append(client.ask("/api/words?q=a").status)

        threads = [threading.Thread(target=ask) for _ in range(14)]
        for thread in threads:
            thread.start()
        while len(statuses) < 5:  # one is at work, eight wait
            assert client.ask("/").status == 200
        assert set(statuses) == {503}
        go.set()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [200] * 9 + [503] * 5


def test_an_explorer_of_another_index_is_refused(explorer: Explorer):
    path = explorer.folder / "data" / "ids.json"
    text = path.read_text()
    path.write_text(json.dumps(["0", "1", "3", "2"]))
    try:
        with pytest.raises(ArtExtractError, match="the explorer was built for other works: it shows 4"):
            Live(Explorer(None))
    finally:
        path.write_text(text)
