"""What a file is by its first bytes: people give tables any suffix, and downloads hold something else than a table."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from artextract.core.errors import ArtExtractError

HEAD = 4096  # bytes that are looked at
MOST_BYTES = 2**30
_BEGINNINGS = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF-", "pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"SQLite format 3\0", "sqlite"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)
_NO_TABLE = {  # form: what was found, what to do
    "lfs": ("is a Git LFS pointer and not the table itself", "get the file with `git lfs pull` in its repository"),
    "html": ("is a web page and not a table", "download the file itself: a login or an error page was saved"),
    "xml": ("is an XML file and not a table", "export it as CSV or .xlsx"),
    "pdf": ("is a PDF and not a table", "export the table itself, as CSV or .xlsx"),
    "xls": (
        "is a workbook of Excel 2003 or older, or a locked one",
        "save it as .xlsx or CSV, with no password",
    ),
    "sqlite": ("is a database of SQLite and not a table", "export the table about the works as CSV"),
    "bzip2": ("is packed by bzip2", "unpack it first"),
    "xz": ("is packed by xz", "unpack it first"),
    "zstd": ("is packed by zstd", "unpack it first"),
    "7z": ("is an archive of 7-Zip", "unpack it first"),
    "rar": ("is an archive of RAR", "unpack it first"),
    "zip": ("is a ZIP archive and no workbook", "unpack it first"),
}


def form_of(head: bytes) -> str:
    """The form of a file.

    Args:
        head: Its first ``HEAD`` bytes.

    Returns:
        parquet, xlsx, zip, gzip, json, a key of ``_NO_TABLE``, "empty", or "text" for anything else.
    """
    for beginning, form in _BEGINNINGS:
        if head.startswith(beginning):
            return form
    if head.startswith(b"PK\x03\x04"):
        return "xlsx" if re.search(rb"\[Content_Types\]\.xml|xl/|_rels/", head) else "zip"
    if head.startswith(b"PK\x05\x06"):
        return "zip"
    text = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    text = text.lstrip().lower()
    if not text:
        return "empty"
    if text.startswith(b"version https://git-lfs.github.com/spec/"):
        return "lfs"
    if re.match(rb"(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body|script|meta|table|div|title)\b", text, re.DOTALL):
        return "html"
    if text.startswith(b"<?xml"):
        return "html" if b"<html" in text else "xml"
    if re.match(rb'[\[{]\s*(?:[\[{"\]}]|$)', text):
        return "json"
    return "text"


def head_of(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as handle:
        return handle.read(HEAD)


def refuse(form: str, where: str) -> None:
    """Say what a file is that holds no table.

    Raises:
        ArtExtractError: The form is one that no table has.
    """
    if form in _NO_TABLE:
        found, remedy = _NO_TABLE[form]
        raise ArtExtractError(found, where=where, remedy=remedy)


def unpacked(data: bytes, where: str) -> bytes:
    """The content of a gzip file, of all its members.

    Raises:
        ArtExtractError: It is cut or damaged, or unpacks to more than ``MOST_BYTES``.
    """
    parts, size = [], 0
    try:
        while data:
            member = zlib.decompressobj(wbits=31)
            parts.append(member.decompress(data, MOST_BYTES + 1 - size))
            size += len(parts[-1])
            if size > MOST_BYTES:
                raise ArtExtractError(
                    f"unpacks to more than {MOST_BYTES:,} bytes", where=where, remedy="save the rows that have pictures"
                )
            if not member.eof:
                raise ArtExtractError("the packed file is cut", where=where, remedy="download it again")
            data = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise ArtExtractError(f"the packed file is damaged: {error}", where=where, remedy="download it again") from None
    return b"".join(parts)
