"""The pace at which a server is asked, agreed upon by all processes and machines that share a folder.

A file per server holds when it was last asked, until when it wants to be left alone, and the interval to which it has
slowed us down. Whoever wants to ask locks the file for as long as it takes to look and to write (``flock``, which
NFSv4 and Lustre pass on to other machines). The kernel gives the lock of a process that was killed back.

Machines that share a folder must have clocks in step (NTP). A clock that is wrong makes nobody wait for it: an interval
that has passed by the clock of this process counts too.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder, user_path
from artextract.core.words import in_words

VARIABLE = "ARTEXTRACT_PACE"
FORM = struct.Struct("<4d")
LONGEST_PAUSE = 3600.0  # seconds: a pause that ends later than this from now was written by a clock that was wrong
FORGOTTEN = 600.0  # seconds without a request after which a server's refusals are those of another day


@dataclass
class _State:
    """What the file of a server holds; times are those of ``time.time()``, all numbers in seconds.

    Attributes:
        last: When the server was last asked.
        paused: Until when nothing is asked.
        interval: Between two requests since the server has refused one as one too many; 0: as everybody wants.
        slowed: When that was last made longer.
    """

    last: float = 0.0
    paused: float = 0.0
    interval: float = 0.0
    slowed: float = 0.0

    @staticmethod
    def read(descriptor: int) -> _State:
        """From a file; one that was cut or damaged says nothing."""
        data = os.pread(descriptor, FORM.size, 0)
        numbers = FORM.unpack(data) if len(data) == FORM.size else ()
        return _State(*numbers) if numbers and all(math.isfinite(n) and n >= 0 for n in numbers) else _State()

    def write(self, descriptor: int) -> None:
        """Into a file."""
        os.pwrite(descriptor, FORM.pack(self.last, self.paused, self.interval, self.slowed), 0)


def pace_folder() -> Path:
    """The folder of the files: ``ARTEXTRACT_PACE``, else one in the cache, which processes of one machine share."""
    value = os.environ.get(VARIABLE)
    return user_path(value) if value else cache_folder() / "pace"


@dataclass
class Pace:
    """The pace of one server, shared by all who name the same server in the same folder.

    Attributes:
        name: Scheme, host and port.
        folder: Of the shared files.
        slowed_to: The interval to which the server had slowed everybody down when the file was last looked at, or 0.
    """

    name: str
    folder: Path = field(default_factory=pace_folder)
    slowed_to: float = 0.0
    _seen: tuple[float, float] = (0.0, 0.0)  # a last request, and when it was first seen by the clock of this process

    @property
    def file(self) -> Path:
        """The file of the server."""
        return self.folder / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', self.name)[:80]}-{content_key(self.name)[:8]}.pace"

    def take(self, interval: float) -> float:
        """Take the next turn if its time has come.

        Args:
            interval: Seconds that the caller wants between two requests at least.

        Returns:
            0 where a request may be sent now; otherwise seconds after which it is worth to ask again.

        Raises:
            ArtExtractError: The folder cannot be written, or cannot be locked.
        """
        with self._held() as state:
            now, here = time.time(), time.monotonic()
            if state.last != self._seen[0]:
                self._seen = state.last, here
            spacing = max(interval, state.interval)
            pause = state.paused - now
            gap = min(state.last + spacing - now, self._seen[1] + spacing - here) if state.last else 0.0
            wait = max(gap, pause if pause <= LONGEST_PAUSE else 0.0)
            if wait <= 0:
                state.last = now
                self._seen = now, here
            return max(0.0, wait)

    def pause(self, seconds: float) -> None:
        """Hold back everybody for so many seconds from now; a longer pause stays."""
        with self._held() as state:
            now = time.time()
            known = state.paused if state.paused <= now + LONGEST_PAUSE else 0.0
            state.paused = max(known, now + seconds)

    def slow_down(self, usual: float, factor: float, *, most: float, once_in: float) -> None:
        """Make the interval longer for everybody.

        Args:
            usual: Interval of the caller where nothing slows it down.
            factor: By how much.
            most: Longest interval.
            once_in: Seconds in which all who are refused count once: their requests were under way together.
        """
        with self._held() as state:
            now = time.time()
            if not 0 <= now - state.slowed <= once_in:
                state.interval, state.slowed = min(factor * max(usual, state.interval), max(most, usual)), now

    def recover(self, share: float) -> None:
        """Shorten an interval that was made longer to this share of it; callers keep to their usual one in any case."""
        with self._held() as state:
            state.interval *= share

    @contextmanager
    def _held(self) -> Iterator[_State]:
        """The state, under the lock of its file; what the block changes is written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                self._lock(descriptor)
                state = _State.read(descriptor)
                before = replace(state)
                if time.time() - max(state.last, state.slowed) > FORGOTTEN:
                    state.interval = 0.0
                yield state
                self.slowed_to = state.interval
                if state != before:
                    state.write(descriptor)
            finally:
                os.close(descriptor)  # which gives the lock back
        except OSError as error:
            raise in_words(error, self.file) or error from error

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise ArtExtractError(
                f"the file cannot be locked: {error.strerror}",
                where=str(self.file),
                remedy=f"export {VARIABLE}=FOLDER, a folder on a disk with locks that all machines share",
            ) from error
