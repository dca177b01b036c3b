"""Number of this process among those of a training, in torchrun's environment variables, and how many to start here."""

from __future__ import annotations

import os

from artextract.core.errors import ArtExtractError


def processes() -> int:
    """Processes that a training on this machine consists of: ``ARTEXTRACT_PROCESSES``, else 1."""
    return _number("ARTEXTRACT_PROCESSES", 1, 1)


def started_by_launcher() -> bool:
    """True for a process that torchrun, or a training itself, has started as one of several."""
    return world_size() > 1


def world_size() -> int:
    """Processes that this one is one of: ``WORLD_SIZE``, else 1."""
    return _number("WORLD_SIZE", 1, 1)


def rank() -> int:
    """Number of this process, from 0: ``RANK``, else 0."""
    number = _number("RANK", 0, 0)
    if number >= world_size():
        raise ArtExtractError(
            f"RANK is {number} and WORLD_SIZE is {world_size()}",
            remedy="give each of N processes WORLD_SIZE=N and a RANK from 0 to N - 1, or unset both",
        )
    return number


def leads() -> bool:
    """True for the process that writes, which is alone or number 0."""
    return rank() == 0


def _number(variable: str, default: int, least: int) -> int:
    value = os.environ.get(variable, str(default))
    if not value.isdecimal() or int(value) < least:
        raise ArtExtractError(f"{variable} is {value!r}", remedy=f"set it to a whole number, {least} or more")
    return int(value)
