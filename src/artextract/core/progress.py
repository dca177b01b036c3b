"""Progress of long work on stderr, with the time that is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(
    items: Iterable[T], describe: str, unit: str, *, total: int | None = None, leave: bool = True
) -> Iterator[T]:
    """Yield the items, and show on stderr how many are done and how long the rest will take.

    Args:
        items: Work to go through.
        describe: Name of the work, in front of the bar.
        unit: Name of one item: ``img``, ``space``.
        total: Number of items where ``items`` has no length.
    """
    from tqdm import tqdm

    yield from tqdm(items, desc=describe, unit=unit, total=total, mininterval=1)
