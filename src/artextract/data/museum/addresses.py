"""Which addresses may be asked for: ``https:`` of named hosts, and plain ``http:`` on this machine alone."""

from __future__ import annotations

from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from artextract.data.museum.failures import FetchError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


def parts_of(url: str) -> Url:
    """The parts of an address as the client reads them: another parser could see another host in the same text.

    Raises:
        FetchError: It is not an address.
    """
    try:
        return parse_url(url)
    except LocationParseError:
        raise FetchError(f"address not allowed: {url}") from None


def joined(url: str, location: str) -> str:
    """The address that a redirect leads to."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise FetchError(f"address not allowed: {location}") from None


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    parts = parts_of(url)
    return parts.scheme in ("http", "https") and parts.host in LOOPBACK


def check_host(url: str, hosts: frozenset[str], *, loopback: bool) -> None:
    """Refuse what is not https of an allowed host.

    Args:
        url: The address.
        hosts: The allowed ones.
        loopback: Allow this machine, with and without encryption.

    Raises:
        FetchError: It is not allowed.
    """
    parts = parts_of(url)
    if loopback and is_loopback(url):
        return
    if parts.scheme != "https" or parts.host not in hosts:
        raise FetchError(f"address not allowed: {url}")


def server_of(url: str) -> str:
    """Scheme, host and port: what has one robots.txt."""
    parts = parts_of(url)
    return f"{parts.scheme}://{parts.netloc}"
