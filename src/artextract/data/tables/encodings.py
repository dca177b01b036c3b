"""The encoding of a text file that says nothing of it."""

from __future__ import annotations

import codecs
import re

from artextract.core.errors import ArtExtractError

SAMPLE = 1 << 18  # bytes that are looked at to guess
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_PRINTED = bytes({0, 9, 10, 12, 13, 27, *range(32, 256)})  # and NUL, which stray in text and are half of UTF-16
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜß‘’‚“”„–—…€«»°ºª©®§¿¡·×\xa0")


def encoding_of(data: bytes, where: str) -> str:
    """The encoding: by the byte order mark, UTF-8, UTF-16, Windows-1252, or what charset-normalizer finds.

    Args:
        data: The whole file.
        where: Its path, for the message.

    Raises:
        ArtExtractError: The bytes are no text.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked:
        return marked
    sample = data[:SAMPLE]
    zeros = sample.count(0)
    if 8 * zeros <= len(sample) and _is_utf8(data):
        return "utf-8"
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    commands = len(sample.translate(None, _PRINTED))
    if (8 * zeros > len(sample) and 8 * max(even, odd) < len(sample)) or 10 * commands > len(sample):
        raise ArtExtractError("is not a text file", where=where, remedy="save the table as CSV (UTF-8) or .xlsx")
    if 8 * zeros > len(sample):  # UTF-16 without a mark: every second byte of Latin text is 0
        return "utf-16-be" if even > odd else "utf-16-le"
    if _is_western(sample.decode("cp1252", "replace")):  # a guess by statistics errs on short files
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best else "cp1252"


def decoded(data: bytes, where: str) -> str:
    """The text of a file without NUL; what its encoding does not know is replaced.

    Raises:
        ArtExtractError: The bytes are no text.
    """
    return data.decode(encoding_of(data, where), "replace").replace("\0", "")


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(data), SAMPLE):  # in pieces: the text of half a million rows is not needed twice
            decoder.decode(view[start : start + SAMPLE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_western(text: str) -> bool:
    """Whether the letters beyond ASCII are those of Western Europe and stand alone, as they do in its languages."""
    high = [letter for letter in text if letter > "\x7f"]
    usual = sum(letter in _WESTERN for letter in high)
    return usual >= 0.9 * len(high) and not re.search(r"[^\x00-\x7f]{4}", text)
