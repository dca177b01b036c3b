"""Names in the lists against names of files: renamed and re-encoded ones are found, nothing is guessed.

Names differ by accidents of encoding (``readings``), by Unicode normalisation, by accents, letters or punctuation that
got lost, by their suffix, or by folders above the style folder. A file is taken only where it is the one file that fits
the listed path, and the path the one path that fits the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from artextract.data.wikiart.readings import in_other_code_pages, readings, undo_mojibake

__all__ = ["Resolution", "fold", "resolve", "undo_mojibake"]

Key = tuple[str, str]  # folder and file name, folded
Keys = Callable[[str], Collection[str]]  # all folded forms of one part of a path

LATIN = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"})
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa"})
ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]")
SUFFIX = re.compile(r"\.(jpe?g|jpe|jfif|png|webp|tiff?|bmp|gif|jp2|avif|heic)[. ]*$", re.IGNORECASE)
COPY = re.compile(
    r"(?: \(\d{1,2}\)| ?- ?[Cc]opy| [Cc]opy)$"
)  # of file managers and browsers; WikiArt's "(1)" has no blank
MARKED = re.compile(r"[?%#&=\\]")  # escapes, and signs that letters were lost
LOST = re.compile("[?\ufffd]")
LONG = 60  # folded letters: from here on a name that is the beginning of another one was cut by a file system
KEPT, LEAST = 1 / 3, 3  # share of the letters, and number of them, that must be left of a name that lost some


def fold(text: str) -> str:
    """A name without accents, case and punctuation; digits that punctuation parts stay apart ("1-2" is not "12")."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = ACCENTS.sub("", plain.translate(LATIN))
    parts = re.findall(r"[^\W_]+", re.sub(r"[^\w]", " ", plain)) if plain.isascii() else _words(plain)
    return "".join(
        f"-{part}" if k and part[0].isdigit() and parts[k - 1][-1].isdigit() else part for k, part in enumerate(parts)
    )


def _words(text: str) -> list[str]:
    """Runs of letters, digits and the marks that belong to them."""
    kept = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)
    return kept.split()


@lru_cache(maxsize=2**10)  # folders come again and again
def _plain(text: str) -> frozenset[str]:
    """Folded readings of a text."""
    return frozenset(fold(reading) for reading in readings(text))


def _spoiled(text: str) -> frozenset[str]:
    """And what it becomes in other code pages, or where umlauts are written as two letters."""
    texts = readings(text)
    others = [other for one in texts for other in in_other_code_pages(one)]
    return _plain(text) | {fold(other) for other in others} | {fold(one.translate(UMLAUTS)) for one in texts}


def _dropped(text: str) -> frozenset[str]:
    """And what is left of it where letters beyond ASCII were dropped, or replaced by ``?`` or ``_``."""
    left = set()
    for one in readings(text):
        for form in ("NFC", "NFKD"):
            rest = fold(unicodedata.normalize(form, one).encode("ascii", "ignore").decode())
            if len(rest) >= max(LEAST, KEPT * len(fold(one))):
                left.add(rest)
    return _plain(text) | left


def _stem(name: str) -> str:
    return SUFFIX.sub("", name)


def _parts(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _literal(text: str) -> tuple[str]:
    return (text,)


def _whole(path: str, keys: Keys) -> set[Key]:
    """Folder, file name, and the suffix as a part of it."""
    suffix = SUFFIX.search(path)
    end = f".{suffix[1].lower()}" if suffix else ""
    return {(above, own + end) for above, own in _by_stem(path, keys)}


def _by_stem(path: str, keys: Keys) -> set[Key]:
    """Folder and file name without its suffix; a name of which nothing is left has no key."""
    folder, name = _parts(path)
    return {(above, own) for above in keys(folder) for own in keys(_stem(name)) if own}


def _last_folder(path: str, keys: Keys) -> set[Key]:
    """The folder right above the file, and the name without its suffix; further folders do not count."""
    folder, name = _parts(path)
    return {(above, own) for above in keys(_parts(folder)[1]) for own in keys(_stem(name)) if own}


def _no_folder(path: str, keys: Keys) -> set[Key]:
    return {("", own) for own in keys(_stem(_parts(path)[1])) if own}


def _flat(path: str, keys: Keys) -> set[Key]:
    """Files without any folder."""
    return set() if "/" in path else _no_folder(path, keys)


def _copy(path: str) -> set[Key]:
    """The name without what a file manager adds to the name of a copy."""
    folder, name = _parts(path)
    stem = COPY.sub("", _stem(name))
    return set() if stem == _stem(name) else _by_stem(f"{folder}/{stem}", _plain)


def _if_lossy(path: str) -> set[Key]:
    """Names of a list that lost letters themselves, and say so by a mark."""
    return _by_stem(path, _plain) if LOST.search(path) else set()


def _if_not_plain(keys: Callable[[str], set[Key]]) -> Callable[[str], set[Key]]:
    """Keys of names with letters beyond ASCII or escapes; other names have no further readings."""
    return lambda path: keys(path) if not path.isascii() or MARKED.search(path) else set()


def _steps() -> Iterator[tuple[Callable[[str], set[Key]], Callable[[str], set[Key]]]]:
    """What is compared, one after the other: keys of a listed path, keys of a file."""
    for of_path, of_file in ((_whole, _whole), (_by_stem, _by_stem), (_last_folder, _last_folder), (_no_folder, _flat)):
        yield partial(of_path, keys=_literal), partial(of_file, keys=_literal)
        yield partial(of_path, keys=_plain), (files := partial(of_file, keys=_plain))
        yield _if_not_plain(partial(of_path, keys=_spoiled)), files
        yield _if_not_plain(partial(of_path, keys=_dropped)), files
    yield _if_lossy, partial(_by_stem, keys=_dropped)
    yield partial(_by_stem, keys=_plain), _copy


@dataclass(frozen=True)
class Resolution:
    """The file of each listed path.

    Attributes:
        files: Listed path to the file's name, for those that are there.
        renamed: Those of them whose file has another name than the list says.
        ambiguous: Listed path to the several files that it could be; none of them is taken.
    """

    files: Mapping[str, str]
    renamed: Mapping[str, str]
    ambiguous: Mapping[str, list[str]]


class _Matching:
    """Listed paths and files that have no partner yet."""

    def __init__(self, listed: Iterable[str], available: Iterable[str]):
        self.listed, self.available = dict.fromkeys(listed), set(available)
        self.files: dict[str, str] = {}
        self.ambiguous: dict[str, list[str]] = {}
        self._kept: tuple[object, dict[Key, set[str]]] = (None, {})

    def take(self, pairs: Mapping[str, str]) -> None:
        """Note pairs of a listed path and a file."""
        self.files |= pairs
        self.available -= set(pairs.values())
        self._forget(pairs)

    def _forget(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.listed.pop(path, None)

    def _by_key(self, of_file: Callable[[str], set[Key]]) -> dict[Key, set[str]]:
        """Files by their keys; kept for the next step, which often has the same keys."""
        if self._kept[0] is not of_file:
            by_key: dict[Key, set[str]] = {}
            for name in self.available:
                for key in of_file(name):
                    by_key.setdefault(key, set()).add(name)
            self._kept = (of_file, by_key)
        return self._kept[1]

    def candidates(self, of_path: Callable[[str], set[Key]], of_file: Callable[[str], set[Key]]) -> dict[str, set[str]]:
        """The files that share a key with each listed path."""
        by_key = self._by_key(of_file)
        found = {path: set().union(*(by_key.get(key, ()) for key in of_path(path))) for path in self.listed}
        return {path: names & self.available for path, names in found.items()}

    def cut_short(self) -> dict[str, set[str]]:
        """The files whose long name is the beginning of a listed one, in the same folder."""
        starts: dict[Key, dict[str, str]] = {}
        for name in self.available:
            for folder, stem in _by_stem(name, _plain) if len(name) > LONG else ():
                if len(stem) >= LONG:
                    starts.setdefault((folder, stem[:LONG]), {})[stem] = name
        found: dict[str, set[str]] = {}
        for path in self.listed if starts else ():
            for folder, stem in _by_stem(path, _plain):
                near = starts.get((folder, stem[:LONG]), {})
                found.setdefault(path, set()).update(name for start, name in near.items() if stem.startswith(start))
        return found

    def step(self, candidates: Mapping[str, set[str]]) -> None:
        """Take the pairs that fit each other alone; a path with several files, or that shares its file, stays open."""
        wanted = Counter(name for names in candidates.values() for name in names)
        pairs = {}
        for path, names in candidates.items():
            if len(names) == 1 and wanted[next(iter(names))] == 1:
                pairs[path] = next(iter(names))
            elif names:
                self.ambiguous[path] = sorted(names)
        self.take(pairs)
        self._forget(self.ambiguous)


def resolve(listed: Iterable[str], available: Iterable[str]) -> Resolution:
    """Match listed paths with files: exactly, else by what their names may have been, where exactly one file fits.

    A file that the lists name exactly is never given to another path.

    Args:
        listed: Paths of the lists.
        available: Names of the files, relative to their root.
    """
    open_ = _Matching(listed, available)
    open_.take({path: path for path in open_.listed if path in open_.available})
    for of_path, of_file in _steps():
        if not (open_.listed and open_.available):
            break
        open_.step(open_.candidates(of_path, of_file))
    open_.step(open_.cut_short())
    renamed = {path: name for path, name in open_.files.items() if path != name}
    return Resolution(open_.files, renamed, open_.ambiguous)
