"""The order of the stages in dvc.lock, which DVC appends as they end: that of the plan, whichever ended first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from artextract.runs.plan import Plan


def keys(plan: Plan) -> dict[str, list[str]]:
    """Stages that each dvc.lock of a plan holds, in its order."""
    return {file: list(_stages(file)) for file in set(plan.files.values())}


def in_order(plan: Plan, before: Mapping[str, list[str]]) -> None:
    """Put the entries that are new into the order of the plan, as ``dvc repro`` would have written them.

    Entries keep their content, and those that were there keep their place.

    Args:
        plan: Of the run.
        before: ``keys`` before the run.
    """
    from dvc.repo import Repo, lock_repo
    from dvc.utils.serialize import modify_yaml

    names = [address.rpartition(":")[2] for address in plan.needs]
    for file, first in before.items():
        now = list(_stages(file))
        wanted = first + [name for name in names if name in now and name not in first]
        if now == wanted or sorted(now) != sorted(wanted):
            continue
        with Repo(plan.root, _wait_for_lock=True) as repo, lock_repo(repo), modify_yaml(file) as content:
            content["stages"] = {name: content["stages"][name] for name in wanted}


def _stages(file: str) -> dict[str, object]:
    from dvc.utils.serialize import load_yaml

    return load_yaml(file).get("stages") or {} if Path(file).is_file() else {}
