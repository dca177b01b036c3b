"""A small repository with a built explorer, and a server of it on a free port of this machine."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artextract.core import collections
from artextract.core.errors import ArtExtractError
from artextract.explorer.positions import Frame
from artextract.serving import app, folder, prediction
from artextract.serving.address import Access, access_to, listen
from artextract.serving.folder import Explorer
from artextract.serving.run import server_of
from tests.museum import searchable

POSITIONS = np.array([[-9.0, -3.0], [4.0, 8.0], [9.0, -5.0], [1.0, 1.0]])  # in units of t-SNE
TITLES = ["Haystacks", "A Harbour at Dusk", "Cow", "Ähren 麦"]
WRITES = {"X-ArtExtract": "1"}


def toy_explorer(root: Path, monkeypatch: pytest.MonkeyPatch) -> Explorer:
    """A repository of four works and no trained network; the explorer has two clusters, around the works 1 and 2."""
    for module in (collections, folder, app, prediction):
        monkeypatch.setattr(module, "repository", lambda: root)
    monkeypatch.setattr(prediction, "default_model", no_network)
    searchable(root, TITLES, "nga")
    built = root / "data" / "explorer"
    clusters = [{"id": str(i), "number": i, "count": 2, "name": "old", "works": [i]} for i in (1, 2)]
    frame = Frame.around(POSITIONS)
    maps = [{"key": key, "frame": frame.described()} for key in ("image", "title", "siamese")]
    manifest = {"format": 1, "works": len(TITLES), "clusters": clusters, "api": False, "maps": maps}
    manifest["subject"] = [0, 25, 50, 75, 100]
    files = {
        "index.html": "<!doctype html><title>Explorer</title>",
        "js/main.js": "export {};",
        "data/manifest.json": json.dumps(manifest),
        "data/ids.json": json.dumps(["0", "1", "2", "3"]),
        "data/works/0000.json": json.dumps({"title": TITLES * 200}),
        "thumbs/0000.webp": "picture",
    }
    for name, text in files.items():
        (built / name).parent.mkdir(parents=True, exist_ok=True)
        (built / name).write_text(text)
    np.tile(frame.inside(POSITIONS), (3, 1)).tofile(built / "data" / "positions.bin")
    return Explorer(None)


def no_network(here: Path) -> Path:
    raise ArtExtractError("there is no trained network")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Sends requests exactly as they are written: no library makes them tidy."""

    port: int

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """One request; a header's name is written with underscores, an empty value leaves it out."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = {"Host": f"127.0.0.1:{self.port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
            if body is not None:
                given.setdefault("Content-Length", str(len(body)))
            for name, value in given.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def put_names(self, names: Any) -> Answer:
        return self.ask("/api/names", "PUT", json.dumps(names).encode(), **WRITES)


@contextmanager
def served(explorer: Explorer, live: Any = None, access: Access | None = None) -> Iterator[Client]:
    """A running server."""
    opened = listen("127.0.0.1", 0)
    server = server_of(app.build(explorer, live, access or access_to("127.0.0.1")))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Client(opened.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(timeout=10)
