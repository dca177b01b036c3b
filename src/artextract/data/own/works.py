"""From matched rows to works: one row per picture, the same columns whatever the table looked like."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from artextract.data.own.text import clean, fold, is_empty, squeeze
from artextract.data.own.years import middle, year_of

EXTRA = "extra."
FOLDER = EXTRA + "folder"
COLUMNS = (
    "id", "file", "url", "title", "titled", "artist", "date", "year", "medium", "credit", "link", "rights",
    "open_access", "keywords",
)  # fmt: skip
_LONGEST_ID = 80
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
    r"©|\bcopyright\b(?!.*\b(?:free|expired|no\b|not\b))|all rights reserved|alle rechte vorbehalten|rights-?managed"
    r"|tous droits reserves|todos los derechos reservados|tutti i diritti riservati|alle rechten voorbehouden"
    r"|rightsstatements\.org/\w+/inc\b|\bin copyright\b|urheberrechtlich geschutzt"
)
_YES = frozenset("true 1 yes y ja oui si vrai wahr x cc0 open pd publicdomain publicdomainmark".split())
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
    name = clean("; ".join(part for part in re.split(r"\s*\|\s*", cell.strip().split("\n")[0]) if part))
    if is_empty(name) or squeeze(name) in _UNKNOWN_ARTISTS or _CENTURY_SCHOOL.search(name):
        return ""
    return name


def keywords_of(cell: str) -> list[str]:
    """Keywords of a cell, which separates them by bar, semicolon or line end, else by comma."""
    parts = re.split(r"[|;\n]", cell)
    if len(parts) == 1:
        parts = cell.split(",")
    return list(dict.fromkeys(word for word in map(clean, parts) if not is_empty(word)))[:100]


def link_of(cell: str) -> str:
    """A link over https, "" for anything else; addresses of some museums are written with http and answer both."""
    text = cell.strip()
    if text.lower().startswith("http://") and text[7:].lower().startswith(_SECURE_HOSTS):
        text = "https://" + text[7:]
    return text if re.fullmatch(r"https://[^\s<>\"'\\]{4,2000}", text) else ""


def safe_id(text: str) -> str:
    """The text in ASCII letters, digits, dot, hyphen and underscore; where that loses something, a hash is added."""
    plain = unicodedata.normalize("NFKD", text.strip()).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:_LONGEST_ID]
    if safe == text:
        return safe
    mark = hashlib.sha256(unicodedata.normalize("NFC", text.strip()).encode()).hexdigest()[:6]
    return f"{safe}-{mark}" if safe else mark


def work_ids(own: Sequence[str], files: Sequence[str]) -> tuple[list[str], list[int]]:
    """A different id for each work, which other works do not change.

    Args:
        own: The table's id or inventory number, "" where there is none.
        files: File or address of each work.

    Returns:
        The ids, and positions of works whose own id an earlier work has already: these are named after their file.
    """
    texts = [text.strip().rstrip("/").rpartition("/")[2] if "://" in text else text.strip() for text in own]
    repeated = pd.Series([t for t in texts if t], dtype=object).duplicated().mean() if any(texts) else 0
    if repeated > 0.5:  # a column that counts within albums, or says the collection's name: no id
        texts = [""] * len(texts)
    taken: set[str] = set()
    ids, doubles = [], []
    for position, (text, file) in enumerate(zip(texts, files, strict=True)):
        name = safe_id(text) if text and not is_empty(text) else ""
        if name and name in taken:
            doubles.append(position)
        if not name or name in taken:
            name = safe_id(str(PurePosixPath(file).with_suffix("")) if file else "work")
        if name in taken:
            name = safe_id(f"{file} ")
        while name in taken:
            name += "-2"
        taken.add(name)
        ids.append(name)
    return ids, doubles


def _number(cell: str) -> float:
    """A year in a column of years; 0 where there is none. Dates as SMK writes them count too."""
    text = cell.strip()
    return float(text) if re.fullmatch(r"-?\d{1,4}(?:\.0+)?", text) else year_of(text) if text else 0.0


def _years(column: Mapping[str, Sequence[str]], n: int) -> list[float]:
    """The year of each work: from first and last year, else a column of years, else the date as written."""
    empty = [""] * n
    years = []
    for begin, end, year, date in zip(
        *(column.get(name, empty) for name in ("year_from", "year_to", "year", "date")), strict=True
    ):
        first, last = _number(begin), _number(end)
        options = (middle(first, last or first), year_of(year) if year else float("nan"), year_of(date))
        years.append(next((option for option in options if option == option), float("nan")))
    return years


def _open(flags: Sequence[str] | None, rights: Sequence[str]) -> list[bool]:
    """Whether each picture may be shown: by a flag, else unless its rights are reserved."""
    if flags is not None:
        return [squeeze(flag) in _YES or squeeze(flag).startswith("cc0") for flag in flags]
    return [not _RESERVED.search(fold(text)) for text in rights]


def build_works(
    column: Mapping[str, Sequence[str]], files: Sequence[str], urls: Sequence[str], extra: pd.DataFrame
) -> tuple[pd.DataFrame, list[int]]:
    """The table of works.

    Args:
        column: Field to cells, for the fields that the table has; n cells each.
        files: File of each work, "" where it has only an address.
        urls: Address of each work's image, "" where it has a file.
        extra: Further columns, n rows.

    Returns:
        ``COLUMNS`` and ``extra.<name>``, one row per work; positions of works whose id was taken already.
    """
    n = len(files)
    blank = [""] * n
    text = {name: [clean(cell) for cell in column.get(name, blank)] for name in ("title", "date", "medium", "credit")}
    rights = [clean(cell) for cell in column.get("rights", blank)]
    ids, doubles = work_ids(column.get("id", blank), [f or u for f, u in zip(files, urls, strict=True)])
    titles = [
        title if not is_empty(title) else title_from_file(f or u)
        for title, f, u in zip(text["title"], files, urls, strict=True)
    ]
    works = pd.DataFrame(
        {
            "id": pd.Series(ids, dtype="str"),
            "file": pd.Series(files, dtype="str"),
            "url": pd.Series(urls, dtype="str"),
            "title": pd.Series(titles, dtype="str"),
            "titled": pd.Series([not is_untitled(title) for title in text["title"]], dtype=bool),
            "artist": pd.Series([artist_of(cell) for cell in column.get("artist", blank)], dtype="str"),
            "date": pd.Series(text["date"], dtype="str"),
            "year": pd.Series(_years(column, n), dtype="float64"),
            "medium": pd.Series(text["medium"], dtype="str"),
            "credit": pd.Series(text["credit"], dtype="str"),
            "link": pd.Series([link_of(cell) for cell in column.get("link", blank)], dtype="str"),
            "rights": pd.Series(rights, dtype="str"),
            "open_access": pd.Series(_open(column.get("open_access"), rights), dtype=bool),
            "keywords": pd.Series([keywords_of(cell) for cell in column.get("keywords", blank)], dtype=object),
        }
    )
    more = {EXTRA + str(name): pd.Series([clean(cell) for cell in extra[name]], dtype="str") for name in extra}
    kept = {name: cells for name, cells in more.items() if (cells != "").any()}
    folders = pd.Series([f.rpartition("/")[0] for f in files], dtype="str")
    if folders.nunique() > 1 and FOLDER not in kept:
        kept[FOLDER] = folders
    return pd.concat([works, pd.DataFrame(kept, index=works.index)], axis=1), doubles
