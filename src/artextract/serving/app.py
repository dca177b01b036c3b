"""The routes of the server, as an ASGI app.

Without a live part (`artextract explore`) it answers files only. With it (`artextract serve`), the page may ask for
words by meaning, send a picture, and name clusters.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from artextract.core.errors import ArtExtractError
from artextract.core.folders import repository
from artextract.data.images.decode import UnreadableImage
from artextract.explorer.names import checked, save_names
from artextract.serving.address import Access
from artextract.serving.bodies import Room, body_of
from artextract.serving.files import Files
from artextract.serving.folder import Explorer
from artextract.serving.guard import Guard, refusal
from artextract.serving.worker import Busy

if TYPE_CHECKING:
    from artextract.serving.live import Live

MAX_NAMES = 200_000  # bytes of a request with names
MAX_WORDS, MAX_RESULTS = 500, 1000  # characters of a query, works of an answer


class Routes:
    """What the server answers."""

    def __init__(self, explorer: Explorer, live: Live | None):
        """Answer for a collection.

        Args:
            explorer: Its built explorer.
            live: Its networks; None = files only.
        """
        self._explorer, self._live, self._room = explorer, live, Room()

    def all(self) -> list[Route | Mount]:
        """The routes, the most special first."""
        routes: list[Route | Mount] = [Route("/data/manifest.json", self.manifest)]
        if self._live is not None:
            routes += [
                Route("/api/status", self.status),
                Route("/api/words", self.words),
                Route("/api/upload", self.upload, methods=["POST"]),
                Route("/api/names", self.names, methods=["PUT"]),
            ]
        files = Files(self._explorer.folder, [repository() / ".dvc" / "cache"])
        return [*routes, Route("/api/{rest:path}", _nothing), Mount("/", files)]

    async def manifest(self, request: Request) -> Response:
        """The manifest, with today's names."""
        content = await asyncio.to_thread(self._explorer.manifest, self._live is not None)
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"etag": etag, "cache-control": "no-cache"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    async def status(self, request: Request) -> Response:
        """What the server can do."""
        return JSONResponse(self._here.status())

    async def words(self, request: Request) -> Response:
        """Works that words find."""
        query = " ".join(request.query_params.get("q", "").split())
        space, k = request.query_params.get("space", "title"), request.query_params.get("k", "50")
        if not query or len(query) > MAX_WORDS:
            raise ArtExtractError(f"q must hold 1 to {MAX_WORDS} characters")
        if not (k.isascii() and k.isdecimal() and 1 <= int(k[:9]) <= MAX_RESULTS):
            raise ArtExtractError(f"k must be a number from 1 to {MAX_RESULTS}")
        return JSONResponse(await self._here.worker.do(lambda: self._here.words(query, space, int(k))))

    async def upload(self, request: Request) -> Response:
        """What the networks say about a picture; the picture is not kept."""
        if not request.headers.get("content-type", "").startswith(("image/", "application/octet-stream")):
            return refusal(415, "a picture is sent as image/jpeg, image/png or the like")
        async with self._room.one() as limit:
            data = await body_of(request, limit)
            return JSONResponse(await self._here.worker.do(lambda: self._here.picture(data)))

    async def names(self, request: Request) -> Response:
        """Save names of clusters."""
        try:
            given: Any = json.loads(await body_of(request, MAX_NAMES))
        except (ValueError, RecursionError):
            raise ArtExtractError("names are sent as JSON: {id: name}") from None

        def save() -> dict[str, str]:
            return save_names(self._explorer.names, checked(given, self._explorer.cluster_ids()))

        return JSONResponse({"saved": True, "names": await asyncio.to_thread(save)})

    @property
    def _here(self) -> Live:
        assert self._live is not None  # its routes exist only where it does
        return self._live


async def _nothing(request: Request) -> Response:
    return refusal(404, "the server has no such address")


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "the server has no such file", 405: "this address does not take this method"}
    return refusal(error.status_code, said.get(error.status_code, error.detail))


async def _problem(request: Request, error: Exception) -> Response:
    """A problem in words; where it is about a file, the terminal says which, and the answer does not."""
    assert isinstance(error, ArtExtractError)
    if error.where:
        print(f"{request.url.path}: {error}", file=sys.stderr, flush=True)
    status = 503 if isinstance(error, Busy) else getattr(error, "status", 500 if error.where else 400)
    return refusal(status, error.problem, error.remedy or "")


async def _unreadable(request: Request, error: Exception) -> Response:
    return refusal(422, f"not readable as a picture: {error}", "send a JPEG, PNG, TIFF or WebP file")


async def _gone(request: Request, error: Exception) -> Response:
    return refusal(400, "the request ended before its end")


async def _fault(request: Request, error: Exception) -> Response:
    print("".join(traceback.format_exception(error)), file=sys.stderr, flush=True)
    return refusal(500, "a fault of the program; the terminal of the server has the details")


Handler = Callable[[Request, Exception], Awaitable[Response]]
HANDLERS: dict[Any, Handler] = {
    HTTPException: _http_problem,
    ArtExtractError: _problem,
    UnreadableImage: _unreadable,
    ClientDisconnect: _gone,
    Exception: _fault,
}


def build(explorer: Explorer, live: Live | None, access: Access) -> Guard:
    """The app.

    Args:
        explorer: A collection's built explorer.
        live: Its networks; None = files only.
        access: Who may ask.
    """
    # Within one machine, packing takes longer than sending: 30 ms for each 2,000 works.
    packed = [Middleware(GZipMiddleware, minimum_size=2000, compresslevel=5)] if access.token else []
    app = Starlette(routes=Routes(explorer, live).all(), middleware=packed, exception_handlers=HANDLERS)
    return Guard(app, access)
