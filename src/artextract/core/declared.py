"""Declarations of dvc.yaml for the running stage: inputs that must be here, and outs that git tracks.

DVC removes the outs of a stage before it starts the stage. Those in its cache come back with ``dvc checkout``; those in
git (metrics, plots) are put back here when the stage fails before it has written them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.intact import damaged, refuse
from artextract.core.locked import Locked
from artextract.core.parent import by_dvc, is_orphan
from artextract.core.rewritten import drop_damaged_objects
from artextract.core.temporary import sweep

# Without these, a look at what has changed may write git's index: ended then, it leaves a lock that stops every DVC.
NO_LOCKS = ("--no-optional-locks", "-c", "diff.autoRefreshIndex=false")
WAY_BACK = "git restore params.yaml dvc.lock data metrics plots && dvc checkout"


def _stage(name: str) -> dict[str, Any]:
    """The running stage's entry in its dvc.yaml; empty where there is none."""
    import yaml

    file, _, stage = os.environ.get("DVC_STAGE", name).rpartition(":")  # as DVC names it: [folder/dvc.yaml:]stage
    path = Path(file or "dvc.yaml")
    if not path.is_file():  # named from where DVC was started; a stage of a collection runs next to its dvc.yaml
        path = Path(path.name)
    if not path.is_file():
        return {}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # five times as fast
    content = yaml.load(path.read_text(encoding="utf-8"), loader)  # a safe loader  # nosec B506
    return (content.get("stages") or {}).get(stage) or {}


def check_inputs(name: str) -> None:
    """Stop where what the stage depends on is missing, as in a fresh clone, or is not what other stages wrote.

    The content is compared with dvc.lock where DVC runs the stage; a stage that is started by hand reads what others
    that were started by hand have written. What a frozen stage wrote may have been replaced on purpose.

    Args:
        name: Name of the stage.

    Raises:
        ArtExtractError: Names what is missing or damaged and how to get it.
    """
    deps = [dep for dep in _stage(name).get("deps", []) if isinstance(dep, str)]
    missing = [dep for dep in deps if not Path(dep).exists()]
    if missing:
        raise ArtExtractError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not here",
            remedy="`dvc pull` where a remote holds the data, or `dvc repro` without -s, which makes them first",
        )
    if by_dvc():
        locked = Locked(Path())
        found = damaged(locked, deps)
        refuse([file for file in found if file.stage not in locked.frozen], locked.folder)


def settle_outs(name: str) -> None:
    """After a run under DVC: let DVC store what the stage has written, also where its cache has a damaged copy.

    Args:
        name: Name of the stage.
    """
    if by_dvc():
        outs = _stage(name).get("outs", [])
        drop_damaged_objects(out for out in outs if isinstance(out, str))  # others are in git, and not in the cache


def sweep_outs(name: str) -> None:
    """Remove what a run of the stage that was killed has left half-written among its outs.

    Args:
        name: Name of the stage.
    """
    outs = [Path(out) for out in _outs(name)]
    for folder in {out.parent for out in outs}:
        sweep(folder)
    for out in outs:
        sweep(out, deep=True)


def _outs(name: str) -> dict[str, dict[str, Any]]:
    """Outs of the stage, metrics and plots among them, with what dvc.yaml says of each."""
    stage = _stage(name)
    entries = [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])]
    dicts = [entry if isinstance(entry, dict) else {entry: None} for entry in entries]
    return {path: options or {} for entry in dicts for path, options in entry.items()}


def _git(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str] | None:
    """A finished git command; None where there is no git."""
    try:
        return subprocess.run(["git", *NO_LOCKS, *arguments], input=text, capture_output=True, text=True)
    except OSError:
        return None


def put_back(name: str) -> list[str]:
    """Bring back the files of the stage's outs that git tracks and that are gone; their names."""
    outs = [path for path, options in _outs(name).items() if not options.get("cache", True)]
    listed = _git("ls-files", "--deleted", "-z", "--", *outs) if outs else None
    if listed is None or listed.returncode or not listed.stdout:
        return []
    done = _git("checkout-index", "--force", "-z", "--stdin", text=listed.stdout)
    return listed.stdout.rstrip("\0").split("\0") if done is not None and done.returncode == 0 else []


@contextmanager
def committed_outs_kept(name: str) -> Iterator[None]:
    """Put back, when the block fails, what DVC has removed and git has; say how to undo a failed experiment.

    Not when DVC is gone: nothing is written then.
    """
    try:
        yield
    except BaseException:
        if is_orphan():  # another run may have begun: its files would be overwritten
            raise
        if files := put_back(name):
            print(f"{name}: {len(files)} files that DVC had removed were put back as git has them", file=sys.stderr)
        changed = _git("diff", "--quiet", "HEAD", "--", "params.yaml") if by_dvc() else None
        if changed is not None and changed.returncode == 1:
            print(f"{name}: params.yaml differs from the last commit; the way back: {WAY_BACK}", file=sys.stderr)
        raise
