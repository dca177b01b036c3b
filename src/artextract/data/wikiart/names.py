"""Names in the lists against names of files: renamed and re-normalised ones are found, nothing is guessed.

709 names of ArtGAN's lists are mojibake: UTF-8 read as Latin-1 and then lower-cased ("grégoire" became "grã©goire");
others differ by Unicode normalisation, by dropped accents, or by punctuation that a file system did not like.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


def _lead(byte: int) -> int:
    """The UTF-8 lead byte that lower-casing turned into ``byte`` (Latin-1 capitals C0-DE became E0-FE)."""
    return byte - 0x20 if 0xE2 <= byte <= 0xFE else byte


def _is_continuation(data: bytes, at: int) -> bool:
    return at < len(data) and 0x80 <= data[at] <= 0xBF


def undo_mojibake(text: str) -> str:
    """UTF-8 that was read as Latin-1 and lower-cased, decoded again; any other text comes back as it is.

    >>> undo_mojibake("grã©goire")
    'grégoire'
    """
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    out, at = bytearray(), 0
    while at < len(data):
        byte = data[at]
        if byte < 0x80:
            out.append(byte)
            at += 1
            continue
        follow = next((k for k in range(4) if not _is_continuation(data, at + 1 + k)), 4)
        lead = byte if follow == 2 and 0xE0 <= byte <= 0xEF else _lead(byte)
        length = 1 if 0xC2 <= lead <= 0xDF else 2 if 0xE0 <= lead <= 0xEF else 0
        if not length or follow < length:
            return text
        out += bytes([lead]) + data[at + 1 : at + 1 + length]
        at += 1 + length
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError:
        return text


def fold(text: str) -> str:
    """A name without encoding faults, accents, case and punctuation."""
    plain = unicodedata.normalize("NFKD", undo_mojibake(unicodedata.normalize("NFC", text)))
    return re.sub(r"[^a-z0-9]", "", plain.encode("ascii", "ignore").decode().lower())


def key(path: str) -> tuple[str, str]:
    """Folder and file name, folded; the extension counts as part of the name."""
    folder, _, name = path.rpartition("/")
    return fold(folder), fold(name)


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


def resolve(listed: Iterable[str], available: Iterable[str]) -> Resolution:
    """Match listed paths with files: exactly, else by their folded names where exactly one file fits.

    A file that the lists name exactly is never given to another path.

    Args:
        listed: Paths of the lists.
        available: Names of the files, relative to their root.
    """
    listed, available = list(listed), set(available)
    exact = {path for path in listed if path in available}
    loose: dict[tuple[str, str], list[str]] = {}
    for name in sorted(available - exact):
        loose.setdefault(key(name), []).append(name)
    files, renamed, ambiguous = {path: path for path in exact}, {}, {}
    wanted: dict[tuple[str, str], list[str]] = {}
    for path in listed:
        if path not in exact:
            wanted.setdefault(key(path), []).append(path)
    for folded, paths in wanted.items():
        found = loose.get(folded, [])
        if len(found) == 1 and len(paths) == 1:
            files[paths[0]] = renamed[paths[0]] = found[0]
        elif found:
            ambiguous |= {path: found for path in paths}
    return Resolution(files, renamed, ambiguous)
