"""What a library raises about a bad file becomes a message: each has a dozen exceptions of its own for that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artextract.core.errors import ArtExtractError

LONGEST = 200  # letters of a library's own words


class Unreadable(ArtExtractError, ValueError):
    """A file that is not what it should be. A ``ValueError`` too, for those who know what to do then."""


@contextmanager
def readable(path: Path | str, form: str, remedy: str | None = None) -> Iterator[None]:
    """Around the reading of one file, and the first use of its content.

    Args:
        path: The file.
        form: What it should be: "JSON", "a table of scores".
        remedy: What the user can do.

    Raises:
        Unreadable: The file is something else. What the system says, of permissions for example, and that the
            file is missing, are raised as they are.
    """
    try:
        yield
    except (ArtExtractError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # Arrow's own OSErrors have no number
            raise
        said = (str(error).strip().splitlines() or [""])[0][:LONGEST]
        said = f"{said} is missing" if isinstance(error, KeyError) else said or type(error).__name__
        raise Unreadable(f"not readable as {form}: {said}", where=str(path), remedy=remedy) from error
