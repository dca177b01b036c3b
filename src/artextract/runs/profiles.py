"""Runs a profile: the parameters of another data set, as one experiment in the working copy."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from artextract.core.declared import WAY_BACK
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_bytes
from artextract.runs.ablations import read_profile

FOLDER = Path("profiles")
PARAMS = Path("params.yaml")


def names() -> list[str]:
    """Names of all profiles."""
    return sorted(path.stem for path in FOLDER.glob("*.args"))


def command(name: str, changes: Sequence[str], targets: Sequence[str]) -> list[str]:
    """The ``dvc exp run`` of a profile.

    Args:
        name: File name in profiles/ without its suffix.
        changes: ``key=value`` of further parameters; they come after the profile's parameters and override them.
        targets: Stages to run; if empty, all.

    Raises:
        ArtExtractError: There is no such profile.
    """
    path = FOLDER / f"{name}.args"
    if not path.is_file():
        raise ArtExtractError(
            f"there is no profile {name}", where=str(path), remedy=f"one of: {', '.join(names()) or 'none here'}"
        )
    further = [word for change in changes for word in ("-S", change)]
    return ["dvc", "exp", "run", *read_profile(path), *further, *targets]


def is_committed(path: Path) -> bool:
    """True if a file is the same as in the last commit."""
    return subprocess.run(["git", "diff", "--quiet", "HEAD", "--", str(path)], capture_output=True).returncode == 0


def run(name: str, changes: Sequence[str], targets: Sequence[str]) -> int:
    """Run a profile and return the exit status of DVC.

    DVC changes params.yaml before the first stage starts. If the run fails and params.yaml had no uncommitted changes,
    it is restored.

    Raises:
        ArtExtractError: There is no such profile.
    """
    words = command(name, changes, targets)
    before = PARAMS.read_bytes() if is_committed(PARAMS) else None
    print(f"Runs: {' '.join(words)}\nTo undo it afterwards: {WAY_BACK}", flush=True)
    try:
        status = subprocess.run(words).returncode
    except BaseException:
        _put_back(before)
        raise
    if status:
        _put_back(before)
    else:
        print(f"Done. To undo it: {WAY_BACK}")
    return status


def _put_back(before: bytes | None) -> None:
    if before is None:
        print(f"params.yaml had changes before and holds the profile's values now. To undo it: {WAY_BACK}")
    elif PARAMS.read_bytes() != before:
        write_bytes(PARAMS, before)
        print(f"The profile failed. params.yaml is as it was. Finished stages are kept; to undo them: {WAY_BACK}")
