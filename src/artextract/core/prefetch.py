"""Work done ahead by threads, so that images are decoded while a network computes; results come in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def prefetched(function: Callable[[A], B], items: Iterable[A], *, workers: int, ahead: int) -> Iterator[B]:
    """``map(function, items)``, computed ahead.

    Args:
        function: Called in threads; an exception is raised where its result would have come.
        items: Arguments.
        workers: Threads.
        ahead: Results at most that are under way or wait to be taken: the bound on memory.
    """
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[B]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # where the taker stops early, what has not begun is not begun
            for future in waiting:
                future.cancel()
