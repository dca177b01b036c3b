"""One getter for images and tables: ``https:`` politely and with bounds, ``file:`` relative to a folder.

A museum's server is a guest house: own User-Agent, robots.txt, a few requests a second, and its Retry-After obeyed by
all workers. A body is believed only when it is complete, of bounded size and of the expected kind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import requests

from artextract import __version__
from artextract.errors import ArtExtractError
from artextract.files import contained, write_bytes

AGENT = f"ArtExtract/{__version__} (research on paintings; see the project's README)"
HOSTS = frozenset({"api.nga.gov", "media.nga.gov", "raw.githubusercontent.com"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_BYTES = 64 * 2**20
MAX_REDIRECTS = 3
RETRY_AFTER_CAP = 300.0
IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"RIFF")


class FetchError(OSError):
    """An address that could not be had; the message says why."""


class _Again(Exception):
    """A failure that may pass: wait at least ``seconds`` and ask again."""

    def __init__(self, reason: str, seconds: float = 0.0):
        super().__init__(reason)
        self.seconds = seconds


@dataclass
class Getter:
    """Fetches addresses; one object is shared by all workers, so that pace and pauses are too.

    Attributes:
        root: Folder that ``file:`` addresses are relative to; None refuses them.
        per_second: Requests a second over all workers.
        deadline: Seconds for one request, body included.
        attempts: Tries for one address.
        max_bytes: Largest body.
        hosts: Hosts that may be asked over https.
        allow_loopback: Allow plain http to this machine (tests).
        requests_made: Counts requests sent.
    """

    root: Path | None = None
    per_second: float = 5.0
    deadline: float = 60.0
    attempts: int = 5
    max_bytes: int = MAX_BYTES
    hosts: frozenset[str] = HOSTS
    allow_loopback: bool = False
    requests_made: int = 0
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _robots: dict[str, RobotFileParser] = field(default_factory=dict)
    _local: threading.local = field(default_factory=threading.local)

    def get(self, url: str, *, kind: str = "image") -> bytes:
        """The complete body of an address.

        Args:
            url: ``https:`` of an allowed host, or ``file:`` relative to ``root``.
            kind: ``image``: an image's content type and first bytes are demanded; ``table``: any text.

        Raises:
            FetchError: Not to be had, after all attempts; says why.
        """
        if url.startswith("file:"):
            return self._read_file(url)
        self._check_host(url)
        if not self._allowed_by_robots(url):
            raise FetchError(f"robots.txt forbids {url}")
        reason = "no attempt made"
        for attempt in range(self.attempts):
            try:
                return self._request(url, kind)
            except (_Again, requests.RequestException) as error:
                reason = str(error) or type(error).__name__
                seconds = getattr(error, "seconds", 0.0)
                self._pause(max(seconds, min(0.5 * 2**attempt, 30.0)) if attempt + 1 < self.attempts else 0.0)
        raise FetchError(f"{reason} ({self.attempts} attempts)")

    def _read_file(self, url: str) -> bytes:
        if self.root is None:
            raise FetchError(f"{url}: file addresses are not allowed here")
        try:
            return contained(self.root, unquote(url.removeprefix("file:")), where="tables").read_bytes()
        except ArtExtractError as error:
            raise FetchError(error.problem) from error

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        loopback = self.allow_loopback and parts.scheme in ("http", "https") and parts.hostname in LOOPBACK
        if not loopback and (parts.scheme != "https" or parts.hostname not in self.hosts):
            raise FetchError(f"address not allowed: {url}")

    def _pause(self, seconds: float) -> None:
        """Hold back every worker: when the server asks one of us to wait, it means all."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def _take_turn(self) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1.0 / self.per_second
            self.requests_made += 1
        time.sleep(max(0.0, turn - now))

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.headers["User-Agent"] = AGENT
        return self._local.session

    def _allowed_by_robots(self, url: str) -> bool:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            known = self._robots.get(base)
        if known is None:
            known = RobotFileParser()
            try:
                self._take_turn()
                answer = self._session().get(f"{base}/robots.txt", timeout=10)
                known.parse(answer.text.splitlines() if answer.ok else [])
            except requests.RequestException:
                known.parse([])  # no answer forbids nothing; the request itself will tell what is wrong
            delay = known.crawl_delay(AGENT)
            with self._lock:
                self._robots[base] = known
                if delay:
                    self.per_second = min(self.per_second, 1.0 / float(delay))
        return known.can_fetch(AGENT, url)

    def _request(self, url: str, kind: str) -> bytes:
        end = time.monotonic() + self.deadline
        for _ in range(MAX_REDIRECTS + 1):
            self._take_turn()
            with self._session().get(url, stream=True, allow_redirects=False, timeout=(10, 20)) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers["Location"])
                    if "__300" in url:  # how this museum's server answers for an unknown id
                        raise FetchError("missing: the server knows no such image")
                    self._check_host(url)
                    continue
                self._check_status(answer)
                self._check_type(answer, kind)
                return self._body(answer, end, kind)
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")

    @staticmethod
    def _check_status(answer: requests.Response) -> None:
        if answer.status_code in (429, 500, 502, 503, 504):
            seconds = retry_after(answer.headers.get("Retry-After", ""))
            raise _Again(f"HTTP {answer.status_code}", seconds)
        if answer.status_code != 200:
            raise FetchError(f"HTTP {answer.status_code}")

    @staticmethod
    def _check_type(answer: requests.Response, kind: str) -> None:
        content_type = answer.headers.get("Content-Type", "")
        if kind == "image" and not content_type.startswith("image/"):
            raise FetchError(f"content type {content_type or 'missing'!r} is no image")

    def _body(self, answer: requests.Response, end: float, kind: str) -> bytes:
        chunks, size = [], 0
        for chunk in answer.iter_content(1 << 16):
            size += len(chunk)
            chunks.append(chunk)
            if size > self.max_bytes:
                raise FetchError(f"larger than {self.max_bytes:,} bytes")
            if time.monotonic() > end:
                raise _Again(f"slower than {self.deadline:g} s")
        data = b"".join(chunks)
        expected = answer.headers.get("Content-Length", "")
        encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
        if not data or (expected.isdigit() and not encoded and int(expected) != size):
            raise _Again(f"body of {size:,} bytes is incomplete")
        if kind == "image" and not data.startswith(IMAGE_MAGIC):
            raise FetchError("the body does not begin like an image")
        return data


def retry_after(value: str) -> float:
    """Seconds to wait by a Retry-After header (seconds or a date), at most ``RETRY_AFTER_CAP``."""
    if value.strip().isdigit():
        seconds = float(value)
    else:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            seconds = 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_CAP)


def fetch_all(
    urls: Mapping[str, str], folder: Path, getter: Getter, *, workers: int = 4, check: Callable[[bytes], object]
) -> dict[str, str]:
    """Fetch many addresses into files; those that are there already cause no request.

    Args:
        urls: File name to address. A file appears complete or not at all.
        folder: Where the files go.
        getter: Shared by all workers.
        workers: Requests under way at once.
        check: Called with each body before it is kept (for images: the full decode); raises ValueError to refuse it.

    Returns:
        File name to reason, for the addresses that could not be had.
    """
    from tqdm import tqdm

    failed: dict[str, str] = {}
    wanted = {name: url for name, url in urls.items() if not (folder / name).exists()}

    def one(name: str, url: str) -> None:
        data = getter.get(url)
        check(data)
        write_bytes(folder / name, data)

    with ThreadPoolExecutor(workers) as pool, tqdm(total=len(urls), desc="fetch", unit="img", mininterval=1) as bar:
        bar.update(len(urls) - len(wanted))
        jobs = {pool.submit(one, name, url): name for name, url in wanted.items()}
        try:
            for job in as_completed(jobs):
                bar.update(1)
                try:
                    job.result()
                except FileNotFoundError:
                    failed[jobs[job]] = "missing"
                except (FetchError, ValueError, OSError) as error:
                    failed[jobs[job]] = f"unreadable: {error}"
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return failed
