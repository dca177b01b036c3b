"""Units of evidence: rows that belong together and are left out of a score as a whole."""

from __future__ import annotations

import numpy as np


def same_unit(*relations: np.ndarray) -> np.ndarray:
    """Units that are closed over several relations: rows that share a value in any of them are one unit.

    Args:
        relations: Arrays (n,) of any values that can be sorted, for example the painter and the near-duplicate group.

    Returns:
        int64 (n,): the unit of each row, numbered from 0 in order of the rows.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(relations[0])
    edges, nodes = [], n
    for relation in relations:
        kinds, member = np.unique(relation, return_inverse=True)
        edges.append(np.stack([np.arange(n), nodes + member]))
        nodes += len(kinds)
    rows, columns = np.concatenate(edges, axis=1)
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(nodes, nodes))
    found = connected_components(graph, directed=False)[1][:n]
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)


def without_blocks(units: np.ndarray, blocks: int, seed: int) -> np.ndarray:
    """Row weights of all rows, and of all rows but one block of units, for each block.

    Args:
        units: Unit of each row, (n,). A block holds whole units.
        blocks: Number of blocks. With no more units than that, each unit is a block of its own.
        seed: Seed of the order in which units are dealt to blocks.

    Returns:
        float64 (1 + blocks, n); the first row is all ones.
    """
    kinds, member = np.unique(units, return_inverse=True)
    count = min(blocks, len(kinds))
    block = np.random.default_rng(seed).permutation(len(kinds)) % max(1, count)
    left_out = block[member][None] == np.arange(count)[:, None]
    return np.concatenate([np.ones((1, len(units))), (~left_out).astype(np.float64)])
