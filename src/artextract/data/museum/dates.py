"""The year of a work from a museum's first and last year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.data.tables.years import NEWEST, OLDEST

LIFE_SPAN_YEARS = 30  # a longer span is a painter's life and not a date


def years(begin: pd.Series, end: pd.Series) -> tuple[pd.Series, dict[str, int]]:
    """The middle of first and last year; one of them alone stands for both.

    Args:
        begin: Numbers, NaN where there is none; negative before Christ.
        end: The same.

    Returns:
        Years, NaN where none can be told; and how many works have an end alone, a begin alone, an end before their
        begin, a span as long as a life, or a year that cannot be (0, or beyond ``NEWEST`` and ``OLDEST``).
    """
    possible = [side.where((side != 0) & side.between(OLDEST, NEWEST)) for side in (begin, end)]
    impossible = (begin.notna() & possible[0].isna()) | (end.notna() & possible[1].isna())
    first, last = possible
    only_begin, only_end = first.notna() & last.isna(), first.isna() & last.notna()
    span = last.fillna(first) - first.fillna(last)
    dated = span.between(0, LIFE_SPAN_YEARS - 1)
    middle = (first.fillna(last) + last.fillna(first)) / 2
    return middle.where(dated, np.nan), {
        "years_by_begin_alone": int(only_begin.sum()),
        "years_by_end_alone": int(only_end.sum()),
        "years_reversed": int((span < 0).sum()),
        "years_of_a_life": int((span >= LIFE_SPAN_YEARS).sum()),
        "years_impossible": int(impossible.sum()),
    }
