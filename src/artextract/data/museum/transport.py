"""HTTP with an end: a request is over after so many seconds, whatever part of it a server stretches.

Timeouts of sockets count from one sign of life to the next. A server that sends one byte of a header now and then, or
``100 Continue`` without end, is therefore never late. Here a watch closes the connection itself when the time is over:
names are looked up, connections made, secured and read under it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Generator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

_here = threading.local()  # the deadline of the request that this thread is busy with


class Deadline:
    """The time of one request: when it is over, its connections are closed under whoever waits for them."""

    def __init__(self, seconds: float):
        """Start the time.

        Args:
            seconds: Until the end.
        """
        self.over = False
        self._lock, self._watched = threading.Lock(), list[socket.socket]()
        self._started = time.monotonic()
        self._timer = self._set(seconds)

    def _set(self, seconds: float) -> threading.Timer:
        self.end = self._started + seconds
        timer = threading.Timer(max(0.0, self.end - time.monotonic()), self._cut)
        timer.daemon = True
        timer.start()
        return timer

    def extend(self, seconds: float) -> None:
        """Move the end to ``seconds`` after the start; what is over stays over."""
        self._timer.cancel()
        self._timer = self._set(seconds)

    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.end - time.monotonic())

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def watch(self, connection: socket.socket) -> None:
        """Close this connection when the time is over; a TLS connection, too, by the socket under it."""
        with self._lock:
            self._watched.append(socket.socket(fileno=os.dup(connection.fileno())))
            if self.over:
                self._shut()

    def _cut(self) -> None:
        with self._lock:
            self.over = True
            self._shut()

    def _shut(self) -> None:
        for connection in self._watched:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was quicker
                pass

    def __enter__(self) -> Deadline:  # noqa: D105
        _here.deadline = self
        return self

    def __exit__(self, *error: object) -> None:  # noqa: D105
        del _here.deadline
        self._timer.cancel()
        with self._lock:
            while self._watched:
                self._watched.pop().close()


def _within(seconds: float, connect: Callable[[], socket.socket]) -> socket.socket:
    """What ``connect`` gives, in time: the look-up of a name has no limit, and each of its addresses one of its own.

    Raises:
        TimeoutError: It took longer.
    """
    made: list[socket.socket | BaseException] = []
    lock, done, late = threading.Lock(), threading.Event(), threading.Event()

    def work() -> None:
        try:
            result: socket.socket | BaseException = connect()
        except BaseException as error:
            result = error
        with lock:
            made.append(result)
            if late.is_set() and isinstance(result, socket.socket):
                result.close()
        done.set()

    threading.Thread(target=work, daemon=True).start()
    done.wait(seconds)
    with lock:
        if not made:
            late.set()
            raise TimeoutError(f"no connection within {seconds:g} s")
    if isinstance(made[0], BaseException):
        raise made[0]
    return made[0]


class _Watched(HTTPConnection):
    """A connection under the deadline of the request that uses it."""

    def _new_conn(self) -> socket.socket:
        deadline: Deadline = _here.deadline
        try:
            connection = _within(deadline.left(), super()._new_conn)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, str(error)) from error
        deadline.watch(connection)
        return connection

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:  # kept from an earlier request, or just secured
            _here.deadline.watch(self.sock)
        super().request(*args, **kwargs)


class _WatchedTLS(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched  # type: ignore[assignment]


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS  # type: ignore[assignment]


class _Adapter(HTTPAdapter):
    """Makes connections that are watched, with and without a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
        return manager


class Session(requests.Session):
    """Asks one address under a ``Deadline``: follows no redirect, tells no password and keeps no cookie."""

    def __init__(self, agent: str):
        """Set it up.

        Args:
            agent: Name under which it asks.
        """
        super().__init__()
        self.headers["User-Agent"] = agent
        self.auth = lambda request: request  # or requests would send what ~/.netrc holds
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def resolve_redirects(self, *args: object, **kwargs: object) -> Generator[requests.Response]:
        """Nothing: requests looks ahead even where it may not follow, and would read that body without bounds."""
        yield from ()
