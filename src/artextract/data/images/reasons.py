"""Why a picture cannot be used: fixed codes with a sentence each, so that two runs write the same bytes.

No reason holds the text of a library, an address in memory, a path or the time.
"""

from __future__ import annotations

import errno
import re

REASONS = {
    "missing": "there is no such file",
    "empty": "the file is empty",
    "not_an_image": "no picture of a known format",
    "format_not_accepted": "of a format that is not accepted",
    "cut": "the file ends before its picture does",
    "broken": "the picture is damaged",
    "too_large": "too large a picture",
    "too_many_bytes": "too large a file",
    "unclear_range": "it is not said which value is white",
    "not_finite": "holds values that are not numbers",
    "samples_not_read": "holds samples of a kind that is not read",
    "wrong_size": "not of the size that the table tells",
    "not_a_regular_file": "a folder, a pipe or a device, not a regular file",
    "link_to_nothing": "a link that leads nowhere",
    "no_permission": "you may not read this file",
    "changed_while_read": "the file changed while it was read",
    "cannot_be_read": "the disk does not give the file",
    "archive_member": "its member of the archive is damaged",
    "archive_bomb": "its member of the archive grows too much when it is unpacked",
    "archive_method": "its member of the archive is packed in a way that is not read",
    "archive_link": "its member of the archive is a link or in pieces, not a file",
    "encrypted": "its member of the archive is locked with a password",
    "ambiguous": "several files could be meant",
    "not_fetched": "could not be fetched",
}  # code: what people read, and why the picture cannot be used

_OF_ERRNO = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.ENAMETOOLONG: "missing",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.EISDIR: "not_a_regular_file",
    errno.ENXIO: "not_a_regular_file",
    errno.ENODEV: "not_a_regular_file",
    errno.EOPNOTSUPP: "not_a_regular_file",
    errno.ELOOP: "link_to_nothing",
}


class UnreadableImage(ValueError):
    """A picture that cannot be used.

    Attributes:
        code: Key of ``REASONS``.
    """

    def __init__(self, code: str, detail: str = ""):
        """Compose the reason.

        Args:
            code: Key of ``REASONS``.
            detail: What was found; the same for the same file in every run, so neither a path nor a library's text.
        """
        self.code = code
        super().__init__(f"{REASONS[code]}: {detail}" if detail else REASONS[code])


def of_os_error(error: OSError) -> UnreadableImage:
    """The reason for an error of the operating system, whose own text names the user's folders in his language."""
    code = _OF_ERRNO.get(error.errno or 0, "cannot_be_read")
    detail = errno.errorcode.get(error.errno or 0, "") if code == "cannot_be_read" else ""
    return UnreadableImage(code, detail)


_IN_MEMORY = re.compile(r"\s*<[^<>]*\bat 0x[0-9a-fA-F]+>\s*")  # how Python names an object: different in every run
_UNREADABLE = "unreadable: "


def error_of(error: UnreadableImage | OSError) -> str:
    """A failure as tables of stored images hold it: ``missing``, or ``unreadable: CODE: SENTENCE``.

    Args:
        error: What reading or decoding raised. An error without a number is the getter's, with words of its own.
    """
    if isinstance(error, FileNotFoundError):
        return "missing"
    if isinstance(error, OSError) and error.errno is not None:
        error = of_os_error(error)
    if isinstance(error, UnreadableImage):
        return f"{_UNREADABLE}{error.code}: {error}"
    return f"{_UNREADABLE}{': '.join(code_and_reason(str(error)))}"


def code_and_reason(error: str) -> tuple[str, str]:
    """The code and the sentence of a failure.

    Args:
        error: See ``error_of``; a failure of the getter may lack its code, and then has words of its own.
    """
    if error == "missing":
        return "missing", REASONS["missing"]
    code, _, reason = error.removeprefix(_UNREADABLE).partition(": ")
    if code in REASONS:
        return code, reason
    return "not_fetched", _IN_MEMORY.sub(" ", error.removeprefix(_UNREADABLE)).strip()
