"""Names of clusters that a page sends."""

from __future__ import annotations

from artextract.explorer.names import read_names
from artextract.serving.folder import Explorer
from tests.unit.serving.serving_toys import served


def test_the_server_saves_and_shows_names(explorer: Explorer):
    with served(explorer, live=object()) as client:
        first = client.ask("/data/manifest.json")
        assert first.json()["api"] is True and [c["name"] for c in first.json()["clusters"]] == ["", ""]
        answer = client.put_names({"1": " Ships: at sea "})
        assert (answer.status, answer.json()) == (200, {"saved": True, "names": {"1": "Ships: at sea"}})
        second = client.ask("/data/manifest.json", If_None_Match=first.headers["etag"])
        assert second.status == 200 and [c["name"] for c in second.json()["clusters"]] == ["Ships: at sea", ""]
        for body in (b"", b"{", b"[" * 100_000, b"\xff", b'{"1": 1}', b'{"3": "x"}', b'{"1": "\\ud800"}'):
            answer = client.ask("/api/names", "PUT", body, X_ArtExtract="1")
            assert answer.status == 400 and answer.json()["problem"]
        assert client.ask("/api/names", "PUT", b" " * 200_001, X_ArtExtract="1").status == 413
    assert read_names(explorer.names) == {"1": "Ships: at sea"}
    explorer.names.unlink()
