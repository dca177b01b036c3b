"""Measures the memory that a process holds, and limits it to what the machine has free."""

from __future__ import annotations

import ctypes
import sys
import threading
from pathlib import Path

SHARE = 0.8  # share of the machine's free memory that a process may take


class PeakMemory:
    """Watches the private memory of this process from a thread, and reports its peak above the start, in bytes."""

    def __enter__(self) -> PeakMemory:
        """Start watching. Memory freed before goes back to the kernel, since taking it again would not be counted."""
        if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
            trim(0)
        self._start = self._peak = self._now()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._end.set()
        self._thread.join()
        self._peak = max(self._peak, self._now())

    @staticmethod
    def _now() -> int:
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
        return int(fields["RssAnon"].split()[0]) * 1024

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            self._peak = max(self._peak, self._now())

    @property
    def held(self) -> int:
        """Peak in bytes, including what was held at the start."""
        return self._peak

    @property
    def bytes(self) -> int:
        """Peak in bytes above what was held at the start."""
        return self._peak - self._start


def limit_memory() -> None:
    """Limit this process's memory: work that does not fit ends with a MemoryError, not with the whole machine."""
    import resource

    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024
    limit = int(SHARE * free)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
