"""Who may ask: other sites in the same browser, and others on the network."""

from __future__ import annotations

import pytest

from artextract.serving.address import Access
from artextract.serving.folder import Explorer
from tests.unit.serving.serving_toys import Client, served


def test_every_answer_has_the_headers_of_a_private_page(static: Client):
    for path in ("/", "/nothing", "/data/manifest.json", "/api/none"):
        headers = static.ask(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert headers["cross-origin-resource-policy"] == "same-origin" and "server" not in headers
        assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8080", "localhost.:1", "[::1]"])
def test_names_of_this_machine(static: Client, host: str):
    assert static.ask("/", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "evil.example:80", "10.0.0.1", "0.0.0.0",
     "localhost:x", "localhost/x", "[::1", "::1", "127.0.0.1:80:80", "localhost evil"],
)  # fmt: skip
def test_another_name_that_leads_here_is_refused(static: Client, host: str):
    answer = static.ask("/", Host=host)
    assert answer.status in (400, 403) and b"<title>" not in answer.body


def test_a_foreign_page_cannot_embed_files(static: Client):
    assert static.ask("/thumbs/0000.webp", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert static.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200  # a link to the page
    assert static.ask("/thumbs/0000.webp", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="no-cors").status == 200


def test_writes_need_the_header_and_the_own_origin(explorer: Explorer):
    with served(explorer, live=object()) as client:
        own = f"http://127.0.0.1:{client.port}"

        def status(**headers: str) -> int:
            return client.ask("/api/names", "PUT", b"{}", **headers).status

        assert status(X_ArtExtract="1", Origin=own) == 200
        assert status(X_ArtExtract="1") == 200  # a program, not a browser
        assert status(Origin=own) == 403
        assert status(X_ArtExtract="0") == 403
        for origin in ("http://evil.example", "null", own + ".evil.example", "http://localhost:1", "file://"):
            assert status(X_ArtExtract="1", Origin=origin) == 403
        assert status(X_ArtExtract="1", Sec_Fetch_Site="cross-site") == 403
        assert status(X_ArtExtract="1", Sec_Fetch_Site="same-site") == 403  # another port of this machine
        answer = client.ask("/api/names", "OPTIONS", Origin="http://evil.example", X_ArtExtract="1")
        assert answer.status in (403, 405) and "access-control-allow-origin" not in answer.headers


TOKEN = "a-token-of-this-test"


def test_others_on_the_network_need_the_token_for_everything(explorer: Explorer):
    with served(explorer, live=object(), access=Access(frozenset({"127.0.0.1"}), token=TOKEN)) as client:
        for path in ("/", "/data/manifest.json", "/thumbs/0000.webp", "/api/status", "/nothing"):
            for cookie, bearer in (
                ("", ""),
                ("", f"Bearer {TOKEN}x"),
                ("artextract=other", ""),
                ('artextract="\\377', ""),
            ):
                answer = client.ask(path, Cookie=cookie, Authorization=bearer)
                assert answer.status == 401 and TOKEN not in answer.body.decode()
            assert client.ask(f"{path}?token={TOKEN}x").status == 401
        assert client.ask("/", Authorization=f"Bearer {TOKEN}").status == 200
        assert client.ask("/", Cookie=f"a=b; artextract={TOKEN}").status == 200
        assert client.ask("/api/names", "PUT", b"{}", Cookie=f"artextract={TOKEN}").status == 403  # no header
        assert client.ask("/api/names", "PUT", b"{}", Authorization=f"Bearer {TOKEN}", X_ArtExtract="1").status == 200
        assert client.ask(f"/api/names?token={TOKEN}", "PUT", b"{}", X_ArtExtract="1").status == 401


def test_the_printed_address_becomes_a_cookie(explorer: Explorer):
    with served(explorer, access=Access(frozenset({"127.0.0.1"}), token=TOKEN)) as client:
        answer = client.ask(f"/?a=1%262&token={TOKEN}")
        assert (answer.status, answer.headers["location"]) == (303, "/?a=1%262")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"artextract={TOKEN};") and "HttpOnly" in cookie and "SameSite=lax" in cookie
        answer = client.ask(f"//evil.example/?token={TOKEN}")
        assert answer.headers["location"] == "/evil.example/"
        assert client.ask("/", Host="evil.example", Cookie=f"artextract={TOKEN}").status == 403


def test_packed_for_the_network_only(static: Client, explorer: Explorer):
    assert "content-encoding" not in static.ask("/data/works/0000.json", Accept_Encoding="gzip").headers
    with served(explorer, access=Access(frozenset({"127.0.0.1"}), token=TOKEN)) as client:
        cookie = f"artextract={TOKEN}"
        answer = client.ask("/data/works/0000.json", Accept_Encoding="gzip", Cookie=cookie)
        assert answer.headers["content-encoding"] == "gzip" and len(answer.body) < 2000
        again = client.ask("/data/works/0000.json", If_None_Match=answer.headers["etag"], Cookie=cookie)
        assert again.status == 304
