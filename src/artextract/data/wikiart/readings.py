"""What a file name may have been before an accident of encoding: the texts that it can be read as.

709 names of ArtGAN's lists are mojibake: UTF-8 read as Latin-1 and then lower-cased ("grégoire" became "grã©goire").
Archives and mirrors add their own: Info-ZIP writes ``#U00e9``, DOS archives are read in the wrong code page, web
mirrors leave ``%C3%A9`` or ``&#233;``, and a file system that knows no UTF-8 gives bytes.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

CODE_PAGES = ("latin-1", "cp1252", "cp437", "cp850", "mac-roman")  # that names were written or read in
ROUNDS = 4  # of repair: text that was spoiled twice and then escaped needs three
MOST = 24  # readings of one name; real names have at most five

ESCAPES = re.compile(r"(?:#U|\\u)([0-9a-fA-F]{4})|#L([0-9a-fA-F]{6,8})|\\x([0-9a-fA-F]{2})")  # Info-ZIP, Python
HEX = re.compile(r"(?:%|=)([0-9a-fA-F]{2})")


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


def _decoded(data: bytes) -> list[str]:
    """Bytes as UTF-8, or where they are none in each code page that a name may have been written in."""
    try:
        return [data.decode("utf-8")]
    except UnicodeDecodeError:
        return [data.decode(page, errors="replace") for page in CODE_PAGES]


def _unescaped(text: str) -> list[str]:
    """Escapes of archives, web servers and web pages undone."""
    found = []
    if "#" in text or "\\" in text:
        found.append(ESCAPES.sub(lambda match: _letter(match[1] or match[2] or match[3]), text))
    if HEX.search(text):
        raw = HEX.sub(r"%\1", text) if "=" in text else text
        found += _decoded(unquote_to_bytes(raw))
    if "&" in text:
        found.append(html.unescape(text))
    return found


def _letter(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def _misread(text: str) -> list[str]:
    """Bytes that were read in the wrong code page, read again."""
    if text.isascii():
        return []
    if any(0xDC80 <= ord(letter) <= 0xDCFF for letter in text):  # Python's sign for bytes that are not UTF-8
        return _decoded(text.encode("utf-8", "surrogateescape"))
    found = [undo_mojibake(text)]
    for page in CODE_PAGES:
        try:
            found.append(b"".join(_byte(letter, page) for letter in text).decode("utf-8"))
        except UnicodeError:
            continue
    return found


def _byte(letter: str, page: str) -> bytes:
    """The byte of a letter; Windows reads bytes that its code page leaves free as Latin-1 does."""
    return letter.encode("latin-1" if "\x80" <= letter <= "\x9f" else page)


@lru_cache(maxsize=2**12)
def readings(text: str) -> tuple[str, ...]:
    """All texts that a name may stand for, itself first: each repair is tried on the outcome of the others.

    >>> readings("gr%C3%A9goire")
    ('gr%C3%A9goire', 'grégoire')
    """
    found = [text]
    new = [text]
    for _ in range(ROUNDS):
        new = [other for one in new for other in (*_unescaped(one), *_misread(one))]
        new = [other for other in dict.fromkeys(new) if other not in found]
        found += new
        if not new or len(found) > MOST:
            break
    return tuple(found[:MOST])


def in_other_code_pages(text: str) -> tuple[str, ...]:
    """What the bytes of one code page are in another: an archive of DOS names that was unpacked as Latin-1.

    Args:
        text: A name as it should be; only names with letters beyond ASCII have other readings.

    Returns:
        The spoiled names; empty for plain ones.
    """
    if text.isascii():
        return ()
    found = []
    for written in CODE_PAGES:
        try:
            data = text.encode(written)
        except UnicodeEncodeError:
            continue
        found += [data.decode(read, errors="ignore") for read in CODE_PAGES if read != written]
    return tuple(dict.fromkeys(other for other in found if other != text))
