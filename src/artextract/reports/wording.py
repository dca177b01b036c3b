"""Numbers as the report writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

UNDEFINED = "undefined"


def number(value: Any, digits: int = 2) -> str:
    """A score with two decimals; a count as it is; "undefined" where there is no value."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return UNDEFINED
    if isinstance(value, bool | str):
        return str(value)
    if float(value).is_integer() and not isinstance(value, float):
        return f"{int(value):,}"
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")  # + 0.0: no sign before a zero


def between(value: Any, low: Any, high: Any, digits: int = 2) -> str:
    """A value with its interval: ``0.77 (0.64 to 0.86)``."""
    text = number(value, digits)
    if text == UNDEFINED or UNDEFINED in (number(low), number(high)):
        return text
    return f"{text} ({number(low, digits)} to {number(high, digits)})"


def of(metrics: Mapping[str, Any], key: str, digits: int = 2) -> str:
    """A metric with its interval, where ``<key>_low`` and ``<key>_high`` are there."""
    return between(metrics.get(key), metrics.get(f"{key}_low"), metrics.get(f"{key}_high"), digits)


def p_value(p: float | None, at_least: float = 0.0) -> str:
    """A p value; with "≤" where no draw contradicts it, so that it is a bound."""
    if p is None or not math.isfinite(p):
        return ""
    return f"{'≤ ' if p <= at_least * 1.01 and p < 1 else ''}{p:.3f}"


def counted(n: int, one: str, several: str = "") -> str:
    """A count with its noun: ``1 work``, ``1,204 works``."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def listed(words: list[str]) -> str:
    """Words in a sentence: ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
