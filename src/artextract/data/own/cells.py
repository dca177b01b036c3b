"""What single cells say: a painter, keywords, a link, rights, a title or the lack of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from artextract.core.text import LONGEST_NAME
from artextract.data.tables.flags import YES
from artextract.data.tables.text import clean, fold, is_empty, squeeze

_UNKNOWN_ARTISTS = frozenset(
    map(
        squeeze,
        """unknown; unknown artist; artist unknown; unknown maker; unknown painter; unidentified; unidentified artist;
        anonymous; anonymous artist; anon; unbekannt; unbekannter Künstler; Künstler unbekannt; unbekannter Maler;
        unbekannter Meister; anonym; anonyme; anonymus; anonimo; anónimo; ignoto; autore ignoto; sconosciuto; onbekend;
        anoniem; kunstenaar onbekend; onbekende kunstenaar; inconnu; artiste inconnu; auteur inconnu; desconocido;
        autor desconocido; artista desconocido; ukendt; n/a; none; nan; null""".split(";"),
    )
)
_CENTURY_SCHOOL = re.compile(r"(?i)\b\d{1,2}(?:st|nd|rd|th) century$")  # "French 18th Century" names no painter
_UNTITLED = re.compile(
    r"\W*(?:untitled|no title|ohne titel|o\. ?t\.|unbetitelt|sans titre|sin titulo|senza titolo|zonder titel"
    r"|uden titel)\b"
)
_RESERVED = re.compile(
    r"©|\bcopyright(?:ed)?\b(?!\W*(?:free|expired))|all rights reserved|rights-?managed"
    r"|alle rechte vorbehalten|tous droits reserves|todos los derechos reservados|tutti i diritti riservati"
    r"|alle rechten voorbehouden|alle rettigheder"
    r"|rightsstatements\.org/\w+/inc\b|\bin copyright\b|urheberrechtlich geschutzt"
)
_FREE = re.compile(  # "no known copyright restrictions"
    r"\b(?:no|not|without|out of|free of|kein|keine|sans|sin|senza|geen|ingen)\b\W+(?:\w+\W+){0,3}?"
    r"(?:copyright|urheberrecht|droits?|derechos|diritti|auteursrecht)"
)


_SECURE_HOSTS = ("www.wikidata.org/", "hdl.handle.net/", "www.tate.org.uk/", "www.moma.org/", "www.metmuseum.org/")


def title_from_file(file: str) -> str:
    """A title for people from a file's name: no folder, no suffix, spaces for underscores (or for hyphens)."""
    stem = clean(PurePosixPath(file).stem)
    spaced = re.sub(r"_+", " ", stem)
    return clean(spaced if " " in spaced else re.sub(r"(?<=\w)-+(?=\w)", " ", spaced)) or "untitled"


def is_untitled(title: str) -> bool:
    """Whether a title says nothing about the picture, in any of the languages."""
    return is_empty(title) or bool(_UNTITLED.match(fold(title)))


def artist_of(cell: str) -> str:
    """The painter as written, in one line; "" for "unknown", "anonymous" and schools of a century."""
    name = clean("; ".join(part for part in re.split(r"\s*\|\s*", cell.strip().split("\n")[0]) if part), LONGEST_NAME)
    if is_empty(name) or squeeze(name) in _UNKNOWN_ARTISTS or _CENTURY_SCHOOL.search(name):
        return ""
    return name


def keywords_of(cell: str) -> list[str]:
    """Keywords of a cell, which separates them by bar, semicolon or line end, else by comma; "['a', 'b']" too."""
    if listed := re.fullmatch(r"\s*\[(.*)\]\s*", cell, re.DOTALL):  # a list as Python or JSON writes it
        words = re.findall(r"'([^']*)'|\"([^\"]*)\"", listed[1])
        cell = ";".join(one or other for one, other in words) if words else listed[1]
    parts = re.split(r"[|;\n]", cell)
    if len(parts) == 1:
        parts = cell.split(",")
    return list(dict.fromkeys(word for word in map(clean, parts) if not is_empty(word)))[:100]


def link_of(cell: str) -> str:
    """A link over https, "" for anything else; addresses of some museums are written with http and answer both."""
    text = clean(cell)
    if text.lower().startswith("http://") and text[7:].lower().startswith(_SECURE_HOSTS):
        text = "https://" + text[7:]
    return text if re.fullmatch(r"https://[^\s<>\"'\\]{4,2000}", text) else ""


def may_be_shown(flags: Sequence[str] | None, rights: Sequence[str]) -> list[bool]:
    """Whether each picture may be shown: by a flag, else unless its rights are reserved."""
    if flags is not None:
        return [squeeze(flag) in YES or squeeze(flag).startswith("cc0") for flag in flags]
    return [not _RESERVED.search(_FREE.sub("", fold(text))) for text in rights]
