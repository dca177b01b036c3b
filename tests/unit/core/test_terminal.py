"""What reaches a terminal: no command, nothing hidden, and never an error because of a letter."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.core.terminal import guard_output, printable
from artextract.core.text import is_clean

HOSTILE = "a\x1b]0;title\x07b\x1b[2Jc\x9b31md\0e\x08f\u202eg\u2066h\ud800i\x1b[31mj"


class Stream(io.StringIO):
    encoding = "ascii"  # type: ignore[assignment]

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_the_streams_of_a_process_are_guarded_once(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    stream = Stream(terminal)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", Stream(terminal))
    guard_output()
    guarded = sys.stdout
    guard_output()
    assert sys.stdout is guarded
    print(HOSTILE, "\x1b[1mbold\x1b[0m", "50%\r100%")
    written = stream.getvalue()
    assert written.isascii() and "\x07" not in written and "\0" not in written and "\x1b]" not in written
    assert ("\x1b[1mbold\x1b[0m" in written) is terminal and "50%\r100%\n" in written  # bars begin a line anew


@given(st.text(max_size=30))
def test_nothing_but_lines_and_letters_is_printed(text: str) -> None:
    assert all(is_clean(line) for line in printable(text).replace("\r", "\n").split("\n"))


def test_a_message_is_clean_wherever_it_is_shown() -> None:
    error = ArtExtractError(f"found {HOSTILE}", where=HOSTILE, remedy=HOSTILE)
    assert all(is_clean(line) for line in str(error).split("\n")) and "found abcd" in error.problem
