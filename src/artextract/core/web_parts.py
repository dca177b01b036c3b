"""JavaScript parts of pages: npm packages, pinned in a package-lock.json, which ``make setup`` installs."""

from __future__ import annotations

import sys
from pathlib import Path

from artextract.core.errors import ArtExtractError

REMEDY = "`make setup` installs the JavaScript parts of the explorer's page"


def parts_folder() -> Path:
    """The folder of the environment that holds package-lock.json as it was installed, and node_modules."""
    return Path(sys.prefix) / "share" / "artextract" / "web"


def part(package: str, inside: str) -> Path:
    """A file or folder of an installed npm package.

    Args:
        package: Name of the package.
        inside: Path inside the package.

    Raises:
        ArtExtractError: The package is not installed, or lacks the file.
    """
    path = parts_folder() / "node_modules" / package / inside
    if not path.exists():
        raise ArtExtractError(f"the JavaScript part {package} is not installed", where=str(path), remedy=REMEDY)
    return path
