"""Connections with TLS: certificates are checked, and a slow one ends in time like any other."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from artextract.data.museum.failures import FetchError, ServerDown, in_words
from artextract.data.museum.robots import Rules
from tests.fault_server import PICTURE, Answer, FaultServer, fault_server
from tests.unit.data.museum.conftest import getter

AUTHORITY = trustme.CA()


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """A server with a certificate for localhost that our own authority has signed; its ``base`` is https."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(context)
    with fault_server() as running:
        running.socket = context.wrap_socket(running.socket, server_side=True, do_handshake_on_connect=False)
        yield running


def address(server: FaultServer, path: str, *answers: Answer) -> str:
    return server.url(path, *answers).replace("http://127.0.0.1", "https://localhost")


def test_a_trusted_certificate_is_taken_and_its_body_is_under_the_deadline(
    secure: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    one = getter(deadline=0.5, attempts=1)
    assert one.get(address(secure, "/a.jpg")) == PICTURE
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"slower than 0\.5 s"):
        one.get(address(secure, "/b.jpg", Answer(drip=0.02)))
    with pytest.raises(FetchError, match=r"slower than 0\.5 s"):
        one.get(address(secure, "/c.jpg", Answer(raw=b"HTTP/1.1 100 Continue\r\n\r\n", drip=0.001, endless=True)))
    assert time.monotonic() - started < 3


def test_a_certificate_that_nobody_trusts_ends_it_at_once(secure: FaultServer, pauses: list[float]):
    one = getter()
    with pytest.raises(ServerDown, match=r"certificate is not trusted: .*self.signed|unable to get local issuer"):
        one.get(address(secure, "/a.jpg"))
    assert secure.log == [] and pauses == [] and len(one.down()) == 1


def test_a_handshake_that_never_ends_ends_in_time():
    """The server sends the beginning of a record, one byte now and then."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                for byte in b"\x16\x03\x03\x40\x00" + bytes(200):
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                    time.sleep(0.02)

        threading.Thread(target=drip, daemon=True).start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}/a.jpg"
        one = getter(deadline=0.3, attempts=1)
        one._server(url).rules = Rules()
        started = time.monotonic()
        with pytest.raises(FetchError, match=r"slower than 0\.3 s|secure connection"):
            one.get(url)
        assert time.monotonic() - started < 2


def test_words_for_errors_do_not_change_from_run_to_run():
    assert in_words(OSError(f"{object()!r}")) == "OSError"
    assert in_words(ConnectionResetError(104, "Connection reset by peer")) == "the server closed the connection"
    assert in_words(socket.gaierror(-2, "Name or service not known")) == "the name of the server cannot be resolved"
