"""One server as all workers see it together: its pace, the waits that it asks for, its rules, and whether it is up.

Pace and waits are shared with all other processes, on this machine or another one (``pace``). Rules, and whether it is
up, are what this process has seen.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from artextract.data.museum.failures import ServerDown
from artextract.data.museum.pace import Pace
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
        usual: Seconds between two requests where nothing slows us down.
        rules: Its robots.txt once that is known.
        reading_rules: Held by the worker that asks for robots.txt; the others wait for what it learns.
    """

    name: str
    usual: float
    rules: Rules | None = None
    reading_rules: threading.Lock = field(default_factory=threading.Lock)
    _slowed: float = 0.0  # when this process was last refused, 0 = never
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _down: str = ""
    _since: float | None = None  # of the last good answer, or of the first request
    _failures: float = 0.0
    _failing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:  # noqa: D105
        self._pace = Pace(self.name)

    @property
    def interval(self) -> float:
        """Seconds between two requests now."""
        return max(self.usual, self._pace.slowed_to)

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
            self._pace.pause(seconds)

    def slow_down(self, interval: float) -> None:
        """Keep at least this many seconds between two requests."""
        with self._lock:
            self.usual = max(self.usual, interval)

    def take_turn(self) -> None:
        """Wait until a request may be sent; who waits already is held back by a later ``pause`` too.

        Raises:
            ServerDown: It went down in the meantime.
        """
        while True:
            self.check_up()
            with self._lock:
                wait = self._pace.take(self.usual)
                if wait <= 0:
                    self._since = time.monotonic() if self._since is None else self._since
                    return
            time.sleep(min(wait, SLICE))

    def answered(self) -> None:
        """It has given what was asked for, or has said that there is no such thing: the count begins anew."""
        with self._lock:
            if self.interval > self.usual:
                self._pace.recover(RECOVERY)
            self._since, self._failures = time.monotonic(), 0.0
            self._failing.clear()

    def too_fast(self) -> None:
        """Ask more slowly: the server has refused a request as one too many. The pace recovers with good answers.

        At half the pace where nothing else was answered, and by a quarter where it may be one bad address.
        """
        with self._lock:
            factor = 1.25 if (self._since or 0.0) > self._slowed > 0 else 2.0
            self._pace.slow_down(self.usual, factor, most=SLOWEST, once_in=ONE_WAVE)
            self._slowed = time.monotonic()

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
