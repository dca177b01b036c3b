"""CSVs that a spreadsheet may open: text is never a formula, and reading gives back the text that was written.

A spreadsheet takes a cell for a formula by its first letter, whoever wrote it. An apostrophe in front makes it text;
where a text begins with apostrophes and would be a formula behind them it gets one more, so that one can be taken off
again without knowing which.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pandas as pd

_BEGINS = "=+@-\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
_BEGINS += "\N{SMALL EQUALS SIGN}\N{SMALL PLUS SIGN}\N{SMALL HYPHEN-MINUS}\N{SMALL COMMERCIAL AT}\N{MINUS SIGN}"
_FIRST = f"[{re.escape(_BEGINS)}]"
# Programs that decode addresses, strip blanks or leave out what is not seen come to what is behind them.
_UNSEEN = "\xad\u034f\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffc"
_BLANK = rf"(?:[\s{_UNSEEN}]|%(?:0[9AaDd]|20))*"
_FORMULA = re.compile(rf"'*(?:{_BLANK}{_FIRST}|[\t\r\n]|%0[9AaDd])")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:[eE][+-]?\d+)?%?")
_BEHIND = rf"(?='*(?:[^\S\t\n]|[{_UNSEEN}]|%20)*{_FIRST})"
_INNER = re.compile(rf"([;\t\n]){_BEHIND}")  # where a program with other separators, or none for lines, ends the cell
# C0 but tabs and line ends, and what turns the order of letters round.
_COMMANDS = re.compile("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_LINE_END, _TAB = re.compile(r"\r\n?"), re.compile(r"[\t\v\f]")
_INNER_WRITTEN = re.compile(rf"([;\t\n])'{_BEHIND}")


def is_formula(text: str) -> bool:
    """Whether a program could take a cell for a formula, perhaps behind apostrophes; numbers such as -1.5 are none."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def without_commands(text: str) -> str:
    """Text that commands nothing. Other characters stay, seen or not: a path of a list has to match a file's name."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _COMMANDS.sub("", _TAB.sub(" ", _LINE_END.sub("\n", text)))


def defused(text: str) -> str:
    """The text as it is written into a CSV: nothing in it is a formula, also where ";" or tabs separate cells."""
    if text[:1].isalnum() and text.isprintable() and ";" not in text:  # most cells
        return text
    text = without_commands(text)
    inner = _INNER.sub(r"\1'", text)
    return f"'{inner}" if is_formula(text) else inner


def restored(cell: str) -> str:
    """The text that ``defused`` made this cell of."""
    text = cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
    return _INNER_WRITTEN.sub(r"\1", text)


def _safe(cell: Any) -> Any:
    """A cell of any type: text is defused, and so is whatever would be written as text."""
    if isinstance(cell, str):
        return defused(cell)
    if cell is None or isinstance(cell, bool | int | float) or hasattr(cell, "dtype"):
        return cell
    text = str(cell)
    return defused(text) if is_formula(text) or without_commands(text) != text else cell


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose text, column names included, no spreadsheet runs; numbers, dates and truth values stay."""
    import pandas as pd

    made = []
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        if _may_hold_text(column):
            column = pd.Series([_safe(cell) for cell in column.tolist()], index=column.index, dtype=object)
        made.append(column)
    safe = pd.concat(made, axis=1) if made else table
    return safe.set_axis(pd.Index([_safe(name) for name in table.columns], dtype=object), axis=1)


_MARKUP = str.maketrans(
    "<>", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
)


def without_markup(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose text, column names included, can end no script and begin no tag of a page that holds it."""

    def plain(cell: Any) -> Any:
        return cell.translate(_MARKUP) if isinstance(cell, str) else cell

    return table.map(plain).rename(columns=plain)


def _may_hold_text(column: pd.Series) -> bool:
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    return not (is_numeric_dtype(column) or is_bool_dtype(column) or is_datetime64_any_dtype(column))


def read_csv(source: Path | BinaryIO, **options: Any) -> pd.DataFrame:
    """Read a CSV of ``files.write_table``: cells and column names as they were before they were defused.

    Args:
        source: The file.
        options: Of ``pandas.read_csv``.
    """
    import pandas as pd

    table = pd.read_csv(source, **options)
    table.columns = [restored(name) if isinstance(name, str) else name for name in table.columns]
    for name in table.columns:
        cells = table[name].tolist() if _may_hold_text(table[name]) else []
        if any(isinstance(cell, str) and "'" in cell for cell in cells):
            back = [restored(cell) if isinstance(cell, str) else cell for cell in cells]
            table[name] = pd.Series(back, index=table.index, dtype=table[name].dtype)
    return table
