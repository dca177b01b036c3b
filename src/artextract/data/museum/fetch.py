"""One getter for images and tables: ``https:`` politely and with bounds, ``file:`` relative to a folder.

Be polite to the museum's server: own User-Agent, robots.txt, a few requests per second, and its Retry-After obeyed by
all workers. A body is believed only when it is complete, of bounded size and of the expected kind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote, urljoin
from urllib.robotparser import RobotFileParser

import requests
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from artextract import __version__
from artextract.core.errors import ArtExtractError
from artextract.core.files import contained, write_bytes
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import read_regular

AGENT = f"ArtExtract/{__version__} (research on paintings; see the project's README)"
HOSTS = frozenset({"api.nga.gov", "media.nga.gov", "raw.githubusercontent.com"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_BYTES = 64 * 2**20
MAX_REDIRECTS = 3
RETRY_AFTER_CAP = 300.0
IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"RIFF")


class FetchError(OSError):
    """An address that could not be had; the message says why."""


class MissingError(FetchError, FileNotFoundError):
    """The server answered that there is no such file: a gap in its collection, not a fault on the way."""


class _Again(Exception):
    """A failure that may pass: wait at least ``seconds`` and try again."""

    def __init__(self, reason: str, seconds: float = 0.0):
        super().__init__(reason)
        self.seconds = seconds


class _Session(requests.Session):
    """Follows no redirect by itself, not even to look ahead: requests would read that answer's body without bounds."""

    def resolve_redirects(self, *args: object, **kwargs: object) -> Generator[requests.Response]:
        yield from ()


@dataclass
class Getter:
    """Fetches addresses; one object is shared by all workers, so that pace and pauses are too.

    Attributes:
        root: Folder that ``file:`` addresses are relative to; None refuses them.
        per_second: Requests a second over all workers.
        deadline: Seconds for one request, body included.
        attempts: Tries for one address.
        max_bytes: Largest body.
        hosts: Hosts that may be reached over https.
        allow_loopback: Allow plain http to this machine (tests).
    """

    root: Path | None = None
    per_second: float = 5.0
    deadline: float = 60.0
    attempts: int = 5
    max_bytes: int = MAX_BYTES
    hosts: frozenset[str] = HOSTS
    allow_loopback: bool = False
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
            except (_Again, requests.RequestException, HTTPError) as error:
                reason = str(error) or type(error).__name__
                seconds = getattr(error, "seconds", 0.0)
                self._pause(max(seconds, min(0.5 * 2**attempt, 30.0)) if attempt + 1 < self.attempts else 0.0)
        raise FetchError(f"{reason} ({self.attempts} attempts)")

    def _read_file(self, url: str) -> bytes:
        if self.root is None:
            raise FetchError(f"{url}: file addresses are not allowed here")
        try:
            return read_regular(contained(self.root, unquote(url.removeprefix("file:")), where="tables"))
        except ArtExtractError as error:
            raise FetchError(error.problem) from error
        except UnreadableImage as error:
            raise FetchError(f"{error.code}: {error}") from error

    def _check_host(self, url: str) -> None:
        parts = _parts(url)
        loopback = self.allow_loopback and parts.scheme in ("http", "https") and parts.host in LOOPBACK
        if not loopback and (parts.scheme != "https" or parts.host not in self.hosts):
            raise FetchError(f"address not allowed: {url}")

    def _pause(self, seconds: float) -> None:
        """Hold back every worker: when the server asks one of us to wait, it means all."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def _take_turn(self) -> None:
        """Wait until a request may be sent; who waits already is held back by a later ``_pause`` too."""
        while True:
            with self._lock:
                wait = self._next - time.monotonic()
                if wait <= 0:
                    self._next = time.monotonic() + 1.0 / self.per_second
                    return
            time.sleep(wait)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = _Session()
            self._local.session.headers["User-Agent"] = AGENT
        return self._local.session

    def _allowed_by_robots(self, url: str) -> bool:
        parts = _parts(url)
        base = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            known = self._robots.get(base)
        if known is None:
            known = RobotFileParser()
            try:
                rules = self._request(f"{base}/robots.txt", "table").decode("utf-8", "replace")
            except (_Again, FetchError, requests.RequestException, HTTPError):
                rules = ""  # no answer forbids nothing; the request itself will tell what is wrong
            known.parse(rules.splitlines())
            delay = known.crawl_delay(AGENT)
            with self._lock:
                self._robots[base] = known
                if delay:
                    self.per_second = min(self.per_second, 1.0 / float(delay))
        return known.can_fetch(AGENT, url)

    def _request(self, url: str, kind: str) -> bytes:
        timeout = (min(10.0, self.deadline), min(20.0, self.deadline))  # to connect; for each sign of life
        for _ in range(MAX_REDIRECTS + 1):
            self._take_turn()
            end = time.monotonic() + self.deadline
            with self._session().get(url, stream=True, allow_redirects=False, timeout=timeout) as answer:
                if answer.is_redirect:
                    url = _joined(url, answer.headers["Location"])
                    if "__300" in url:  # how this museum's server answers for an unknown id
                        raise MissingError("the server knows no such image")
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
        if answer.status_code in (404, 410):
            raise MissingError(f"HTTP {answer.status_code}")
        if answer.status_code != 200:
            raise FetchError(f"HTTP {answer.status_code}")

    @staticmethod
    def _check_type(answer: requests.Response, kind: str) -> None:
        content_type = answer.headers.get("Content-Type", "")
        if kind == "image" and not content_type.startswith("image/"):
            raise FetchError(f"content type {content_type or 'missing'!r} is not an image")

    def _body(self, answer: requests.Response, end: float, kind: str) -> bytes:
        chunks, size = [], 0
        for chunk in _as_it_arrives(answer):
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


def _parts(url: str) -> Url:
    """The parts of an address as the client reads them: another parser could see another host in the same text."""
    try:
        return parse_url(url)
    except LocationParseError:
        raise FetchError(f"address not allowed: {url}") from None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise FetchError(f"address not allowed: {location}") from None


def _as_it_arrives(answer: requests.Response) -> Iterator[bytes]:
    """The decoded body in the pieces that the network brings; ``iter_content`` waits for whole blocks, however long."""
    while chunk := answer.raw.read1(1 << 16, decode_content=True):
        yield chunk


def retry_after(value: str) -> float:
    """Seconds to wait by a Retry-After header (seconds or a date), at most ``RETRY_AFTER_CAP``."""
    try:
        seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
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
