"""Text from outside as it is kept: no character that commands a terminal, hides, or turns the order of letters round.

Every table, list and name that people or museums give goes through ``clean`` once, when it is read. Letters of all
scripts, accents, and the joiners that Persian, the scripts of India and emoji are written with stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 10_000  # characters of a cell
LONGEST_NAME = 1_000  # characters of a title or a name, which are shown in one line
ELLIPSIS = "…"

_COMMAND = re.compile(  # of a terminal: colours, the cursor (CSI); the window's title (OSC) and other strings; the rest
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_BLANK = re.compile(r"\r\n|[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029\u115f\u1160\u3164\uffa0]")  # the last four: no ink
_BLANK_IN_LINE = re.compile(r"[\t\v\f\x1c-\x1f\u115f\u1160\u3164\uffa0]")
_LINE_END = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1
    "\xad\u034f\u061c\u180e\u200b\u200e\u200f\u2060-\u206f\ufeff\ufff9-\ufffc"  # without width; order; annotations
    "\u202a-\u202e"  # overrides and embeddings of the order; isolates are among those above
    "\ufdd0-\ufdef" + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "\U000e0000-\U000e007f\U0001d173-\U0001d17a]"
)  # fmt: skip
_JOINING = (  # scripts that are written with ZWJ and ZWNJ
    "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1a20-\u1aaf\u1b00-\u1c4f\ua840-\ua87f\ua8e0-\ua9ff\uaa60-\uaa7f"
    "\uabc0-\uabff\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
_PICTURED = "\u2190-\u2bff\u3030\u303d\ufe0f\u20e3\U0001f000-\U0001faff"  # symbols that emoji are made of
_JOINER = re.compile(
    f"(?<![{_JOINING}{_PICTURED}])[\u200c\u200d]|(?<=[{_PICTURED}])(?:\u200c|\u200d(?![{_PICTURED}]))"
    "|(?<=[\u200c\u200d])[\u200c\u200d]"
)
_REGION = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")  # Scotland's flag
_PRINTED_BUT_EMPTY = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]")  # what str.isprintable lets through


def is_clean(text: str) -> bool:
    """Whether text is what ``clean`` would make of it, its length aside."""
    return clean(text, longest=len(text)) == text


def clean(text: str, *, longest: int = LONGEST, lines: bool = False) -> str:
    """The text without characters that are not seen or that do something: the one function for all text from outside.

    Args:
        text: Any text.
        longest: Most characters; what is longer is cut and ends in "…".
        lines: Keep line ends (as "\\n"); otherwise they become blanks, as tabs do.

    Returns:
        Commands of terminals and control characters, characters without width, those that turn the order of letters
        round, and code points that are no characters are gone; halves of characters are put together or become the
        replacement character. Runs of blanks and the form of accents stay as they are.
    """
    if text.isprintable() and (text.isascii() or not _PRINTED_BUT_EMPTY.search(text)):
        return text if len(text) <= longest else _cut(text, longest)
    text = text[: 4 * longest + 64]  # the rest would be cut off: no work on it
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "\x1b" in text or not text.isascii():
        text = _COMMAND.sub("", text)
    text = _BLANK_IN_LINE.sub(" ", _LINE_END.sub("\n", text)) if lines else _BLANK.sub(" ", text)
    parts = [_JOINER.sub("", _HIDDEN.sub("", part)) for part in _REGION.split(text)]
    flags = [*_REGION.findall(text), ""]
    text = "".join(part + flag for part, flag in zip(parts, flags, strict=True))
    return text if len(text) <= longest else _cut(text, longest)


def _cut(text: str, longest: int) -> str:
    return text[: longest - 1].rstrip("\u200c\u200d ") + ELLIPSIS


class Counts(NamedTuple):
    """Cells that ``clean_cells`` has changed."""

    cleaned: int  # something was taken out; line ends and tabs that became blanks do not count
    cut: int  # too long

    def plus(self, other: Counts) -> Counts:
        """The sum of both."""
        return Counts(self.cleaned + other.cleaned, self.cut + other.cut)

    def named(self) -> dict[str, int]:
        """The counts as entries of a stage's metrics."""
        return {"text_cells_cleaned": self.cleaned, "text_cells_cut": self.cut}


NOTHING = Counts(0, 0)


def clean_cells(column: pd.Series, *, longest: int = LONGEST, lines: bool = False) -> tuple[pd.Series, Counts]:
    """A column of text, cleaned, and how many of its cells were not clean.

    Args:
        column: Text; cells that are none stay.
        longest: See ``clean``.
        lines: See ``clean``.
    """
    cells = column.tolist()
    if _are_plain([cell for cell in cells if isinstance(cell, str)], longest):
        return column, NOTHING
    made = [clean(cell, longest=longest, lines=lines) if isinstance(cell, str) else cell for cell in cells]
    changed = [i for i, (old, new) in enumerate(zip(cells, made, strict=True)) if old is not new and old != new]
    if not changed:
        return column, NOTHING
    cut = sum(len(cells[i]) > longest and len(made[i]) >= longest - 1 for i in changed)
    taken = sum(_blanked(cells[i]) != clean(cells[i], longest=len(cells[i])) for i in changed)
    import pandas as pd

    return pd.Series(made, index=column.index, dtype=column.dtype, name=column.name), Counts(taken, cut)


def _are_plain(cells: Sequence[str], longest: int) -> bool:
    """Whether a look at all cells together shows that none has to be changed: most columns of a large table."""
    together = "".join(cells)
    printed = together.isprintable() and (together.isascii() or not _PRINTED_BUT_EMPTY.search(together))
    return printed and max(map(len, cells), default=0) <= longest


def clean_table(table: pd.DataFrame, *, longest: int = LONGEST, lines: bool = False) -> tuple[pd.DataFrame, Counts]:
    """A table whose text cells are clean, and how many were not; the names of its columns are left to the caller."""
    total, made = NOTHING, {}
    for name in table.columns:
        column = table[name]
        cleaned, counts = clean_cells(column, longest=longest, lines=lines)
        if cleaned is not column:
            made[name] = cleaned
        total = total.plus(counts)
    return (table.assign(**made) if made else table), total


def _blanked(text: str) -> str:
    """The text with blanks for tabs and line ends, which ``clean`` does without calling the text unclean."""
    return re.sub(r"\r\n|[\t\n\r]", " ", text)
