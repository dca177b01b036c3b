from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from artextract.measures.units import same_unit, without_blocks

relations = st.integers(1, 25).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 8), min_size=n, max_size=n).map(np.array), min_size=1, max_size=3)
)


def slowly(*given: np.ndarray) -> np.ndarray:
    """Merge two units as long as any of their rows share a value."""
    unit = list(range(len(given[0])))
    changed = True
    while changed:
        changed = False
        for i in range(len(unit)):
            for j in range(i):
                if unit[i] != unit[j] and any(relation[i] == relation[j] for relation in given):
                    unit = [unit[j] if u == unit[i] else u for u in unit]
                    changed = True
    numbers = {u: k for k, u in enumerate(dict.fromkeys(unit))}
    return np.array([numbers[u] for u in unit])


def test_a_chain_is_one_unit() -> None:
    """Rows 0 and 1 are by one painter, and row 1 is a near-duplicate of row 2, which is by another one."""
    painter, group = np.array(["ingres", "ingres", "delacroix", "corot"]), np.array([0, 1, 1, 2])
    assert same_unit(painter, group).tolist() == [0, 0, 0, 1]
    assert same_unit(painter).tolist() == [0, 0, 1, 2]


@given(relations)
def test_units_are_closed_over_all_relations(given: list[np.ndarray]) -> None:
    found = same_unit(*given)
    np.testing.assert_array_equal(found, slowly(*given))
    assert found.dtype == np.int64


@given(st.lists(st.integers(-2, 9), min_size=1, max_size=30).map(np.array), st.integers(1, 12), st.integers(0, 99))
def test_every_unit_is_left_out_once_and_as_a_whole(units: np.ndarray, blocks: int, seed: int) -> None:
    weights = without_blocks(units, blocks, seed)
    kinds = np.unique(units)
    assert weights.shape == (1 + min(blocks, len(kinds)), len(units))
    assert (weights[0] == 1).all() and set(np.unique(weights)) <= {0.0, 1.0}
    assert ((weights[1:] == 0).sum(axis=0) == 1).all()
    for unit in kinds:
        assert (np.ptp(weights[:, units == unit], axis=1) == 0).all()
    held = [len(np.unique(units[w == 0])) for w in weights[1:]]
    assert max(held) - min(held) <= 1  # blocks hold equally many units
    np.testing.assert_array_equal(weights, without_blocks(units, blocks, seed))


def test_no_rows_have_no_blocks() -> None:
    assert without_blocks(np.zeros(0, dtype=int), 10, 0).shape == (1, 0)
    assert same_unit(np.zeros(0, dtype=int)).tolist() == []
