"""What a section of the report is made of. Everything is text until the template escapes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Text:
    """A paragraph; ``missing`` marks a sentence that says what this run does not have."""

    text: str
    missing: bool = False
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Bullets:
    """Sentences, one below the other."""

    items: Sequence[str]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Table:
    """A table; its first column names the row.

    Attributes:
        caption: What it shows and how to read it.
        columns: Their names.
        rows: Cells as text, as many per row as there are columns.
        words: Columns, from 0, that hold words; the others hold numbers and are aligned to the right.
        folded: Shown when the reader opens it; for long tables that few will read.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int] = (0,)
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: counts, coloured by their share of the row.

    Attributes:
        caption: What it shows and how to read it.
        names: Classes.
        counts: Row = true, column = predicted.
    """

    caption: str
    names: Sequence[str]
    counts: Sequence[Sequence[int]]

    @property
    def shares(self) -> list[list[int]]:
        """Each count as a percentage of its row, 0 for a row without works."""
        return [[round(100 * n / sum(row)) if sum(row) else 0 for n in row] for row in self.counts]


@dataclass(frozen=True)
class Matrices:
    """Confusion matrices next to each other."""

    panels: Sequence[Matrix]
    kind: ClassVar[str] = "matrices"


@dataclass(frozen=True)
class Drawing:
    """One SVG that is part of the page, and what it shows in words for those who do not see it."""

    svg: str
    says: str


@dataclass(frozen=True)
class Drawings:
    """Drawings next to each other, below each other on a narrow page."""

    caption: str
    panels: Sequence[Drawing]
    kind: ClassVar[str] = "drawings"


@dataclass(frozen=True)
class Picture:
    """A picture that is part of the page.

    Attributes:
        source: Data URI.
        says: What it shows, in words.
        caption: Below it.
        width: Pixels.
        height: Pixels.
    """

    source: str
    says: str
    caption: str
    width: int
    height: int
    kind: ClassVar[str] = "picture"


Block = Text | Heading | Bullets | Table | Matrices | Drawings | Picture


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Attributes:
        id: Its anchor.
        title: Heading.
        lead: The first sentences: what the section is about.
        blocks: What it holds, in reading order.
    """

    id: str
    title: str
    lead: str
    blocks: Sequence[Block] = field(default_factory=list)


def missing(what: str, run: str, why: str) -> Text:
    """A sentence about a part that this run lacks; nothing is left out without one."""
    return Text(f"{what} missing: {run} has {why}.", missing=True)
