"""``artextract verify``: whether data, cache and remote are still what the stages wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated

import typer


def verify(
    repair: Annotated[bool, typer.Option("--repair", help="put a whole copy in the place of what is damaged")] = False,
    remote: Annotated[
        str | None, typer.Option(metavar="NAME", help="remote to read; default: DVC's default one", show_default=False)
    ] = None,
    no_remote: Annotated[bool, typer.Option("--no-remote", help="read no remote")] = False,
    collection: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="only this collection of your own; default: everything", show_default=False),
    ] = None,
) -> None:
    """Read everything that the stages wrote, and compare it with dvc.lock: the data, DVC's cache, a remote.

    DVC itself believes a read-only file of its cache without reading it, so that a byte that a disk or a network has
    flipped goes unnoticed. One line per file that is damaged. --repair takes it from whichever place has a whole copy;
    where none has, it takes the damaged ones away and names the stage that makes it anew.

    Exit status 0: everything is whole. 1: something is damaged.
    """
    from artextract.core.collections import collection_names, collection_root
    from artextract.core.folders import repository
    from artextract.core.progress import progress
    from artextract.environment.hook import verify_remotes
    from artextract.runs.verify import Options, verify

    def show(items: Iterable[str], what: str) -> Iterable[str]:
        items = list(items)
        return progress(items, what, "file", leave=False) if sys.stderr.isatty() else items

    root = repository()
    for name in verify_remotes(root):
        print(f"remote {name}: DVC compares from now on what it pulls from it (verify = true in {root / '.dvc'})")
    names = collection_names(root)
    folders = [collection_root(collection, root)] if collection else [root, *(collection_root(n, root) for n in names)]
    done = verify(root, folders, Options(repair, remote, no_remote), show)
    for finding in done.findings:
        print(finding)
    for note in done.notes:
        print(note)
    read = ", ".join(f"{count:,} {what}" for what, count in done.read.items())
    left = sum(not finding.mended for finding in done.findings)
    repaired = len(done.findings) - left
    print(f"{read} read: {'whole' if not done.findings else f'{repaired} repaired, {left} damaged'}")
    if not done.is_whole:
        raise typer.Exit(1)
