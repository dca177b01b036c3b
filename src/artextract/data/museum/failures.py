"""What can go wrong with an address, and how a network's error is said in words that are the same from run to run."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead

from requests import RequestException
from requests.exceptions import ConnectTimeout, ReadTimeout
from urllib3 import exceptions as urllib3

FAILURES = (RequestException, urllib3.HTTPError, HTTPException, OSError)  # what a client raises on its way


class FetchError(OSError):
    """An address that could not be had; the message says why."""


class MissingError(FetchError, FileNotFoundError):
    """The server answered that there is no such file: a gap in its collection, not a fault on the way."""


class Exhausted(FetchError):
    """Every try has failed in a way that may pass."""


class ServerDown(FetchError):
    """Nothing more is asked of this server during this run; the message says what it did."""


class Again(Exception):
    """A failure that may pass: wait at least ``seconds`` and try again."""

    def __init__(self, reason: str, seconds: float = 0.0, *, too_fast: bool = False):
        """Compose it.

        Args:
            reason: What happened.
            seconds: Wait that the server has asked for.
            too_fast: It was one request too many.
        """
        super().__init__(reason)
        self.seconds, self.too_fast = seconds, too_fast


def untrusted(error: BaseException) -> str:
    """What is wrong with the server's certificate; "" where the error is another one."""
    found = next((e for e in _causes(error) if isinstance(e, ssl.SSLCertVerificationError)), None)
    return "" if found is None else f"its certificate is not trusted: {found.verify_message}"


def in_words(error: BaseException) -> str:
    """A network's error in a few words, without the addresses of objects that libraries put into theirs."""
    causes = list(_causes(error))
    if problem := untrusted(error):
        return problem

    def found(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if found(urllib3.NameResolutionError, socket.gaierror):
        return "the name of the server cannot be resolved"
    if found(ConnectionRefusedError):
        return "the connection was refused"
    if found(urllib3.NewConnectionError):  # of urllib3's timeouts, by its type
        return "no connection could be made"
    if found(ConnectTimeout, urllib3.ConnectTimeoutError):
        return "the connection timed out"
    if found(ReadTimeout, urllib3.ReadTimeoutError, TimeoutError):
        return "the answer timed out"
    if found(ssl.SSLError):
        return "no secure connection could be made"
    if found(IncompleteRead, urllib3.IncompleteRead, urllib3.InvalidChunkLength, EOFError):
        return "the body is incomplete"
    if found(ConnectionError):  # reset, broken pipe, closed before an answer
        return "the server closed the connection"
    if found(HTTPException, urllib3.ProtocolError):
        return "what came is no answer by HTTP"
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything that is said to have caused it."""
    waiting, seen = [error], set()
    while waiting:
        now = waiting.pop()
        if id(now) in seen:
            continue
        seen.add(id(now))
        yield now
        further = [now.__cause__, now.__context__, getattr(now, "reason", None), *now.args]
        waiting += [each for each in further if isinstance(each, BaseException)]
