"""Facets: columns by which works are filtered and coloured, as codes with counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.explorer.folder import NONE, write_numbers
from artextract.explorer.works import own_columns, painters, texts, years

MOST_OWN = 200  # categories of a user's own column; with more it is text, and not a facet
FIRST_TERMS = {"themes": "Theme", "styles": "Style", "schools": "School", "techniques": "Technique"}
ORDINALS = {1: "st", 2: "nd", 3: "rd"}


@dataclass(frozen=True)
class Facet:
    """One facet.

    Attributes:
        key: Name in addresses.
        label: Name for people.
        values: Category of each work (n,); "" without one.
        order: Categories in their natural order; None: the most frequent first.
        kind: category, or flag: works that have something and works that have not.
    """

    key: str
    label: str
    values: Sequence[str]
    order: Sequence[str] | None = None
    kind: str = "category"

    def categories(self) -> list[tuple[str, int]]:
        """Categories with their counts, in the order of their codes."""
        counts = Counter(value for value in self.values if value)
        if self.order is not None:
            return [(name, counts[name]) for name in self.order if counts[name]]
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:NONE]

    def codes(self) -> np.ndarray:
        """Code of each work's category, uint16 (n,); ``NONE`` without one."""
        place = {name: code for code, (name, _) in enumerate(self.categories())}
        return np.array([place.get(value, NONE) for value in self.values], dtype=np.uint16)

    def described(self) -> dict[str, Any]:
        """As the manifest holds it."""
        categories = [{"label": name, "count": count} for name, count in self.categories()]
        ordered = self.order is not None
        return {"key": self.key, "label": self.label, "categories": categories, "ordered": ordered, "kind": self.kind}


def readable(term: str) -> str:
    """A term for people: ``still_life`` becomes ``Still life``."""
    words = re.sub(r"[_-]+", " ", term).strip()
    return words[:1].upper() + words[1:]


def century(year: int | None) -> str:
    """Name of the century of a year; a year below 1 is before Christ, as astronomers count."""
    if year is None:
        return ""
    number = (year - 1) // 100 + 1 if year > 0 else -year // 100 + 1
    ending = "th" if 10 <= number % 100 <= 20 else ORDINALS.get(number % 10, "th")
    return f"{number}{ending} century" + ("" if year > 0 else " BC")


def simple_medium(medium: str) -> str:
    """A medium up to its first comma, semicolon or bracket: ``Oil on canvas``."""
    first = " ".join(re.split(r"[,;(\[]", medium, maxsplit=1)[0].split())
    return first[:1].upper() + first[1:].lower()


def _first_terms(cells: Iterable[Any]) -> list[str]:
    return [readable(str(cell[0])) if len(cell) else "" for cell in cells]


def _flag(key: str, label: str, chosen: np.ndarray) -> Facet:
    return Facet(key, label, ["yes" if value else "no" for value in chosen], ("yes", "no"), "flag")


def _media(index: pd.DataFrame) -> list[str]:
    simple = [simple_medium(medium) for medium in texts(index["medium"])]
    counts = Counter(simple)
    return [name if counts[name] > 1 or not name else "Other media" for name in simple]


def facets_of(index: pd.DataFrame, clusters: Sequence[str], shown: np.ndarray) -> list[Facet]:
    """All facets that tell works apart.

    Args:
        index: n works.
        clusters: Name of each work's cluster (n,); "" without one.
        shown: Works with a picture, boolean (n,).
    """
    known = years(index)
    order = [century(year) for year in sorted(year for year in known if year is not None)]
    terms = {name: label for name, label in FIRST_TERMS.items() if name in index}
    several = index["object_group"].duplicated(keep=False).to_numpy()
    found = [
        Facet("painter", "Painter", painters(index)),
        Facet("century", "Century", [century(year) for year in known], list(dict.fromkeys(order))),
        *(Facet(label.lower(), label, _first_terms(index[name])) for name, label in terms.items()),
        Facet("medium", "Medium", _media(index)),
        Facet("cluster", "Cluster", clusters, sorted(set(clusters) - {""}, key=_number)),
        *_own(index),
        _flag("qualified", "Attribution with reservation", index["artist_qualified"].notna().to_numpy()),
        _flag("duplicate", "Has a near-duplicate", several),
        _flag("shown", "Picture may be shown", shown),
    ]
    return [facet for facet in found if len(facet.categories()) > 1]


def _own(index: pd.DataFrame) -> list[Facet]:
    """A facet for each column of the user's own with few enough categories."""
    columns = {name: texts(column) for name, column in own_columns(index).items()}
    few = {name: cells for name, cells in columns.items() if 2 <= len(set(cells) - {""}) <= MOST_OWN}
    return [Facet(f"own.{name}", name, cells) for name, cells in few.items()]


def _number(name: str) -> int:
    return int(name.rsplit(" ", 1)[-1])


def write_facets(folder: Path, facets: Sequence[Facet]) -> list[dict[str, Any]]:
    """Write ``facets.bin``; the descriptions for the manifest."""
    write_numbers(folder / "facets.bin", *(facet.codes() for facet in facets))
    return [facet.described() for facet in facets]
