"""S3 on this machine (moto), which can be told to answer errors for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "a-test",
    "AWS_SECRET_ACCESS_KEY": "a-test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "NO_PROXY": "127.0.0.1",
}


@dataclass
class S3:
    """A running server.

    Attributes:
        port: On loopback.
        fails_next: Seconds of an outage that begins with the next request.
        down_until: ``time.monotonic()`` up to which everything is answered with an error.
        refused: How many requests were.
        asked: Method and path of those that were not.
    """

    port: int = 0
    fails_next: float = 0.0
    down_until: float = 0.0
    refused: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """What programs that use it need."""
        return CREDENTIALS | {"AWS_ENDPOINT_URL": self.url}

    def is_down(self) -> bool:
        if self.fails_next:
            self.down_until, self.fails_next = time.monotonic() + self.fails_next, 0.0
        return time.monotonic() < self.down_until

    def bucket(self, name: str) -> None:
        import boto3

        where = {"aws_access_key_id": "a-test", "aws_secret_access_key": "a-test", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=self.url, **where).create_bucket(Bucket=name)


@contextmanager
def s3_server() -> Iterator[S3]:
    """A server without content."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    running, backend = S3(), DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        if running.is_down():
            running.refused += 1
            start_response("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"]
        running.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        return backend(environ, start_response)

    server = make_server("127.0.0.1", 0, app, threaded=True)
    running.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
