"""Bodies of requests: read piece by piece up to a limit, and a few large ones at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from artextract.core.errors import ArtExtractError
from artextract.serving.worker import WAITING, Busy

MAX_PICTURE = 64_000_000  # bytes, as in the page; a photograph of 100 megapixels has less


class TooLarge(ArtExtractError):
    """A body over its limit."""

    status = 413


async def body_of(request: Request, limit: int) -> bytes:
    """The body of a request.

    Args:
        request: The request.
        limit: Bytes that it may have.

    Raises:
        TooLarge: It has more, or says so; no more than the limit was read.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:18]) > limit:
        raise _too_large(limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"more than {limit / 1e6:,.0f} MB were sent", remedy="make the picture smaller")


class Room:
    """How many pictures are in memory at once."""

    def __init__(self, at_once: int = WAITING):
        """None is yet.

        Args:
            at_once: Pictures that may be.
        """
        self._free = at_once

    @asynccontextmanager
    async def one(self) -> AsyncIterator[int]:
        """Make room for one picture, and say how many bytes it may have.

        Raises:
            Busy: There is no room.
        """
        if self._free < 1:
            raise Busy("the server is busy with other pictures", remedy="try again in a few seconds")
        self._free -= 1
        try:
            yield MAX_PICTURE
        finally:
            self._free += 1
