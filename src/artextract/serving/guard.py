"""The door of the server: every request and every answer passes here.

A web page of another site that is open in the same browser must neither read the collection nor write to it, and
another program on the network must not either. What is checked, in this order: the Host header (against DNS rebinding),
the token (where the server is reached from other machines), requests that a foreign page embeds, and for writes the
origin and a header that no foreign page can send without asking first, which is never granted.
"""

from __future__ import annotations

import asyncio
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artextract.serving.address import Access

READS = ("GET", "HEAD")
COOKIE = "artextract"
SECONDS = 180  # that one request may take: its body, its work (the first loads networks) and its answer
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def refusal(status: int, problem: str, remedy: str = "") -> JSONResponse:
    """An answer that says what is wrong."""
    return JSONResponse({"problem": problem, "remedy": remedy}, status)


class Guard:
    """ASGI middleware that lets through what may be asked, and gives every answer the headers of a private page."""

    def __init__(self, app: ASGIApp, access: Access):
        """Guard an app.

        Args:
            app: What answers.
            access: Who may ask.
        """
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._refused(scope) or self._app
        try:
            async with asyncio.timeout(SECONDS):
                await answer(scope, receive, with_headers)
        except TimeoutError:
            if not started:
                slow = refusal(408, f"the request was not finished within {SECONDS} seconds", "try again")
                await slow(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> Response | None:
        """The refusal of a request; None where it may pass."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._access.knows(hosts[0]):
            return refusal(403, "the server is not known by this name", "open the address that the command printed")
        if self._access.token and not self._known(headers):
            return self._introduced(scope)
        if scope["method"] in READS:
            embedded = headers.get("sec-fetch-mode") != "navigate"
            if headers.get("sec-fetch-site") == "cross-site" and embedded:
                return refusal(403, "a page of another site asked for this")
            return None
        return self._refused_write(headers, hosts[0])

    def _refused_write(self, headers: Headers, host: str) -> Response | None:
        origin = headers.get("origin")
        foreign = origin is not None and origin not in (f"http://{host}", f"https://{host}")
        if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return refusal(403, "a page of another site asked for this")
        if headers.get("x-artextract") != "1":
            return refusal(403, "the header X-ArtExtract is missing", "send X-ArtExtract: 1")
        return None

    def _known(self, headers: Headers) -> bool:
        """Whether the request carries the token, as a header or as the cookie that ``_introduced`` has set."""
        given = [headers.get("authorization", "").removeprefix("Bearer ")]
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        if COOKIE in cookies:
            given.append(cookies[COOKIE].value)
        return any([_same(one, self._access.token) for one in given])

    def _introduced(self, scope: Scope) -> Response:
        """Take the token of the printed address into a cookie, and lead to the address without it."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = dict(query).get("token", "")
        if scope["method"] not in READS or not _same(token, self._access.token):
            return refusal(
                401, "the token is missing or wrong", "open the whole address that the command printed, with ?token="
            )
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        path = "/" + scope["path"].lstrip("/\\")  # two slashes would begin the address of another server
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.set_cookie(COOKIE, self._access.token, httponly=True, samesite="lax", path="/")
        return answer


def _same(given: str, token: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())
