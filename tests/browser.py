"""Pages looked at in the system's Chromium: no browser is downloaded, and no request leaves the machine."""

from __future__ import annotations

import ipaddress
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser; skips where Chromium or Playwright is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is missing: make dev")
    if CHROMIUM is None:
        pytest.skip("Chromium is missing: apt install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


def is_local(address: str) -> bool:
    """Files, inline data and this machine's own servers."""
    parts = urlsplit(address)
    if parts.scheme in ("file", "data", "blob"):
        return True
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Visit:
    """One open page, the requests to other machines that were refused, and what it wrote to the console."""

    def __init__(self, browser: Browser, address: str, width: int, ready: str, **context: Any):
        """Open the page.

        Args:
            browser: A running browser.
            address: URL.
            width: Of the window, in CSS pixels.
            ready: CSS selector of an element that appears when the page has finished.
            context: Options of Playwright's ``new_page``, for example ``color_scheme``.
        """
        self.refused: list[str] = []
        self.messages: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, **context)
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.route("**/*", self._only_local)
        self.page.goto(address)
        self.page.wait_for_selector(ready, state="attached", timeout=30_000)

    def _only_local(self, route: Route) -> None:
        if is_local(route.request.url):
            route.continue_()
        else:
            self.refused.append(route.request.url)
            route.abort()

    def texts(self, selector: str) -> list[str]:
        """Text of all matching elements."""
        return self.page.locator(selector).all_inner_texts()

    def until(self, condition: str, seconds: float = 10) -> None:
        """Wait until a script gives something true; the policy of some pages forbids Playwright's own waiting."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {condition}; the page said {self.messages}")
            self.page.wait_for_timeout(40)

    def beyond_the_right_edge(self) -> list[str]:
        """Pictures and plots that the window cuts off, and the whole page if it scrolls sideways."""
        script = """() => {
            const edge = document.documentElement.clientWidth;
            const cut = [...document.querySelectorAll("img, svg, canvas, figure, article")]
                .filter((one) => one.getBoundingClientRect().right > edge + 0.5)
                .map((one) => one.outerHTML.slice(0, 80));
            return document.documentElement.scrollWidth > edge ? [...cut, "the page scrolls sideways"] : cut;
        }"""
        return self.page.evaluate(script)


def file_url(path: Path) -> str:
    return path.resolve().as_uri()
