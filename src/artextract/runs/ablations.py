"""Ablations: experiments that change one setting of a profile each, and a table of their results.

The table holds the headline scores of each experiment, and its paired difference to one of them with a 95% interval
where both were evaluated on the same rows.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable
from artextract.core.tasks import TASKS
from artextract.params.yaml12 import BoundedLoader
from artextract.runs.comparison import COLUMNS, SIGNIFICANT, compare, read_predictions, with_holm

TARGET = "evaluate_auc"
ALL = "all"  # key of the changes that all experiments of a list have in common


def read_profile(path: Path) -> list[str]:
    """Arguments of ``dvc exp run`` that a profile holds.

    Raises:
        ArtExtractError: There is no such file.
    """
    if not path.is_file():
        raise ArtExtractError("there is no such profile", where=str(path), remedy="see profiles/*.args")
    with readable(path, "a profile", "one `-S key=value` per line; a quotation mark needs its partner"):
        return shlex.split(path.read_text(encoding="utf-8"), comments=True)


def read_ablations(path: Path) -> dict[str, list[str]]:
    """Names of experiments and the ``key=value`` changes of each; those of the key ``all`` come first in every list.

    Raises:
        ArtExtractError: The file is missing, or is not a mapping of names to lists of ``key=value``.
    """
    if not path.is_file():
        raise ArtExtractError("there is no such file", where=str(path))
    with readable(path, "YAML", "one `name: [key=value, ...]` per line"):
        content = yaml.load(path.read_text(encoding="utf-8"), BoundedLoader)  # nosec B506
    if not isinstance(content, dict) or not set(content) - {ALL}:
        raise ArtExtractError("holds no experiments", where=str(path), remedy="one `name: [key=value, ...]` per line")
    for name, changes in content.items():
        if not isinstance(changes, list) or not all(isinstance(c, str) and "=" in c for c in changes):
            raise ArtExtractError(
                f"experiment `{name}` is not a list of key=value", where=str(path), remedy="name: [key=value, ...]"
            )
    common = content.pop(ALL, [])
    return {str(name): [*common, *changes] for name, changes in content.items()}


def queue_commands(
    profile: Path, ablations: Mapping[str, Iterable[str]], further: Iterable[str], prefix: str
) -> list[list[str]]:
    """One ``dvc exp run --queue`` per experiment: the profile, the user's changes, then the single change.

    Args:
        profile: File of arguments.
        ablations: See ``read_ablations``.
        further: ``key=value`` changes for all of them.
        prefix: Experiments are called ``<prefix>-<name>``.
    """
    common = read_profile(profile) + [part for change in further for part in ("-S", change)]
    return [
        ["dvc", "exp", "run", "--queue", "--name", f"{prefix}-{name}", *common]
        + [part for change in changes for part in ("-S", change)]
        + [TARGET]
        for name, changes in ablations.items()
    ]


def _of_prefix(shown: list[dict[str, Any]], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Finished experiments of a prefix: name without prefix, and what DVC knows of it."""
    for baseline in shown:
        for experiment in baseline.get("experiments") or []:
            name, revs = experiment.get("name") or "", experiment.get("revs") or []
            data = (revs[0].get("data") or {}) if revs else {}
            state = (experiment.get("executor") or {}).get("state", "success")  # a running experiment has metrics too
            if name.startswith(f"{prefix}-") and data.get("metrics") and state == "success":
                yield name.removeprefix(f"{prefix}-"), data


def finished(shown: list[dict[str, Any]], prefix: str) -> dict[str, dict[str, Any]]:
    """Finished experiments of a prefix in ``dvc exp show --json``: name without prefix to its metrics files."""
    return {
        name: {path: (entry or {}).get("data") or {} for path, entry in data["metrics"].items()}
        for name, data in _of_prefix(shown, prefix)
    }


def parameters(shown: list[dict[str, Any]], prefix: str) -> dict[str, dict[str, Any]]:
    """Finished experiments of a prefix in ``dvc exp show --json``: name without prefix to its params.yaml."""
    return {
        name: ((data.get("params") or {}).get("params.yaml") or {}).get("data") or {}
        for name, data in _of_prefix(shown, prefix)
    }


def scores(files: Mapping[str, Any]) -> dict[str, float]:
    """Validation AUC of each task, stratified where that is defined, and the mean AUC on select rows."""
    classification, train = files.get("metrics/classification.json", {}), files.get("metrics/train.json", {})
    row: dict[str, float] = {}
    for task in TASKS:
        plain = classification.get(f"{task}.auc_ovo", float("nan"))
        row[task] = classification.get(f"{task}.auc_ovo_stratified", plain)
    selected = [train[f"{task}_select_auc"] for task in TASKS if f"{task}_select_auc" in train]
    row["select"] = sum(selected) / len(selected) if selected else float("nan")
    return row


def differences(one: pd.DataFrame, other: pd.DataFrame, *, min_rows: int) -> pd.DataFrame:
    """Paired difference of the AUC of each task, ``other`` less ``one``; stratified where that is defined.

    Returns:
        Rows of ``comparison.compare``, one per task that has an AUC; no rows if the two were evaluated on different
        rows (for example on an artist-disjoint split).
    """
    try:
        table = compare(one, other, min_rows=min_rows, blocks=200, seed=0)
    except ArtExtractError:
        return pd.DataFrame(columns=pd.Index(COLUMNS))
    of_auc = table[table["score"].isin(["auc_ovo", "auc_ovo_stratified"])]
    return of_auc.drop_duplicates("task", keep="last").reset_index(drop=True)


def as_text(found: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, str]]:
    """Differences of several experiments as text with their intervals.

    A star marks those that differ from 0 after the correction of all of them (Holm). An experiment without rows has
    "other rows" for every task.
    """
    family = with_holm(pd.concat([table.assign(name=name) for name, table in found.items()], ignore_index=True))
    result: dict[str, dict[str, str]] = {}
    for name, table in found.items():
        result[name] = {} if len(table) else {task: "other rows" for task in TASKS}
    for row in family.to_dict("records"):
        star = " *" if row["p_holm"] < SIGNIFICANT else ""
        text = f"{row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f}){star}"
        result[row["name"]][row["task"]] = text
    return result


def markdown(rows: Mapping[str, Mapping[str, float]], paired: Mapping[str, Mapping[str, str]], against: str) -> str:
    """The table: one line per experiment, with its AUC and its paired difference to ``against``."""
    head = ["experiment", *TASKS, "select", *(f"{task} against {against}" for task in TASKS)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, row in rows.items():
        cells = [name, *(f"{row[key]:.4f}" for key in (*TASKS, "select"))]
        cells += [paired.get(name, {}).get(task, "") for task in TASKS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def dvc(*arguments: str) -> str:
    """Output of a ``dvc`` command.

    Raises:
        ArtExtractError: The command failed; the message is the last line of its errors.
    """
    done = subprocess.run(["dvc", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["failed and said nothing"]
        raise ArtExtractError(said[-1], where=f"dvc {arguments[0]}")
    return done.stdout


def table(prefix: str, against: str, min_rows: int) -> str:
    """The Markdown table of all finished experiments of a prefix.

    Raises:
        ArtExtractError: None has finished, or the one to compare with has not.
    """
    finished_runs = finished(json.loads(dvc("exp", "show", "--json")), prefix)
    if against not in finished_runs:
        raise ArtExtractError(
            f"no finished experiment {prefix}-{against}; finished: {', '.join(finished_runs) or 'none'}",
            where="dvc exp show",
            remedy="`dvc queue status`, `dvc queue start`",
        )
    base = read_predictions(f"{prefix}-{against}")
    others = [name for name in finished_runs if name != against]
    found = {name: differences(base, read_predictions(f"{prefix}-{name}"), min_rows=min_rows) for name in others}
    paired = as_text(found) if found else {}
    tested = sum(int(part["p"].notna().sum()) for part in found.values())
    note = f"\n{tested} comparisons; * is a difference from 0 after the correction for all of them (Holm, 5%).\n"
    return markdown({name: scores(files) for name, files in sorted(finished_runs.items())}, paired, against) + note
