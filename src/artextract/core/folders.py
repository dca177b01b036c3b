"""Folders outside the repository: the user's data, named by environment variables, and the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import SRC

EXPERIMENTS = (".dvc", "tmp", "exps")  # where DVC makes the checkouts of `dvc exp run --temp` and of the queue


def repository(checkout: Path = SRC.parent) -> Path:
    """The user's checkout, also for code that runs in the temporary checkout of an experiment below it.

    Args:
        checkout: Root of the checkout that the running code belongs to.
    """
    parts = checkout.parts
    for end in range(len(parts) - len(EXPERIMENTS), 0, -1):
        if parts[end : end + len(EXPERIMENTS)] == EXPERIMENTS:
            return Path(*parts[:end])
    return checkout


def user_path(value: str) -> Path:
    """A path that the user typed: ``~`` is the home folder, and relative paths start at the root of the repository."""
    return (repository() / Path(value).expanduser()).resolve()


def cache_folder() -> Path:
    """The user's folder for converted weights, downloads and checkpoints: ``ARTEXTRACT_CACHE``, else the XDG cache."""
    value = os.environ.get("ARTEXTRACT_CACHE")
    if value:
        return user_path(value)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "artextract"


def outside_folder(variable: str, content: str) -> Path:
    """A folder of the user's, named by an environment variable.

    Args:
        variable: Name of the environment variable.
        content: What the folder must hold, for the messages.

    Raises:
        ArtExtractError: The variable is not set, or names no folder or file.
    """
    return _existing(variable, _value(variable, content), content)


def outside_folders(variable: str, content: str) -> tuple[Path, ...]:
    """One or several folders of the user's, named by an environment variable and separated as in ``PATH``.

    Args:
        variable: Name of the environment variable.
        content: What the folders must hold, for the messages.

    Raises:
        ArtExtractError: The variable is not set, names no folder or file, or names one twice.
    """
    parts = _value(variable, content).split(os.pathsep)
    if not all(parts):
        raise ArtExtractError(
            f"{variable} has an empty part", remedy=f"write PATH, or PATH{os.pathsep}PATH for several folders"
        )
    paths = tuple(_existing(variable, part, content) for part in parts)
    if len(set(paths)) < len(paths):
        raise ArtExtractError(f"{variable} names a folder twice", remedy="name each folder once")
    return paths


def _value(variable: str, content: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ArtExtractError(
            f"this profile reads {content}, and {variable} is not set",
            remedy=f"export {variable}=PATH (the README says what it must hold)",
        )
    return value


def _existing(variable: str, value: str, content: str) -> Path:
    path = user_path(value)
    if not path.exists():
        hint = "" if Path(value).expanduser().is_absolute() else "; relative paths start at the root of the repository"
        raise ArtExtractError(
            f"{variable} names {path}, which does not exist",
            remedy=f"correct {variable}; it must hold {content}{hint}",
        )
    return path
