"""Memory of large arrays goes back to the kernel where a collection is large.

Networks are faster when freed memory is kept (``runtime.keep_freed_memory``). Stages that make one array of hundreds of
megabytes after the other, of different sizes, would keep the holes between them: gigabytes at 100,000 works.
"""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD, M_MMAP_MAX = -3, -4
LARGE = 1 << 25  # bytes from which an array is mapped by itself; glibc allows no more
MAPPED = 1 << 16  # most of them at a time: glibc's default


def give_back() -> None:
    """Tell glibc to map large arrays by themselves, and so to return each when it is freed."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and returns large arrays anyway
        if mallopt is not None:
            mallopt(M_MMAP_MAX, MAPPED)
            mallopt(M_MMAP_THRESHOLD, LARGE)
