"""Files of the explorer, and none other."""

from __future__ import annotations

import os

import pytest

from artextract.serving.folder import Explorer
from tests.unit.serving.serving_toys import Client


def test_the_page_and_its_files_have_their_types(static: Client):
    types = {
        "/": "text/html; charset=utf-8",
        "/index.html": "text/html; charset=utf-8",
        "/js/main.js": "text/javascript; charset=utf-8",
        "/data/works/0000.json": "application/json",
        "/thumbs/0000.webp": "image/webp",
    }
    for path, kind in types.items():
        answer = static.ask(path)
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert static.ask("/", "HEAD").body == b""


def test_what_has_not_changed_is_not_sent_again(static: Client, explorer: Explorer):
    for path in ("/js/main.js", "/data/manifest.json"):
        first = static.ask(path)
        again = static.ask(path, If_None_Match=first.headers["etag"])
        assert (first.headers["cache-control"], again.status, again.body) == ("no-cache", 304, b"")
    (explorer.folder / "js" / "main.js").write_text("export const changed = 1;")
    assert static.ask("/js/main.js", If_None_Match=first.headers["etag"]).status == 200


HOSTILE = [
    "/../nga/index.parquet",
    "/%2e%2e/nga/index.parquet",
    "/..%2fnga/index.parquet",
    "/..%5cnga%5cindex.parquet",
    "/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
    "/js/../../nga/index.parquet",
    "/js/..%2f..%2f../nga/index.parquet",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/etc/passwd",
    "/....//....//nga/index.parquet",
    "/%252e%252e/nga/index.parquet",
    "/\\..\\nga",
    "/js/main.js%00.png",
    "/js/%c0%ae%c0%ae/x",
    "/" + "a" * 5000,
    "/.hidden",
    "/data/.manifest.json.1.tmp",
    "/outside.json",
    "/outside/index.parquet",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_leads_outside(static: Client, explorer: Explorer, path: str):
    for name, target in (("outside.json", "../nga/index.parquet"), ("outside", "../nga")):
        if not (explorer.folder / name).is_symlink():
            os.symlink(target, explorer.folder / name)
    (explorer.folder / ".hidden").write_text("secret")
    answer = static.ask(path)
    assert answer.status in (400, 404) and b"PAR1" not in answer.body and b"root:" not in answer.body
    assert str(explorer.root).encode() not in answer.body


def test_links_into_dvcs_cache_are_followed(static: Client, explorer: Explorer):
    """`dvc config cache.type symlink` makes every file of the folder one."""
    kept = explorer.root / ".dvc" / "cache" / "files" / "a0"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("{}")
    (explorer.folder / "data" / "linked.json").symlink_to(kept)
    answer = static.ask("/data/linked.json")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", "application/json")
    assert static.ask("/../../.dvc/cache/files/a0").status == 404


def test_folders_are_not_listed(static: Client):
    for path in ("/js/", "/js", "/data", "/data/works/", "/thumbs/"):
        answer = static.ask(path)
        assert answer.status == 404 and answer.json()["problem"] == "the server has no such file"


def test_files_are_only_read(static: Client):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = static.ask("/index.html", method, b"", X_ArtExtract="1")
        assert answer.status in (404, 405)
    assert static.ask("/api/status").status == 404  # no networks, no API
    assert static.ask("/api/names", "PUT", b"{}", X_ArtExtract="1").status in (404, 405)
