"""A server that misbehaves in every way that was seen, in a thread of the tests: it answers by path."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from tests.conftest import jpeg

PICTURE = jpeg(1)


@dataclass
class Answer:
    """What the server says; by default an image, complete and at once."""

    status: int = 200
    body: bytes = PICTURE
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "image/jpeg"
    length: int | None = None  # a Content-Length other than the body's; -1: none, and the connection is closed
    drip: float = 0.0  # seconds between two bytes
    chunked: bool = False
    endless: bool = False
    raw: bytes = b""  # sent in place of an answer, byte by byte where drip is set, again and again where endless is


class FaultServer(ThreadingHTTPServer):
    """Answers by path; the last answer of a path repeats. Everything asked for is in ``log``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {"/robots.txt": [Answer(404, b"no", kind="text/plain")]}
        self.otherwise = Answer(404, b"no", kind="text/plain")
        self.log: list[str] = []
        self.agents: set[str] = set()
        self.headers: list[dict[str, str]] = []
        self.gate: Callable[[str], Answer | None] = lambda path: None  # answers in place of what is there

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def url(self, path: str, *answers: Answer) -> str:
        """The address of a path, with what is answered there."""
        self.answers[path] = list(answers) or [Answer()]
        return self.base + path

    def asked(self, path: str) -> int:
        return self.log.count(path)

    def handle_error(self, request: object, client_address: object) -> None:
        """The client hangs up on us on purpose: no traceback for that."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        server = cast(FaultServer, self.server)
        server.log.append(self.path)
        server.agents.add(self.headers["User-Agent"])
        server.headers.append(dict(self.headers))
        answers = server.answers.get(self.path, [server.otherwise])
        answer = server.gate(self.path) or (answers.pop(0) if len(answers) > 1 else answers[0])
        if answer.raw:
            return self._send_raw(answer)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunked or answer.endless:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.length != -1:
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        while answer.endless:
            self.wfile.write(b"10000\r\n" + PICTURE[:3] + bytes(65533) + b"\r\n")
        step = 1 if answer.drip else max(1, len(answer.body))
        for start in range(0, len(answer.body), step):
            part = answer.body[start : start + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if answer.chunked else part)
            time.sleep(answer.drip)
        if answer.chunked:
            self.wfile.write(b"0\r\n\r\n")
        if answer.length is not None:
            self.close_connection = True

    def _send_raw(self, answer: Answer) -> None:
        self.close_connection = True
        while True:
            for start in range(0, len(answer.raw), 1 if answer.drip else len(answer.raw)):
                self.wfile.write(answer.raw[start : start + 1] if answer.drip else answer.raw)
                time.sleep(answer.drip)
            if not answer.endless:
                return


@contextmanager
def fault_server() -> Iterator[FaultServer]:
    """A running server."""
    with FaultServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
