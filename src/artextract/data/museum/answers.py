"""An answer of a server, believed only where it is complete, of bounded size and of the kind that was asked for."""

from __future__ import annotations

import gzip
import io
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests

from artextract.data.museum.failures import Again, FetchError, MissingError
from artextract.data.museum.transport import Deadline

RETRY_AFTER_CAP = 300.0
PERMANENT = frozenset({501, 505, 506, 508, 510, 511})  # of 5xx: no later try will be answered otherwise
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"RIFF", b"GIF8", b"BM")
BOXES = (b"ftyp", b"jP  ")  # AVIF and HEIF, JPEG 2000: from the fifth byte
ENDS = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG": b"IEND\xaeB\x60\x82"}
SLOW_AFTER, SLOWEST = 30.0, 1000  # after so many seconds of a body, bytes per second are demanded


@dataclass(frozen=True)
class Kind:
    """What is asked for.

    Attributes:
        name: ``image``, ``table`` or ``robots``.
        max_bytes: Largest body.
        seconds: For one request: redirects, headers and body.
    """

    name: str
    max_bytes: int
    seconds: float


def check_status(answer: requests.Response) -> None:
    """Let a 200 pass.

    Raises:
        Again: A later try may be answered otherwise.
        MissingError: There is no such file.
        FetchError: Any other status.
    """
    status = answer.status_code
    if status in (408, 425, 429) or (500 <= status < 600 and status not in PERMANENT):
        wait = retry_after(answer.headers.get("Retry-After", ""))
        raise Again(f"HTTP {status}", wait, too_fast=status in (429, 503))  # 503: so nginx limits, by default
    if status in (404, 410):
        raise MissingError(f"HTTP {status}")
    if status == 511:
        raise FetchError("HTTP 511: the network wants you to log in first")
    if status != 200:
        raise FetchError(f"HTTP {status}")


def check_type(answer: requests.Response, kind: Kind) -> None:
    """Refuse what says itself that it is no image; the names of types are in any case, and may have parameters."""
    found = answer.headers.get("Content-Type", "")
    plain = found.partition(";")[0].strip().lower()
    if kind.name == "image" and plain and not plain.startswith("image/") and not plain.endswith("/octet-stream"):
        raise FetchError(f"content type {found!r} is not an image")


def says_its_length(answer: requests.Response) -> bool:
    """Whether a cut body could be told from a whole one by HTTP itself."""
    chunked = answer.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
    return chunked or answer.headers.get("Content-Length", "").isdigit()


def read_body(answer: requests.Response, kind: Kind, deadline: Deadline) -> bytes:
    """The body, decoded.

    Raises:
        Again: It is cut, empty, or too slow.
        FetchError: It is too large, or in an encoding that was not asked for. For robots.txt the first bytes do.
    """
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > kind.max_bytes and kind.name != "robots":
        raise FetchError(f"larger than {kind.max_bytes:,} bytes")
    chunks, size, began = [], 0, time.monotonic()
    for chunk in _decoded(answer):
        size += len(chunk)
        chunks.append(chunk)
        if size > kind.max_bytes:
            if kind.name == "robots":
                break
            raise FetchError(f"larger than {kind.max_bytes:,} bytes")
        if (busy := time.monotonic() - began) > SLOW_AFTER and size < SLOWEST * busy:
            raise Again(f"slower than {SLOWEST:,} bytes a second")
        if deadline.over:
            break
    if deadline.over:
        raise Again(f"slower than {kind.seconds:g} s")
    if not size and kind.name != "robots":
        raise Again("the body is empty")
    return b"".join(chunks)[: kind.max_bytes]


def check_image(data: bytes, *, certain: bool) -> None:
    """Refuse what does not begin like an image, and what has no end where nothing else says that it is whole.

    Args:
        data: The body.
        certain: HTTP has said that it is complete.
    """
    if not data.startswith(MAGIC) and data[4:8] not in BOXES:
        found = "a web page" if data.lstrip()[:1] == b"<" else repr(data[:8])
        raise FetchError(f"the body does not begin like an image, but with {found}")
    if not certain:
        for begin, end in ENDS.items():
            if data.startswith(begin) and not data.rstrip(b"\0").endswith(end):
                raise Again("the image has no end")


def retry_after(value: str) -> float:
    """Seconds to wait by a Retry-After header (seconds or a date), at most ``RETRY_AFTER_CAP``."""
    try:
        seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        seconds = 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_CAP)


class _Arriving(io.RawIOBase):
    """The raw body as a file, in the pieces that the network brings."""

    def __init__(self, answer: requests.Response):
        self._answer = answer

    def read(self, size: int = -1) -> bytes:
        return self._answer.raw.read1(size if size > 0 else 1 << 16, decode_content=False) or b""


def _decoded(answer: requests.Response) -> Iterator[bytes]:
    """The body as it arrives; a compressed one must have its end, by which it says that it is whole."""
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    arriving = _Arriving(answer)
    if encoding in ("", "identity"):
        while chunk := arriving.read():
            yield chunk
    elif encoding in ("gzip", "x-gzip"):
        packed = gzip.GzipFile(fileobj=arriving)  # type: ignore[arg-type]
        try:
            while chunk := packed.read1(1 << 16):
                yield chunk
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Again("the compressed body is incomplete or damaged") from error
    else:
        raise FetchError(f"content encoding {encoding!r}, which was not asked for")
