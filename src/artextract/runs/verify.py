"""Whether everything that stages wrote is still what it was: the data, DVC's cache, a remote, and what git has.

All content is read and hashed, also that of read-only objects, which DVC believes. Damage is repaired from whichever
copy is whole: data, cache, remote. Where none is, the damaged copies are taken away, so that `dvc repro` makes the
content anew and nothing is made from what is wrong.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.locked import Locked
from artextract.core.parent import living_lock_holders
from artextract.runs.verify_committed import check_committed, check_kept_by_git
from artextract.runs.verify_files import Show, Wanted, look_at_data, look_into, wanted
from artextract.runs.verify_records import check_records
from artextract.runs.verify_repair import Finding, States
from artextract.runs.verify_stores import Cache, Remote, is_whole, open_stores


@dataclass
class Verified:
    """The outcome.

    Attributes:
        findings: Everything that is wrong.
        notes: What is missing and no damage.
        read: How many files or objects were read in each place.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """True if nothing is damaged (any more)."""
        return all(finding.mended for finding in self.findings)


@dataclass(frozen=True)
class Options:
    """What is asked for.

    Attributes:
        repair: Repair what is damaged.
        remote: Name of a remote; None = the default one, if there is one.
        without_remote: Read no remote.
    """

    repair: bool = False
    remote: str | None = None
    without_remote: bool = False


def verify(root: Path, folders: Sequence[Path], options: Options, show: Show) -> Verified:
    """Read everything, and repair what is damaged if that is asked for.

    Args:
        root: Root of the checkout.
        folders: Folders with a dvc.lock: the root, collections.
        options: What is asked for.
        show: Shows progress.

    Raises:
        ArtExtractError: DVC is running here, or a remote cannot be read.
    """
    if holders := living_lock_holders(root):
        raise ArtExtractError(
            f"DVC is running in this checkout (process {', '.join(map(str, sorted(holders)))}), and changes its files",
            where=str(root),
            remedy="wait for it to end, then start this command again",
        )
    records = [Finding(*found) for found in check_records(root, folders, options.repair)]
    if not all(record.mended for record in records):  # DVC itself reads nothing here
        return Verified(records)
    cache, remote = open_stores(root, options.remote, options.without_remote)
    done = Verified(records)
    for folder in folders:
        done.findings += [Finding(*found) for found in check_kept_by_git(root, folder, options.repair)]
    done.findings += [Finding(*found) for found in check_committed(root, options.repair)]
    with tempfile.TemporaryDirectory(prefix="artextract-") as scratch:
        objects = _read(root, folders, cache, remote, Path(scratch), done)
        outs = [f / out.path for f in folders for out in Locked(f).outs if Locked(f).cached.get(out.path, True)]
        done.read["files of the data"] = look_at_data(objects, outs, show)
        in_cache = look_into(cache, dict.fromkeys([*objects, *cache.all()]), show)
        # What is damaged in the cache may have been pushed so, and may be wanted again by another run.
        damaged = [md5 for md5, found in in_cache.items() if found and not is_whole(md5, found)]
        in_remote = look_into(remote, dict.fromkeys([*objects, *damaged]), show) if remote is not None else {}
        done.read["objects in DVC's cache"] = sum(map(bool, in_cache.values()))
        if remote is not None:
            done.read[f"objects in {remote.name}"] = sum(map(bool, in_remote.values()))
        states = States(root, cache, remote, in_cache, in_remote, Path(scratch))
        for md5 in in_cache:
            done.findings += states.findings(objects.get(md5, Wanted(md5)), options.repair)
        done.notes += states.notes(objects)
    return done


def _read(
    root: Path, folders: Sequence[Path], cache: Cache, remote: Remote | None, scratch: Path, done: Verified
) -> dict[str, Wanted]:
    """The contents that all pipelines need; what cannot be known is a finding."""
    objects: dict[str, Wanted] = {}
    stores = [cache] if remote is None else [cache, remote]
    for folder in folders:
        called = "" if folder == root else f"{folder.relative_to(root).as_posix()}/dvc.yaml:"
        found, unlisted = wanted(Locked(folder), called, stores, scratch)
        for md5, one in found.items():
            same = objects.setdefault(md5, one)
            if same is not one:
                same.files += one.files
                same.stages += one.stages
        for out in unlisted:
            if (folder / out.path).is_dir():
                problem = "its files are not what dvc.lock says, and the list of them is nowhere to be had"
                done.findings.append(
                    Finding(str(folder / out.path), problem, f"`dvc repro -f {called}{out.stage}` makes it anew")
                )
            else:
                done.notes.append(
                    f"{folder / out.path}: not here, and in no cache that was read: `dvc pull`, or `dvc repro`"
                )
    return objects
