"""Where the server listens, by which names browsers may call it, and the secret that others on the network need."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from artextract.core.errors import ArtExtractError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
USUAL_PORT = 8080


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        names: Names and addresses of the server that a browser may have in its address bar.
        any_address: The server listens on all addresses of the machine: any address in digits is one of its names.
        token: What every request must know; empty on a server that only this machine reaches.
    """

    names: frozenset[str]
    any_address: bool = False
    token: str = ""

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server.

        Another site whose name was made to point to this machine (DNS rebinding) would be in the header.

        Args:
            host: Value of the header: a name or an address, perhaps with a port. The port is not compared, so that
                a tunnel may have another one.
        """
        name = host_name(host)
        return name in self.names or (self.any_address and _address(name) is not None)


def host_name(host: str) -> str:
    """The name in a Host header without its port, lower case; empty where the header is not understood."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018  (raises ValueError where it is not a number)
    except ValueError:
        return ""
    plain = parts.netloc == host and not parts.username and not parts.path and "@" not in host
    return (parts.hostname or "").removesuffix(".") if plain else ""


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    address = _address(host)
    return host.lower() in LOOPBACK_NAMES or (address is not None and address.is_loopback)


def access_to(host: str) -> Access:
    """Who may ask a server that listens on a host; beyond this machine, a new token is needed."""
    names = LOOPBACK_NAMES | {host.lower()}
    if is_loopback(host):
        return Access(names)
    address = _address(host)
    own = {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}
    everywhere = address is not None and address.is_unspecified
    return Access(names | own, everywhere, secrets.token_urlsafe(32))


def listen(host: str, port: int | None) -> socket.socket:
    """A listening socket.

    Args:
        host: Name or address of this machine.
        port: 0 = any free one; None = the usual one, or any free one where that is taken.

    Raises:
        ArtExtractError: The port is taken, or the host is not this machine.
    """
    if port is None:
        try:
            return listen(host, USUAL_PORT)
        except ArtExtractError:
            return listen(host, 0)
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _not_here(host) from error
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(where)
        opened.listen(128)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise ArtExtractError(
                f"another program already listens on port {port} of {host}",
                remedy="stop it, or take any free port with --port 0",
            ) from error
        if error.errno == errno.EACCES:
            raise ArtExtractError(
                f"this user may not listen on port {port}", remedy="take a port above 1023, or any free one: --port 0"
            ) from error
        raise _not_here(host) from error
    return opened


def _not_here(host: str) -> ArtExtractError:
    return ArtExtractError(
        f"{host!r} is not an address of this machine",
        where="--host",
        remedy="leave --host out, and only this machine reaches the server; 0.0.0.0 is every address of it",
    )


def address_of(opened: socket.socket, host: str) -> str:
    """The address that a person on this machine opens: ``http://127.0.0.1:8080/``."""
    port = opened.getsockname()[1]
    address = _address(host)
    if address is not None and address.is_unspecified:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
