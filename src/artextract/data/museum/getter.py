"""One getter for images and tables: ``https:`` politely and with bounds, ``file:`` relative to a folder.

Be polite to the museum's server: own User-Agent with an address to write to, robots.txt, a few requests per second, and
its Retry-After obeyed by all workers. A body is believed only when it is complete, of bounded size and of the expected
kind. A request is over after so many seconds whatever a server does, and a server that is down is left alone.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote

from artextract import __version__
from artextract.core.errors import ArtExtractError
from artextract.core.files import contained
from artextract.data.images.reasons import UnreadableImage
from artextract.data.images.regular import read_regular
from artextract.data.museum.addresses import check_host, joined, server_of
from artextract.data.museum.answers import Kind, check_image, check_status, check_type, read_body, says_its_length
from artextract.data.museum.failures import (
    FAILURES,
    Again,
    Exhausted,
    FetchError,
    MissingError,
    ServerDown,
    in_words,
    untrusted,
)
from artextract.data.museum.robots import NAME, Rules, read_rules
from artextract.data.museum.servers import Server
from artextract.data.museum.transport import Deadline, Session

IMAGE_HOSTS = frozenset({"api.nga.gov", "media.nga.gov"})
HOSTS = IMAGE_HOSTS | {"raw.githubusercontent.com"}
CONTACT = "https://pypi.org/project/artextract/"
KINDS = MappingProxyType(
    {
        "image": Kind("image", 64 * 2**20, 60.0),
        "table": Kind("table", 128 * 2**20, 600.0),  # GitHub holds no file of more than 100 MB
        "robots": Kind("robots", 500 * 2**10, 30.0),  # RFC 9309: at least 500 KiB are read
    }
)
MAX_REDIRECTS, ROBOTS_REDIRECTS = 3, 5  # RFC 9309: five at least
HEADER_SECONDS = 30.0  # until the answer begins, where a body may take longer
CONNECT_SECONDS, SILENCE = 10.0, 20.0  # to connect; to each sign of life
LONGEST_PAUSE = 30.0  # between two tries, where the server asks for none
ROBOTS_PATIENCE, ROBOTS_ATTEMPTS = 30.0, 3  # robots.txt is tried for so many seconds, and so often at least


def agent(contact: str) -> str:
    """The User-Agent: name, version, and where the museum can write to."""
    return f"{NAME}/{__version__} (+{contact})"


def read_file(root: Path | None, url: str) -> bytes:
    """The bytes of a ``file:`` address.

    Args:
        root: Folder that it is relative to; None refuses it.
        url: The address.

    Raises:
        FetchError: Not to be had; says why.
    """
    if root is None:
        raise FetchError(f"{url}: file addresses are not allowed here")
    try:
        return read_regular(contained(root, unquote(url.removeprefix("file:")), where="tables"))
    except ArtExtractError as error:
        raise FetchError(error.problem) from error
    except UnreadableImage as error:
        raise FetchError(f"{error.code}: {error}") from error


@dataclass
class Getter:
    """Fetches addresses; one object is shared by all workers, so that pace, pauses and rules are too.

    Attributes:
        root: Folder that ``file:`` addresses are relative to; None refuses them.
        per_second: Requests a second to one server, over all workers.
        attempts: Tries for one address.
        hosts: Hosts that may be reached over https.
        servers: Further servers (scheme, host, port) that may be reached.
        contact: Address of a page or a mailbox, for the User-Agent.
        allow_loopback: Allow this machine, with plain http too (tests).
        deadline: Seconds for one request, body included; None: as ``KINDS`` says.
        max_bytes: Largest body; None: as ``KINDS`` says.
    """

    root: Path | None = None
    per_second: float = 5.0
    attempts: int = 5
    hosts: frozenset[str] = HOSTS
    servers: frozenset[str] = frozenset()
    contact: str = CONTACT
    allow_loopback: bool = False
    deadline: float | None = None
    max_bytes: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _servers: dict[str, Server] = field(default_factory=dict)
    _local: threading.local = field(default_factory=threading.local)

    def get(self, url: str, *, kind: str = "image", sure: bool = False) -> bytes:
        """The complete body of an address.

        Args:
            url: ``https:`` of an allowed host, or ``file:`` relative to ``root``.
            kind: ``image``: an image's content type and first bytes are demanded; ``table``: any text, whose length
                the server must have said.
            sure: The caller has a hash to compare with: the length is not demanded.

        Raises:
            FetchError: Not to be had, after all attempts; says why.
        """
        if url.startswith("file:"):
            return read_file(self.root, url)
        self._check_address(url)
        return self._tried(url, self._limits(kind), sure=sure, patience=0.0)

    def down(self) -> list[str]:
        """Why servers are not asked any more, one line each."""
        return [server.down for server in self._servers.values() if server.down]

    def _check_address(self, url: str) -> None:
        if server_of(url) not in self.servers:
            check_host(url, self.hosts, loopback=self.allow_loopback)

    def _limits(self, kind: str) -> Kind:
        known = KINDS[kind]
        return replace(known, seconds=self.deadline or known.seconds, max_bytes=self.max_bytes or known.max_bytes)

    def _server(self, url: str) -> Server:
        name = server_of(url)
        with self._lock:
            return self._servers.setdefault(name, Server(name, 1.0 / self.per_second))

    def _tried(self, url: str, kind: Kind, *, sure: bool, patience: float) -> bytes:
        """The body, tried for ``attempts`` times; with ``patience``, for as many seconds."""
        server, began, attempt, spent = self._server(url), time.monotonic(), 0, 0.0
        while True:
            attempt, spent = attempt + 1, spent + 1.0
            try:
                data = self._request(url, kind, sure)
                server.answered()
                return data
            except MissingError:
                server.answered()
                raise
            except FetchError as error:
                if not isinstance(error, ServerDown) and kind.name != "robots":
                    server.refused(url, str(error))
                raise
            except Again as error:
                reason, asked = str(error), error.seconds
                if error.too_fast:  # that says little about the address: it counts half
                    spent -= 0.5
                    if not asked:  # a wait that is named is waited, and is enough
                        server.too_fast()
            except FAILURES as error:
                reason, asked = in_words(error), 0.0
                if untrusted(error):
                    raise server.give_up(reason) from error
            server.failed(url, reason, told_to_wait=asked > 0)
            late = time.monotonic() - began >= patience
            if (attempt >= ROBOTS_ATTEMPTS and late) if patience else spent >= self.attempts:
                raise Exhausted(f"{reason} ({attempt} attempts)")
            server.pause(max(asked, min(0.5 * 2 ** int(spent - 0.5), LONGEST_PAUSE)))

    def _check_rules(self, url: str) -> None:
        """Obey robots.txt, which is asked for once, by whoever comes first.

        Raises:
            FetchError: It forbids this address.
            ServerDown: It cannot be read: by RFC 9309 everything is forbidden then.
        """
        server = self._server(url)
        with server.reading_rules:
            server.check_up()
            if server.rules is None:
                server.rules = self._read_rules(server)
                server.slow_down(server.rules.interval)
        if not server.rules.allow(url):
            raise FetchError(f"robots.txt forbids {url}")

    def _read_rules(self, server: Server) -> Rules:
        url, kind = f"{server.name}/robots.txt", self._limits("robots")
        try:
            return read_rules(self._tried(url, kind, sure=True, patience=ROBOTS_PATIENCE))
        except ServerDown:
            raise
        except Exhausted as error:
            reason = f"robots.txt cannot be read, so nothing may be asked for (RFC 9309): {error}"
            raise server.give_up(reason) from error
        except FetchError:  # an answer, and no rules in it: everything is allowed
            return Rules()

    def _session(self) -> Session:
        if not hasattr(self._local, "session"):
            self._local.session = Session(agent(self.contact))
        return self._local.session

    def _request(self, url: str, kind: Kind, sure: bool) -> bytes:
        """One try: redirects are followed, each to an allowed address; all together have the seconds of ``kind``."""
        seconds, most = kind.seconds, ROBOTS_REDIRECTS if kind.name == "robots" else MAX_REDIRECTS
        for _ in range(most + 1):
            if kind.name != "robots":
                self._check_rules(url)
            self._server(url).take_turn()
            with Deadline(min(seconds, HEADER_SECONDS)) as deadline:
                try:
                    found = self._answer(url, kind, deadline, seconds, sure)
                except (Again, *FAILURES) as error:
                    if deadline.over and not isinstance(error, FetchError):
                        raise Again(f"slower than {kind.seconds:g} s") from error
                    raise
                seconds -= deadline.elapsed()
            if isinstance(found, bytes):
                return found
            url = found
            self._check_address(url)
        raise FetchError(f"more than {most} redirects")

    def _answer(self, url: str, kind: Kind, deadline: Deadline, seconds: float, sure: bool) -> bytes | str:
        """The body, or the address that the server redirects to."""
        timeout = (min(CONNECT_SECONDS, seconds), min(SILENCE, seconds))
        headers = {"Accept-Encoding": "gzip" if kind.name == "table" else "identity"}
        session = self._session()
        with session.get(url, stream=True, allow_redirects=False, timeout=timeout, headers=headers) as answer:
            if answer.is_redirect:
                target = joined(url, answer.headers["Location"])
                if "__300" in target:  # how this museum's server answers for an unknown id
                    raise MissingError("the server knows no such image")
                return target
            check_status(answer)
            check_type(answer, kind)
            certain = says_its_length(answer)
            if kind.name == "table" and not (certain or sure):
                raise Again("the server does not say how long the table is, so a cut one could not be told from it")
            deadline.extend(seconds)
            data = read_body(answer, kind, deadline)
            if kind.name == "image":
                check_image(data, certain=certain)
            return data
