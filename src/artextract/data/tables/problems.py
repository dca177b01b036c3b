"""What could not be used of a user's pictures and table, one line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd


class Problem(NamedTuple):
    """One file or row that is left out, or used only in part."""

    file: str  # path relative to the folder; "" where the row names none
    row: int | None  # as a spreadsheet numbers it, the first line is 1; None where the table does not know the file
    reason: str
    remedy: str


def as_table(problems: Iterable[Problem]) -> pd.DataFrame:
    """The problems as a table: file, row (Int64), reason, remedy."""
    table = pd.DataFrame(list(problems), columns=list(Problem._fields))
    return table.astype({"file": "str", "row": "Int64", "reason": "str", "remedy": "str"})
