"""What the reading of a museum's tables has to say: rows left out, words and columns that are not known, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from artextract.core.text import LONGEST_NAME, clean

MOST_LISTED = 1_000  # objects left out for one reason, one line each; the others are one line together
MOST_WORDS = 50  # unknown words of a column that are counted one by one
MOST_SHOWN = 5  # words in a line
COLUMNS = ["table", "column", "found", "wanted", "rows", "id", "title"]


@dataclass
class Notes:
    """What was found in the tables besides the paintings.

    Attributes:
        counts: Entries of the stage's metrics.
        lines: Lines for people, one per fact.
        left: Parts of left_out.csv.
    """

    counts: dict[str, object] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    left: list[pd.DataFrame] = field(default_factory=list)

    def leave_out(self, column: str, found: pd.Series, wanted: str, rows: pd.DataFrame, *, reason: str) -> None:
        """List rows that a filter has taken out, and say once what was found in them.

        Args:
            column: Table and column that decided, as "objects.classification".
            found: What stands there, one cell per row.
            wanted: What would have counted.
            rows: The rows themselves: objectid, and title where there is one.
            reason: Short name for the metrics.
        """
        self.counts[f"left_out.{reason}"] = int(str(self.counts.get(f"left_out.{reason}", 0))) + len(rows)
        if rows.empty:
            return
        table, _, name = column.partition(".")
        found = found.map(lambda cell: clean(str(cell), longest=LONGEST_NAME).strip() or "(empty)")
        titles = rows["title"] if "title" in rows else pd.Series("", index=rows.index)
        each = pd.DataFrame({"found": found, "id": rows["objectid"], "title": titles})
        first = each.groupby("found").cumcount() < MOST_LISTED
        rest = each[~first].groupby("found").size()
        more = pd.DataFrame({"found": rest.index, "rows": rest.to_numpy(), "id": "", "title": ""})
        part = pd.concat([each[first].assign(rows=1), more], ignore_index=True)
        self.left.append(part.assign(table=table, column=name, wanted=wanted)[COLUMNS])
        counts = {str(word): int(n) for word, n in found.value_counts().items()}
        self.lines.append(f"left out by {column}: {in_words(counts)}; wanted: {wanted}")

    def unknown(self, column: str, words: Mapping[str, int], known: str) -> None:
        """Say which words of a column are not known, and list how many rows they are in."""
        if not words:
            return
        table, _, name = column.partition(".")
        ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
        rest = sum(n for _, n in ranked[MOST_WORDS:])
        told = [*ranked[:MOST_WORDS], *([("(other words)", rest)] if rest else [])]
        for word, n in told:
            self.counts[f"unknown_words.{name}.{clean(word, longest=80)}"] = n
        rows = [[table, name, clean(word, longest=LONGEST_NAME), known, n, "", ""] for word, n in told]
        self.left.append(pd.DataFrame(rows, columns=pd.Index(COLUMNS)))
        self.lines.append(f"words that are not known in {column}: {in_words(words)}; known: {known}")

    def table(self) -> pd.DataFrame:
        """The rows of left_out.csv."""
        empty = pd.DataFrame(columns=pd.Index(COLUMNS))
        return pd.concat([empty, *self.left], ignore_index=True).astype({"rows": "int64"})


def in_words(counts: Mapping[str, int]) -> str:
    """Words with their numbers, the most frequent first: "'Drawing' 3 times, 'Print' once"."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{clean(word, longest=80)!r} {'once' if n == 1 else f'{n:,} times'}" for word, n in ranked[:MOST_SHOWN]]
    more = len(ranked) - MOST_SHOWN
    return ", ".join(shown) + (f" and {more:,} other words" if more > 0 else "")
