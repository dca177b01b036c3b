"""One server as all workers see it together: its pace, the waits that it asks for, its rules, and whether it is up."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from artextract.data.museum.failures import ServerDown
from artextract.data.museum.robots import Rules

# A server is down after so many seconds without one good answer, and so many failures in a row on so many addresses.
PATIENCE, FAILURES, ADDRESSES = 60.0, 8, 3
REFUSALS = 50  # addresses in a row that a working server refuses (403, web pages for images)
RECOVERY, ONE_WAVE, SLOWEST = 0.98, 1.0, 30.0  # share of the interval; seconds; seconds between two requests
SLICE = 0.5  # seconds that a waiting worker sleeps before it looks whether all has ended


@dataclass
class Server:
    """State of one server, shared by all workers.

    Attributes:
        name: Scheme, host and port.
        interval: Seconds between two requests.
        rules: Its robots.txt once that is known.
        reading_rules: Held by the worker that asks for robots.txt; the others wait for what it learns.
    """

    name: str
    interval: float
    rules: Rules | None = None
    reading_rules: threading.Lock = field(default_factory=threading.Lock)
    _usual: float = 0.0  # the interval where nothing slows us down
    _slowed: float = -10.0  # when it was last made longer
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0
    _down: str = ""
    _since: float | None = None  # of the last good answer, or of the first request
    _failures: float = 0.0
    _failing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:  # noqa: D105
        self._usual = self.interval

    @property
    def down(self) -> str:
        """Why nothing more is asked of it; "" while it is up."""
        return self._down

    def check_up(self) -> None:
        """Stop where it is down.

        Raises:
            ServerDown: It is.
        """
        if self._down:
            raise ServerDown(self._down)

    def give_up(self, reason: str) -> ServerDown:
        """Ask nothing more of it; all workers learn why."""
        self._down = f"{self.name}: {reason}"
        return ServerDown(self._down)

    def pause(self, seconds: float) -> None:
        """Hold back every worker: when the server asks one of us to wait, it means all."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def slow_down(self, interval: float) -> None:
        """Keep at least this many seconds between two requests."""
        with self._lock:
            self._next += max(0.0, interval - self.interval)
            self._usual = max(self._usual, interval)
            self.interval = max(self.interval, interval)

    def take_turn(self) -> None:
        """Wait until a request may be sent; who waits already is held back by a later ``pause`` too.

        Raises:
            ServerDown: It went down in the meantime.
        """
        while True:
            self.check_up()
            with self._lock:
                now = time.monotonic()
                wait = self._next - now
                if wait <= 0:
                    self._next = now + self.interval
                    self._since = now if self._since is None else self._since
                    return
            time.sleep(min(wait, SLICE))

    def answered(self) -> None:
        """It has given what was asked for, or has said that there is no such thing: the count begins anew."""
        with self._lock:
            self.interval = max(self._usual, self.interval * RECOVERY)
            self._since, self._failures = time.monotonic(), 0.0
            self._failing.clear()

    def too_fast(self) -> None:
        """Ask more slowly: the server has refused a request as one too many. The pace recovers with good answers.

        At half the pace where nothing else was answered, and by a quarter where it may be one bad address.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._slowed > ONE_WAVE:  # those under way at the same moment are told the same
                factor = 1.25 if (self._since or 0.0) > self._slowed > 0 else 2.0
                self.interval, self._slowed = min(factor * self.interval, max(SLOWEST, self._usual)), now

    def failed(self, url: str, reason: str, *, told_to_wait: bool = False) -> None:
        """Count a failure that may pass; a server that only fails is down after a while.

        Args:
            url: Address of the request.
            reason: What happened.
            told_to_wait: The server answered and asked for a wait: that is not silence, and counts half.

        Raises:
            ServerDown: It is down now.
        """
        with self._lock:
            self._failures += 0.5 if told_to_wait else 1.0
            self._failing.add(url)
            silent = time.monotonic() - (self._since or 0.0)
            if self._failures < FAILURES or len(self._failing) < ADDRESSES or silent < PATIENCE:
                return
        raise self.give_up(f"no good answer for {silent:.0f} s, in the end: {reason}")

    def refused(self, url: str, reason: str) -> None:
        """Count an answer that will not get better; a server that gives only such ones is left alone.

        Raises:
            ServerDown: It is left alone from now on.
        """
        with self._lock:
            self._failing.add(url)
            if len(self._failing) < REFUSALS:
                return
        raise self.give_up(f"{REFUSALS} addresses in a row were refused, in the end: {reason}")
