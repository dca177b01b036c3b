"""A user's works as rows of an index, in the columns that a museum's works have. Pure functions of tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.data.museum.names import PREFIX
from artextract.data.own.works import EXTRA

LISTS = ("themes", "styles", "keywords", "schools", "techniques", "former_attributions")
TEXTS = ("assistivetext", "parentid", "series", "portfolio")  # a museum's columns that a user's table has not
MOST_LABELS = 6  # columns that are made judges unasked
LABEL_LETTERS = 60  # a longer text describes one work and is no label
LEAST_SHARED = 0.5  # share of the filled cells whose value another work has too, in a column that is a label
NOBODY = re.compile(
    r"(?i)^\W*(unknown|unidentified|anonym\w*|unbekannt\w*|inconnu\w*|an[oó]nimo\w*|desconocid\w*|sconosciut\w*|"
    r"onbekend\w*|n\.? ?n\.?)\b"
)
RESERVED = re.compile(
    r"(?i)^\W*(?:attributed to|workshop of|studio of|circle of|follower of|school of|manner of|style of|copy after"
    r"|after|zugeschrieben(?: an)?|werkstatt (?:des|der|von)|umkreis (?:des|der|von)|nachfolger (?:des|der|von)"
    r"|nach|attribu[ée]e? [aà]|atelier de|entourage de|suiveur de|d'apr[eè]s|atribuid[oa] a|taller de|seguidor de"
    r"|attribuit[oa] a|bottega di|cerchia di|seguace di|toegeschreven aan|atelier van|omgeving van|navolger van"
    r"|naar)\s+"
)


def plain(text: str) -> str:
    """A name without case, accents and punctuation: what counts as the same name."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(c for c in letters if not unicodedata.combining(c))))


def painters(names: pd.Series) -> pd.DataFrame:
    """Who painted each work, as a museum's index says it.

    Args:
        names: As the table writes them; "" = unknown (n,).

    Returns:
        artist (key of the painter, null unless it is by him without reservation), artist_qualified (key of the
        painter behind "workshop of", "attributed to", "after" and the like), artist_name (null where there is none).
    """
    names = names.str.strip()
    qualified = names.str.match(RESERVED)
    bare = names.str.replace(RESERVED, "", regex=True)
    key = bare.map(plain)
    named = (key != "") & ~bare.str.match(NOBODY)
    return pd.DataFrame(
        {
            "artist": key.where(named & ~qualified).astype("string"),
            "artist_qualified": key.where(named & qualified).astype("string"),
            "artist_name": bare.where(named).astype("string"),
        }
    )


def label_columns(works: pd.DataFrame) -> list[str]:
    """Names of the table's other columns that divide the works into kinds, and so can be judges; at most six.

    Args:
        works: Columns ``extra.<name>``, "" where a cell is empty.
    """
    found = []
    for column in works.columns[works.columns.str.startswith(EXTRA)]:
        cells = works[column].astype("string").fillna("").str.strip()
        cells = cells[cells != ""]
        counts = cells.value_counts()
        if len(counts) >= 2 and cells.str.len().max() <= LABEL_LETTERS:
            shared = float(cells.map(counts).gt(1).mean())
            if shared >= LEAST_SHARED:
                found.append((-shared * len(cells), column.removeprefix(EXTRA)))
    return [name for _, name in sorted(found)[:MOST_LABELS]]


def labels(works: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns ``label.<name>``: the cells of the table's own columns, null where they are empty.

    Raises:
        ArtExtractError: The table has no such column.
    """
    there = [name.removeprefix(EXTRA) for name in map(str, works.columns) if name.startswith(EXTRA)]
    if absent := [name for name in names if name not in there]:
        raise ArtExtractError(
            f"the table has no column {', '.join(map(repr, absent))} besides those that are read as fields",
            where="nga.labels in params.yaml",
            remedy=f"columns that can be judges: {', '.join(there) or 'none'}",
        )
    cells = {PREFIX + name: works[EXTRA + name].astype("string").str.strip() for name in names}
    return pd.DataFrame({name: cell.where(cell != "") for name, cell in cells.items()}, index=works.index)


def index_rows(works: pd.DataFrame, judged: Sequence[str]) -> pd.DataFrame:
    """Everything that is known of the works, one row per work, in the order of the works.

    Args:
        works: As ``read_own`` gives them; n works.
        judged: Names of columns that become labels.
    """
    n = len(works)
    empty = pd.Series([[] for _ in range(n)], index=works.index, dtype=object)
    rows = pd.DataFrame(
        {
            "id": works["id"].astype(str),
            "title": works["title"],
            "titled": works["titled"].astype(bool),
            "attribution": works["artist"],
            "displaydate": works["date"],
            "medium": works["medium"],
            "year": works["year"].astype(float),
            **painters(works["artist"].astype("string").fillna("")),
            **{name: works["keywords"].map(list) if name == "keywords" else empty.map(list) for name in LISTS},
            **{name: pd.Series(pd.NA, index=works.index, dtype="string") for name in TEXTS},
            "sibling_group": np.arange(n),
            "physical_group": np.arange(n),
            "open_access": works["open_access"].astype(bool),
            "credit": works["credit"],
            "link": works["link"],
            "rights": works["rights"],
            "file": works["file"],
            "url": works["url"],
        }
    )
    extra = works[[column for column in works if str(column).startswith(EXTRA)]].astype("string").fillna("")
    return pd.concat([rows, labels(works, judged), extra], axis=1).reset_index(drop=True)
