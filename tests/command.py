"""The command ``artextract``, run inside the test."""

from __future__ import annotations

from artextract.cli.app import run


def artextract(*words: object) -> int:
    """Exit status of one command; what it says is for ``capsys``."""
    return run([str(word) for word in words])
