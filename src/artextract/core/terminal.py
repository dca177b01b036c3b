"""What is printed: nothing that comes from data commands the terminal, hides or turns the order of letters round.

The guard sits in the streams themselves, so that it holds for every verb and stage, for bars and for tracebacks.
"""

from __future__ import annotations

import re
import sys
from typing import Any, TextIO

from artextract.core.text import clean

_OURS = re.compile(r"(\x1b\[[0-9;]*[mAK])")  # colours of help texts, and the cursor of bars: what libraries print
_BARS = re.compile(r"(\r(?!\n))")


class _Guarded:
    """A text stream that cleans what is written; everything else is the stream's own."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._terminal = stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text; the length of what was given is returned, as callers expect."""
        self._stream.write(_writable(printable(text, colours=self._terminal), self._stream.encoding))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """As ``write``, line by line."""
        for line in lines:
            self.write(line)


def printable(text: str, *, colours: bool = False) -> str:
    """Text as it may be shown: lines and bars stay, control characters do not.

    Args:
        text: Any text.
        colours: Keep colours and the moves of the cursor that progress bars make; for a terminal alone.
    """
    if text.isprintable():
        return text
    parts = _OURS.split(text) if colours else [text]
    return "".join(part if k % 2 else _cleaned(part) for k, part in enumerate(parts))


def _cleaned(text: str) -> str:
    """Cleaned but for returns that begin a line anew, which bars print."""
    return "".join(
        part if k % 2 else clean(part, longest=len(part) + 1, lines=True) for k, part in enumerate(_BARS.split(text))
    )


def _writable(text: str, encoding: str | None) -> str:
    """What the terminal's encoding lacks becomes a question mark instead of an error."""
    name = encoding or "utf-8"
    return text if text.isascii() else text.encode(name, "replace").decode(name)


def guard_output() -> None:
    """Clean everything that this process prints from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Guarded):
            setattr(sys, name, _Guarded(stream))
