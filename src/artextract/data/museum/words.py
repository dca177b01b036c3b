"""The words that decide which rows count, as usual museums write them: in any case, in the plural, in other languages.

A word that is not known is never passed over unseen: it is counted, and told with its column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from artextract.data.tables.flags import NO, YES
from artextract.data.tables.text import is_empty, squeeze

EMPTY = "(empty)"
_SAYS_NOTHING = frozenset(map(squeeze, "none; n/a; na; nan; null; no; by; von; par; artist; signed".split(";")))


def _set(words: str) -> frozenset[str]:
    return frozenset(squeeze(word) for word in words.split(";"))


@dataclass(frozen=True)
class Words:
    """What the words of one column mean.

    Attributes:
        meanings: Meaning to the words for it, squeezed.
        others: Words that are known to mean something else: their rows do not count, and nobody need be told.
        blank: Meaning of an empty cell; "" = unknown.
        all_blank: Meaning of every cell of a column that is empty from top to bottom.
    """

    meanings: Mapping[str, frozenset[str]]
    others: frozenset[str] = frozenset()
    blank: str = ""
    all_blank: str = ""

    def read(self, cells: pd.Series) -> tuple[pd.Series, dict[str, int]]:
        """What each cell means ("" = none of the meanings), and the unknown words with their number of rows."""
        distinct = [str(cell) for cell in cells.unique()]
        blank = self.all_blank if all(is_empty(cell) for cell in distinct) and self.all_blank else self.blank
        of = {cell: self._one(cell, blank) for cell in distinct}
        unknown = cells[cells.map({cell: meaning is None for cell, meaning in of.items()}).astype(bool)]
        counts = unknown.str.strip().value_counts().to_dict()
        return cells.map({cell: meaning or "" for cell, meaning in of.items()}), {
            str(word) or EMPTY: int(n) for word, n in counts.items()
        }

    def _one(self, cell: str, blank: str) -> str | None:
        if is_empty(cell):
            return blank or None
        word = squeeze(cell)
        for meaning, words in self.meanings.items():
            if word in words or word.removesuffix("s") in words:
                return meaning
        return "" if word in self.others or word.removesuffix("s") in self.others else None

    def known(self) -> str:
        """The words that count, for messages: of each meaning the first."""
        return ", ".join(self.meanings)


ROLES = Words(
    {
        "artist": _set(
            "artist; artist role; painter; creator; maker; author; Künstler; Künstlerin; Maler; Malerin; artiste; "
            "peintre; auteur; artista; pintor; pintora; autor; pittore; pittrice; autore; kunstenaar; schilder; "
            "vervaardiger; kunstner; kunstmaler"
        )
    },
    _set(
        "donor; source; owner; previous owner; former owner; publisher; printer; engraver; seller; buyer; lender; "
        "dealer; collector; sitter; subject; depicted; related; venue; vendor; commissioner; patron; editor"
    ),
    all_blank="artist",
)
KINDS = Words(
    {
        "individual": _set(
            "individual; person; people; human; natural person; man; woman; painter; artist; Einzelperson; Mensch; "
            "Künstler; personne; persona; persoon; pessoa"
        )
    },
    _set(
        "corporate; corporate body; corporation; company; institution; organization; organisation; group; couple; "
        "family; anonymous; unknown; purchase_fund; purchase fund; culture; workshop; school; Gruppe; Körperschaft; "
        "Institution; collectivité; groupe; grupo; gruppo; groep; animal"
    ),
    blank="individual",
)
VIEWS = Words(
    {
        "primary": _set(
            "primary; primary view; primary image; main; main view; main image; principal; preferred; default; front; "
            "recto; face; overall; full; full view; Hauptansicht; Hauptbild; Vorderseite; vue principale; avers; "
            "principale; voorzijde; hoofdafbeelding"
        )
    },
    _set(
        "alternate; alternative; additional; additional image; other; detail; back; reverse; verso; side; frame; edge; "
        "installation; installation view; in situ; crop; component; x-ray; x-radiograph; infrared; ultraviolet; raking "
        "light; before treatment; after treatment; unframed; framed; Rückseite; Detailansicht; dos; revers; retro; "
        "achterzijde"
    ),
    blank="primary",
)
TERMS = Words(
    {
        "Theme": _set("theme; Thema; Themen; thème; tema; onderwerp"),
        "Style": _set("style; movement; period style; Stil; Stilrichtung; estilo; stile; stijl"),
        "Keyword": _set(
            "keyword; tag; subject; subject term; subject matter; topic; depicts; iconography; iconclass; Schlagwort; "
            "Schlagwörter; Stichwort; mot-clé; mots-clés; sujet; palabra clave; etiqueta; parola chiave; soggetto; "
            "trefwoord; trefwoorden; emneord"
        ),
        "School": _set("school; Schule; école; escuela; scuola; nationality"),
        "Technique": _set("technique; medium; material; materials; Technik; técnica; tecnica; techniek"),
    },
    _set("Place Executed; Systematic Catalogue Volume; place; classification; object type; period; date; culture"),
    all_blank="Keyword",
)
VIRTUAL = Words({"no": NO | {squeeze("real"), "00"}, "yes": YES | {squeeze("virtual"), "10"}}, blank="no")
OPEN = Words({"yes": YES | {"10", "openaccess"}, "no": NO | {"00", "incopyright", "copyrighted"}})
HISTORY = Words(
    {"previous_attribution": _set("previous_attribution; former_attribution; old attribution; past attribution")},
    _set("previous_title; previous title; former title; previous_owner; current_location; inscription; markings"),
)
KINSHIP = Words({"inseparable": _set("inseparable"), "separable": _set("separable")})
RESERVED_ROLES = _set(
    "related artist; artist after; after; copy after; copyist; follower; follower of; circle of; manner of; style of; "
    "workshop; workshop of; studio of; school of; attributed to; imitator of; formerly attributed to"
)


def is_reservation(cell: str) -> bool:
    """Whether what stands before or behind a name takes something back: "workshop of", but neither "-" nor "by"."""
    return not is_empty(cell) and squeeze(cell) not in _SAYS_NOTHING


def is_class(cell: str, wanted: Iterable[str]) -> bool:
    """Whether a classification is one of those that are wanted: case, blanks and the plural do not matter.

    Args:
        cell: As the table has it; several may be separated by "|" or ";".
        wanted: Classifications; none = every one.
    """
    names = {_singular(name) for name in wanted}
    return not names or any(_singular(part) in names for part in cell.replace("|", ";").split(";"))


def _singular(word: str) -> str:
    plain = squeeze(word)
    return next((plain.removesuffix(end) for end in ("en", "s") if plain.endswith(end)), plain)
