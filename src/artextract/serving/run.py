"""The server from its start to Ctrl-C."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import webbrowser
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from artextract.core.folders import repository
from artextract.serving.address import USUAL_PORT, Access, access_to, address_of, listen
from artextract.serving.app import build
from artextract.serving.folder import Explorer

if TYPE_CHECKING:
    from artextract.serving.live import Live

HEADER_SECONDS = 15  # that a browser may take to say what it asks for
CONNECTIONS = 100


class Patient(H11Protocol):
    """HTTP/1.1 that closes a connection on which no complete request arrives."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def _wait(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(HEADER_SECONDS, self._waited)

    def _waited(self) -> None:
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()


def server_of(app: Any) -> uvicorn.Server:
    """A server that is not started yet, quiet, and without anything that this one does not need."""
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # faults are told by the app; the rest is about visitors
    config = uvicorn.Config(
        app,
        http=Patient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=HEADER_SECONDS,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _say(message: str) -> None:
    print(message, flush=True)


def explore(collection: str | None, *, port: int | None, browser: bool) -> None:
    """Answer with files until Ctrl-C, to this machine only; see ``serve``."""
    _run(Explorer(collection), None, host="127.0.0.1", port=port, browser=browser)


def serve(collection: str | None, *, model: Path | None, host: str, port: int | None, browser: bool) -> None:
    """Answer with files and networks until Ctrl-C.

    Args:
        collection: Name of a collection of the user's; None = the repository's own.
        model: Folder of the network that predicts; None = the default one.
        host: Where to listen.
        port: See ``listen``.
        browser: Whether to open the page.

    Raises:
        ArtExtractError: The explorer is missing or stale, or the address cannot be listened on.
    """
    from artextract.serving.live import Live  # the explorer alone starts without the time of these imports

    explorer = Explorer(collection)
    live = Live(explorer, model)
    live.warm_up()
    _run(explorer, live, host=host, port=port, browser=browser)


def _run(explorer: Explorer, live: Live | None, *, host: str, port: int | None, browser: bool) -> None:
    access = access_to(host)
    opened = listen(host, port)
    address = address_of(opened, host)
    if port is None and opened.getsockname()[1] != USUAL_PORT:
        _say(f"Port {USUAL_PORT} is in use; this is another one.")
    _announce(explorer, address, access, opened, host)
    if browser and can_show_a_page():
        timer = Timer(0.3, webbrowser.open, [address + _query(access)])
        timer.daemon = True
        timer.start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` ends it as Ctrl-C does
    try:
        server_of(build(explorer, live, access)).run(sockets=[opened])
    except KeyboardInterrupt:
        pass
    finally:
        opened.close()
    kept = f" Names of clusters are in {_short(explorer.names)}." if live and explorer.names.is_file() else ""
    _say(f"\nStopped.{kept}")
    if live is not None and live.worker.busy:
        os._exit(0)  # a network is computing; it cannot be interrupted, and an ordinary end would crash in it


def _query(access: Access) -> str:
    return f"?token={access.token}" if access.token else ""


def _announce(explorer: Explorer, address: str, access: Access, opened: socket.socket, host: str) -> None:
    name = f"collection {explorer.collection}" if explorer.collection else "explorer"
    _say(f"The {name}, {explorer.works:,} works: {address}{_query(access)}")
    if access.token:
        _say(
            "Others on your network reach it by this machine's name or address, port "
            f"{opened.getsockname()[1]}, with the same ?token=. Whoever has the token sees all works and can name "
            "clusters; the connection is not encrypted."
        )
    elif "SSH_CONNECTION" in os.environ:
        port = opened.getsockname()[1]
        _say(f"From your own computer: `ssh -L {port}:{host}:{port} ...`, then open http://localhost:{port}/ there.")
    _say("Ctrl-C stops it.")


def can_show_a_page() -> bool:
    """Whether there is a screen; without one, `webbrowser` may start a browser of the terminal and block it."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _short(path: Path) -> str:
    return str(path.relative_to(repository())) if path.is_relative_to(repository()) else str(path)
