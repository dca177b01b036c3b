"""Checks that an environment is complete: in its place, with every pinned package in the pinned version."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.environment.web import is_installed

REQUIREMENTS = ("requirements.txt", "requirements-data.txt")
STAMP = ".installed"  # written by `make setup`; holds the place of the environment
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)", re.MULTILINE)


def pins(requirements: Path) -> dict[str, str]:
    """The pinned versions of a requirements file by the name of the package."""
    return {m["name"]: m["version"] for m in _PIN.finditer(requirements.read_text(encoding="utf-8"))}


def wrong_packages(wanted: dict[str, str]) -> list[str]:
    """One line per package that is missing or has another version; a local version tag (+cpu) is allowed."""
    lines = []
    for name, pin in wanted.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            lines.append(f"{name} {pin} is missing")
            continue
        if installed.partition("+")[0] != pin:
            lines.append(f"{name} is {installed}, and {pin} is pinned")
    return lines


def check(root: Path) -> list[str]:
    """Check an environment; returns one line per point that is in order.

    Args:
        root: The checkout.

    Raises:
        ArtExtractError: Names everything that is not in order.
    """
    prefix = Path(sys.prefix)
    stamp = prefix / STAMP
    wanted = {name: pin for file in REQUIREMENTS for name, pin in pins(root / file).items()}
    problems = wrong_packages(wanted)
    if sys.prefix == sys.base_prefix:
        problems.append(f"{sys.executable} is not the Python of a virtual environment")
    elif not stamp.is_file():
        problems.append(f"{prefix} was not set up to the end")
    elif (made := stamp.read_text(encoding="utf-8").strip()) != str(prefix.resolve()):
        problems.append(f"{prefix} was made in another place: {made or 'unknown'}")
    if not is_installed():
        problems.append("the JavaScript parts of the explorer's page are missing or not those of package-lock.json")
    if problems:
        raise ArtExtractError("; ".join(problems), where="environment", remedy="make setup")
    python = ".".join(map(str, sys.version_info[:3]))
    return [f"Python {python} in {prefix}", f"{len(wanted)} pinned packages", "JavaScript parts", f"code of {root}"]
