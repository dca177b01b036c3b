"""The year of a work from a date as people write it, in English, German, French, Spanish, Italian and Dutch.

A range gives its middle, a century its middle, "early", "second half" and the like move it. Text that says no year
gives NaN; nothing here raises.
"""

from __future__ import annotations

import math
import re

from artextract.data.tables.text import fold

NEWEST, OLDEST = 2100, -4000
LONGEST_RANGE = 50  # years; a longer one is a painter's life and not a date
_ROMAN = {"i": 1, "v": 5, "x": 10}
_BEFORE_CHRIST = re.compile(r"\bb\.?\s?c\.?(?:\s?e\.?)?\b|\bv\.?\s?chr|\bav(?:ant)?\.?\s?j\.?-?\s?c|\ba\.?\s?c\.(?!\w)")
_CENTURY_WORD = r"(?:century|centuries|cent\b|jahrhunderts?|jh(?:dt?|s)?\b|siecles?|siglos?|secol[oi]|eeuw|sec\.?|s\.)"
_ORDINAL = r"(\d{1,2})\s*(?:\.|st|nd|rd|th|eme|er|ste|de|e|o|°|º)?"
_CENTURY = re.compile(
    rf"\b{_ORDINAL}(?:\s*(?:[-/]|to|bis|and|und|et|y|e|en|a|au|tot)\s*(?:early|fruhes?|debut)?\s*{_ORDINAL})?\s*{_CENTURY_WORD}"
    rf"|\b([ivx]{{1,5}})(?:e|eme)?(?:\s*[-/]\s*([ivx]{{1,5}})(?:e|eme)?)?\s*{_CENTURY_WORD}"
    rf"|{_CENTURY_WORD}\s*([ivx]{{1,5}})\b(?:\s*[-/]\s*([ivx]{{1,5}})\b)?"
)
_DECADE = re.compile(r"\b(1\d\d0|20\d0)(?:'?s\b|er\b)|\b(?:annees|anni|anos|jaren)\s+(1\d\d0|20\d0)\b")
_ISO = re.compile(r"^[+]?(-?\d{4})-\d\d-\d\d(?:t[\d:.]+z?)?$")
_RANGE = re.compile(r"(?<!\d)(\d{3,4})\s?[-/]\s?(\d{1,2})(?![\d.])")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_SHORT_YEAR = re.compile(r"^[^\d']{0,12}(\d{1,3})(?:\s?-\s?(\d{1,3}))?\D{0,12}$")
_FIRST = r"\b(?:first|1st|1\.|erste[ns]?|premiere?|1ere?|1re|primera?|primo|prima|eerste)\s*"
_SECOND = r"\b(?:second|2nd|2\.|zweite[ns]?|deuxieme|seconde|2e|segund[oa]|second[oa]|tweede)\s*"
_THIRD = r"\b(?:third|3rd|3\.|dritte[ns]?|troisieme|3e|tercer|terzo|derde)\s*"
_LAST = r"\b(?:last|fourth|4th|4\.|letzte[ns]?|dernier|4e|ultimo|cuarto|laatste)\s*"
_QUARTER, _HALF = "(?:quarter|viertel|quart|cuarto|kwart)", "(?:half|halfte|moitie|mitad|meta|helft)"
_PARTS = [  # years after the beginning of a century
    (_FIRST + _QUARTER, 12.5),
    (_SECOND + _QUARTER, 37.5),
    (_THIRD + _QUARTER, 62.5),
    (_LAST + _QUARTER, 87.5),
    (_FIRST + _HALF, 25),
    (_SECOND + _HALF, 75),
    (r"\b(?:early|beginning|fruhe[sn]?|anfang|beginn|debut|principios|inizio|inizi|vroege?|begin)\b", 15),
    (r"\b(?:late|end|spate[sn]?|ende|fin|finales|fine|tardo|eind)\b", 85),
]


def year_of(text: str) -> float:
    """The year that a date stands for, NaN where it says none.

    Args:
        text: A date as written, for example "ca. 1650-60", "17th century", "1889/90", "um 1500", "vers 1880".

    Returns:
        The year, or the middle of the range; years before Christ are negative.
    """
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", fold(text[:500])).strip()
    for read in (_iso, _centuries, _decade, _years, _short):
        year = read(plain)
        if year is not None:
            year = -year if year > 0 and _BEFORE_CHRIST.search(plain) else year
            return float(year) if OLDEST <= year <= NEWEST and year else math.nan
    return math.nan


def middle(begin: float, end: float) -> float:
    """The middle of a range of years; NaN where a side is unknown (0 counts as unknown) or the range is too long."""
    if not (begin and end and 0 <= end - begin <= LONGEST_RANGE):
        return math.nan
    return (begin + end) / 2


def number(cell: str) -> float:
    """A year in a column of years; 0 where there is none. Dates as SMK writes them count too."""
    text = cell.strip()
    return float(text) if re.fullmatch(r"-?\d{1,4}(?:\.0+)?", text) else year_of(text) if text else 0.0


def _iso(text: str) -> float | None:
    found = _ISO.match(text)
    return float(found[1]) if found else None


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))


def _centuries(text: str) -> float | None:
    found = _CENTURY.search(text)
    if not found:
        return None
    numbers = [int(g) if g.isdigit() else _roman(g) for g in found.groups() if g]
    if not all(1 <= n <= 21 for n in numbers):
        return None
    after = next((years for pattern, years in _PARTS if re.search(pattern, text)), 50)
    starts = [(n - 1) * 100 + (after if len(numbers) == 1 else 50) for n in numbers]
    return sum(starts) / len(starts)


def _decade(text: str) -> float | None:
    found = _DECADE.search(text)
    return float(found[1] or found[2]) + 5 if found else None


def _completed(match: re.Match[str]) -> str:
    """The range "1650-60" written out; "1889-05" is a month and keeps its year alone."""
    begin, end = match[1], match[2]
    full = begin[: len(begin) - len(end)] + end
    return f"{begin} {full}" if int(full) >= int(begin) else begin


def _years(text: str) -> float | None:
    for clause in re.split(r"[,;(\[]", text):
        years = [int(y) for y in _YEAR.findall(_RANGE.sub(_completed, clause)) if int(y) <= NEWEST]
        if len(years) == 1 or (len(years) > 1 and years[0] == years[1]):
            return years[0]
        if years:
            middle_year = middle(*sorted(years[:2]))
            return None if math.isnan(middle_year) else middle_year
    return None


def _short(text: str) -> float | None:
    """A year of one to three digits, where the text is little else."""
    found = _SHORT_YEAR.match(text)
    if not found:
        return None
    years = [int(y) for y in found.groups() if y]
    if len(years) == 1 and (len(found[1]) == 3 or _BEFORE_CHRIST.search(text)):
        return years[0]
    return sum(years) / 2 if len(years) == 2 and _BEFORE_CHRIST.search(text) else None
