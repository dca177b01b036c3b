"""Section of the report about what was run: commit, parameters, data and weights, each by its hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import artextract
from artextract.reports.blocks import Block, Section, Table, Text, missing
from artextract.reports.snapshot import Snapshot
from artextract.runs.revisions import WORKSPACE

LEAD = "With the commit, the parameters and the data below, `dvc repro` computes every number of this report again."


@dataclass(frozen=True)
class Commit:
    """The commit of a run.

    Attributes:
        sha: Hash, 40 hex digits.
        when: Date of the commit, as YYYY-MM-DD.
        subject: First line of its message.
        parent: Hash of the commit before it, "" for the first one.
        changed: Whether tracked files of the working copy differ from it.
    """

    sha: str
    when: str
    subject: str
    parent: str
    changed: bool = False


def commit_of(repository: Path, name: str) -> Commit | None:
    """The commit that a run belongs to; None outside of a git repository.

    Args:
        repository: Its root.
        name: ``workspace``, a revision, or the name of an experiment.
    """
    from dvc.scm import resolve_rev
    from scmrepo.exceptions import SCMError
    from scmrepo.git import Git

    try:
        scm = Git(str(repository), search_parent_directories=False)
        commit = scm.resolve_commit("HEAD" if name == WORKSPACE else resolve_rev(scm, name))
        changed = name == WORKSPACE and scm.is_dirty()
    except SCMError:
        return None
    when = datetime.fromtimestamp(commit.commit_time, UTC).date().isoformat()
    subject = (str(commit.message).splitlines() or [""])[0]
    return Commit(commit.hexsha, when, subject, (commit.parents or [""])[0], changed)


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys of nested mappings as ``section.key``, with their values."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def changed_params(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[list[str]]:
    """Parameters that differ: name, value before, value after; "not there" where one has no such parameter."""
    old, new = dict(flat(before)), dict(flat(after))
    absent = "not there"
    return [
        [key, str(old.get(key, absent)), str(new.get(key, absent))]
        for key in dict.fromkeys([*old, *new])
        if old.get(key, absent) != new.get(key, absent)
    ]


def section(run: Snapshot, commit: Commit | None, before: Snapshot | None, collection: str) -> Section:
    """What was run.

    Args:
        run: The run.
        commit: Its commit.
        before: The run whose parameters are the old ones: the committed state, or the commit before.
        collection: Name of the collection, for people.
    """
    params = run.yaml("params.yaml")
    blocks: list[Block] = [_facts(run, commit, collection)]
    if not params:
        blocks.append(missing("Parameters are", run.name, "no params.yaml"))
    elif before is not None:
        blocks.append(_changes(before, params, "last commit" if run.name == WORKSPACE else "commit before"))
    blocks += [_data(run), *_hashes(run)]
    if params:
        rows = [[key, str(value)] for key, value in flat(params)]
        blocks.append(Table("All parameters (params.yaml).", ["parameter", "value"], rows, (0, 1), folded=True))
    return Section("run", "What was run", LEAD, blocks)


def _facts(run: Snapshot, commit: Commit | None, collection: str) -> Table:
    rows = [["collection", collection], ["run", run.name], ["version", f"ArtExtract {artextract.__version__}"]]
    if commit is None:
        rows.append(["commit", "not under version control"])
    else:
        rows.append(["commit", f"{commit.sha[:12]} of {commit.when}: {commit.subject}"])
    if commit is not None and run.name == WORKSPACE:
        state = "as committed"
        if commit.changed:
            state = "files differ from the commit: only this working copy has what is reported here"
        rows.append(["working copy", state])
    return Table("The run.", ["", ""], rows, (0, 1))


def _changes(before: Snapshot, params: Mapping[str, Any], what: str) -> Block:
    old = before.yaml("params.yaml")
    if not old:
        return Text(f"The {what} has no params.yaml to compare with.", missing=True)
    rows = changed_params(old, params)
    if not rows:
        return Text(f"All parameters are those of the {what}.")
    return Table(f"Parameters that differ from the {what}.", ["parameter", "there", "here"], rows, (0, 1, 2))


def _data(run: Snapshot) -> Table:
    """Sources, counts and encoders of both tasks, as far as the run has them."""
    prepared, fetched = run.json("metrics/prepare_artgan.json"), run.json("metrics/fetch_nga.json")
    rows = []
    if prepared:
        rows.append(["task 1: source", str(prepared.get("source", ""))])
        rows.append(["task 1: images", _of(prepared, "images_stored", "images_listed")])
    if fetched:
        rows.append(["task 2: source", str(fetched.get("source", ""))])
        rows.append(["task 2: works with an image", _of(fetched, "images_stored", "images_listed")])
    for kind in ("images", "titles"):
        if encoder := run.json(f"metrics/embed_{kind}.json"):
            said = f"{encoder.get('name')} ({encoder.get('dimensions')} dimensions, {encoder.get('backend')})"
            rows.append([f"encoder of {kind}", said])
            rows.append([f"its weights, SHA-256, {kind}", str(encoder.get("weights_sha256", "not recorded"))])
    return Table("Data and encoders.", ["", ""], rows or [["data", "not recorded in metrics/"]], (0, 1))


def _of(record: Mapping[str, Any], found: str, listed: str) -> str:
    text = f"{record.get(found, 0):,} of {record.get(listed, 0):,}"
    lost = [f"{record[key]:,} {key}" for key in ("missing", "unreadable") if record.get(key)]
    return f"{text} ({', '.join(lost)})" if lost else text


def _hashes(run: Snapshot) -> list[Block]:
    stages = run.yaml("dvc.lock").get("stages", {})
    rows = [
        [str(out["path"]), str(name), str(out.get("md5", "")), f"{out.get('size', 0):,}"]
        for name, stage in stages.items()
        for out in stage.get("outs", [])
    ]
    if not rows:
        return [missing("Hashes of the data are", run.name, "no dvc.lock")]
    caption = "What each stage wrote, by DVC's hash (dvc.lock)."
    return [Table(caption, ["output", "stage", "MD5", "bytes"], rows, (0, 1, 2), folded=True)]
