"""The order of thumbnails in the atlases: the first show the whole map, the others are next to their neighbours."""

from __future__ import annotations

import numpy as np

OVERVIEW = 4096  # thumbnails that a page loads to show the whole of a large collection
BITS = 16


def along_curve(positions: np.ndarray) -> np.ndarray:
    """Rows along a Z-order curve through the map: works next to each other on the map are mostly so in this order.

    Args:
        positions: float32 (n, 2), 0 to 1.

    Returns:
        int64 (n,).
    """
    cells = (np.clip(positions, 0, 1) * (2**BITS - 1)).astype(np.uint64)
    code = np.zeros(len(cells), dtype=np.uint64)
    for bit in range(BITS):
        for axis in range(2):
            code |= ((cells[:, axis] >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + axis)
    return np.argsort(code, kind="stable")


def cell_order(positions: np.ndarray) -> np.ndarray | None:
    """Rows in the order of the cells; None where the overview holds them all, and the order is that of the index.

    Args:
        positions: Of all works on the first map, float32 (n, 2), 0 to 1.

    Returns:
        int64 (n,): an even sample along the map's curve, then all others along it.
    """
    n = len(positions)
    if n <= OVERVIEW:
        return None
    curve = along_curve(positions)
    sampled = np.zeros(n, dtype=bool)
    sampled[np.linspace(0, n - 1, OVERVIEW).round().astype(np.int64)] = True
    return np.concatenate([curve[sampled], curve[~sampled]])
