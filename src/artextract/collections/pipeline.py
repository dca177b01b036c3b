"""The pipeline of a user's collection, made from that of the repository: one source of truth for both.

The same stages, of the same names, run in collections/NAME. What differs: they find the code two folders up, task 1 has
no part in it, and the record of the source is a stage of the same file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

TASK_1 = ("prepare_artgan", "compute_class_weights", "train_multitask", "evaluate_auc")
UP = "../../"  # from collections/NAME to the repository's root
CODE = ("src/", "stages/")
SOURCE = "source"
FOR_PEOPLE = (
    "problems.csv",
    "works.csv",
)  # that fetch_nga writes for a user's collection, beside the repository's outs
HEAD = """\
# Made from the repository's dvc.yaml by `artextract collection add` and `update`: changes of this file are lost.
# Parameters are in params.yaml next to it. `dvc repro` in this folder brings the collection up to date.
"""

Stage = dict[str, Any]


def paths(stage: Mapping[str, Any], *kinds: str) -> list[str]:
    """Paths of a stage's entries of these kinds: deps, outs, metrics."""
    entries = [entry for kind in kinds for entry in stage.get(kind, [])]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def _moved(stage: Stage, absent: list[str]) -> Stage:
    """A stage that runs in collections/NAME, without what only task 1 makes."""
    deps = [dep for dep in stage.get("deps", []) if not _inside(dep, absent)]
    moved = {key: value for key, value in stage.items() if key != "wdir"}
    moved["cmd"] = f"PYTHONPATH={UP.rstrip('/')} {stage['cmd']}"
    if deps:
        moved["deps"] = [UP + dep if dep.startswith(CODE) else dep for dep in deps]
    return moved


def _shows_only(plot: Any, outs: list[str]) -> bool:
    """Whether all files of a plot are among these outs."""
    if isinstance(plot, str):
        return _inside(plot, outs)
    options = next(iter(plot.values())) or {}
    files = [file for axis in ("x", "y") if isinstance(options.get(axis), dict) for file in options[axis]]
    return all(_inside(file, outs) for file in files or plot)


def _renamed(plot: Any) -> Any:
    """A plot of tables under a name that the repository's own has not: DVC would rename both where it shows both."""
    if isinstance(plot, dict) and "x" in (next(iter(plot.values())) or {}):
        return {f"collection: {name}": drawn for name, drawn in plot.items()}
    return plot


def pipeline(repository: Mapping[str, Any], sources: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a collection's dvc.yaml.

    Args:
        repository: Content of the repository's dvc.yaml.
        sources: Content of data/sources/dvc.yaml.
    """
    of_task_1 = [repository["stages"][name] for name in TASK_1]
    absent = paths({"outs": [e for s in of_task_1 for kind in ("outs", "metrics") for e in s.get(kind, [])]}, "outs")
    absent += paths(sources["stages"]["artgan"], "outs")
    kept = {name: stage for name, stage in repository["stages"].items() if name not in TASK_1}
    stages = {SOURCE: _moved(sources["stages"]["nga"], absent) | {"desc": "Looks at the folder of pictures"}}
    stages |= {name: _moved(stage, absent) for name, stage in kept.items()}
    stages["fetch_nga"]["desc"] = "The user's pictures and table to shards and an index of works"
    stages["fetch_nga"]["outs"] = [*kept["fetch_nga"]["outs"], *({name: {"cache": False}} for name in FOR_PEOPLE)]
    outs = [path for stage in kept.values() for path in paths(stage, "outs", "metrics")]
    plots = [_renamed(plot) for plot in repository.get("plots", []) if _shows_only(plot, outs)]
    return {"stages": stages, "plots": plots}


def sections(stages: Mapping[str, Stage]) -> list[str]:
    """Top-level keys of params.yaml that stages read."""
    return sorted({key for stage in stages.values() for key in stage.get("params", [])})


def read_yaml_file(path: Path) -> dict[str, Any]:
    """A YAML file of the repository's own."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def repository_pipeline(root: Path) -> dict[str, Any]:
    """``pipeline`` of the repository with this root."""
    return pipeline(read_yaml_file(root / "dvc.yaml"), read_yaml_file(root / "data/sources/dvc.yaml"))


def as_text(content: Mapping[str, Any]) -> str:
    """The text of dvc.yaml."""
    return HEAD + yaml.safe_dump(dict(content), sort_keys=False, width=120, allow_unicode=True)
