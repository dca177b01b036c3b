"""Ids of objects as museums write them: numbers, "SK-C-5", "1975.1.234", "1.0" where a spreadsheet meant 1."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.data.tables.text import tokens


def plain_ids(ids: pd.Series) -> pd.Series:
    """Ids without blanks around them and without the ".0" that spreadsheets put behind whole numbers."""
    return ids.str.strip().str.replace(r"^(\d+)\.0+$", r"\1", regex=True)


def key_of(text: str) -> str:
    """What two spellings of an id have in common: "SK-C-5", "sk c 5" and "SK_C_005"."""
    return "-".join(token.lstrip("0") or "0" for token in tokens(text))


def matched(ids: pd.Series, known: Sequence[str]) -> tuple[pd.Series, int]:
    """Ids of another table in the spelling of the objects' own.

    Args:
        ids: As the other table has them.
        known: Ids of the objects.

    Returns:
        The ids; one that no object has is replaced by the only object's id with the same ``key_of``, if there is
        one; and how many were replaced.
    """
    own = set(known)
    strange = {i for i in ids.unique() if i not in own}
    if not strange:
        return ids, 0
    by_key: dict[str, str | None] = {}
    for i in own:
        key = key_of(i)
        by_key[key] = None if key in by_key else i
    other = {i: found for i in strange if (found := by_key.get(key_of(i)))}
    return ids.map(lambda i: other.get(i, i)), int(ids.isin(other).sum())


def order_of(ids: pd.Series) -> pd.Series:
    """Ranks of ids: numbers by their value, then all others with the numbers inside them by value."""
    numbers = pd.to_numeric(ids, errors="coerce")

    def key(i: int) -> tuple[bool, float, list[tuple[bool, int, str]]]:
        value = numbers.iloc[i]
        parts = re.findall(r"\d+|\D+", ids.iloc[i])
        return bool(pd.isna(value)), 0.0 if pd.isna(value) else float(value), [_part(part) for part in parts]

    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[sorted(range(len(ids)), key=key)] = np.arange(len(ids))
    return pd.Series(ranks, index=ids.index)


def _part(part: str) -> tuple[bool, int, str]:
    digits = part.isascii() and part.isdigit()
    return not digits, int(part) if digits and len(part) < 4000 else 0, part
