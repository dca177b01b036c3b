"""All experiments in one narrow table: what was changed, and the headline numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from artextract.core.collections import FOLDER as COLLECTIONS

WIDTH = 120
WORKSPACE = "workspace"  # a revision with this name and no other is the working copy
FIRST = ("lr",)  # parameters that are always shown, before those that differ


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _values(files: Mapping[str, Any]) -> dict[str, Any]:
    """Keys and values of all files of one kind; a file that could not be read has none.

    A collection of the user's has files of the same keys, which are not those of the experiment.
    """
    own = [file for path, file in files.items() if PurePath(path).parts[0] != COLLECTIONS]
    contents = [file["data"] for file in own if isinstance(file, Mapping) and file.get("data")]
    return {key: value for content in contents for key, value in _flat(content)}


def _state(experiment: Mapping[str, Any]) -> str:
    executor = experiment.get("executor") or {}
    if executor.get("state"):
        return str(executor["state"])
    return "error" if (experiment.get("error") or _last(experiment).get("error")) else ""


def _last(experiment: Mapping[str, Any]) -> Mapping[str, Any]:
    """The newest revision of an experiment, or the revision itself."""
    revisions = experiment.get("revs")
    return revisions[0] if revisions else experiment


def _rows(shown: Sequence[Mapping[str, Any]]) -> Iterator[tuple[dict[str, str], dict[str, Any], dict[str, Any]]]:
    """For each line its name and state, its parameters, and its metrics."""
    for baseline in shown:
        for indent, entry in [("", baseline), *(("  ", e) for e in baseline.get("experiments") or [])]:
            newest = _last(entry)
            data = newest.get("data") or {}
            rev = str(newest.get("rev", ""))
            name = entry.get("name") or newest.get("name") or (rev if rev == WORKSPACE else rev[:7])
            named = {"experiment": f"{indent}{name}", "state": _state(entry)}
            yield named, _values(data.get("params") or {}), _values(data.get("metrics") or {})


def experiments_table(shown: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per revision and experiment: name, state, ``lr``, the parameters that differ, the metrics.

    Args:
        shown: Output of ``dvc exp show --json``.

    Returns:
        Texts; empty where a value is missing, as in a queued experiment.
    """
    rows = list(_rows(shown))
    params = {
        key: {str(p.get(key)) for _, p, _ in rows if p} for key in dict.fromkeys(k for _, p, _ in rows for k in p)
    }
    differing = [key for key, values in params.items() if len(values) > 1 and key not in FIRST]
    shown_params = [*(key for key in FIRST if key in params), *differing]
    metrics = list(dict.fromkeys(key for *_, found in rows for key in found))
    if not any(named["state"] not in ("", "Success") for named, *_ in rows):
        rows = [({"experiment": named["experiment"]}, p, m) for named, p, m in rows]
    return pd.DataFrame(
        [
            named | {key: _text(p.get(key)) for key in shown_params} | {key: _text(m.get(key)) for key in metrics}
            for named, p, m in rows
        ]
    ).fillna("")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) >= 0.01 else f"{value:.3g}"
    return str(value)


def with_half_widths(table: pd.DataFrame) -> pd.DataFrame:
    """The table with half the width of each interval next to its number: ``x.auc`` 0.812 and ``x.ci`` 0.050 in one."""
    table = table.copy()
    for name in [str(column) for column in table if str(column).endswith(".ci")]:
        stem = name.removesuffix(".ci")
        of = next((column for column in (f"{stem}.auc", stem) if column in table), None)
        if of is not None:
            both = (table[of] != "") & (table[name] != "")
            table[of] = table[of].where(~both, table[of] + " ±" + table[name])
            table = table.drop(columns=name)
    return table


def printed(table: pd.DataFrame, width: int = WIDTH) -> str:
    """The table as text of at most ``width`` columns; columns that do not fit are named below it.

    Half-widths of intervals are next to their numbers, long names are shortened, and then columns are left out from
    the right.

    Args:
        table: See ``experiments_table``.
        width: Columns of the terminal.
    """
    table, most = with_half_widths(table), max(12, width // 6)
    cut = table.map(lambda cell: cell if len(cell) <= most else f"{cell[: most - 1]}…")
    columns = list(cut)
    while len(columns) > 1 and _width(cut[columns]) > width:
        columns.pop()
    left_out = [str(name) for name in table if name not in columns]
    widths = {name: max(len(str(name)), *cut[name].map(len)) for name in columns}
    numbers = {name for name in columns if name not in ("experiment", "state")}

    def line(cells: Sequence[str]) -> str:
        padded = [
            c.rjust(widths[n]) if n in numbers else c.ljust(widths[n]) for n, c in zip(columns, cells, strict=True)
        ]
        return "  ".join(padded).rstrip()

    lines = [line([str(name) for name in columns]), *(line(row) for row in cut[columns].values.tolist())]
    if left_out:
        lines.append(f"Not shown, since the terminal is {width} columns wide: {', '.join(left_out)}. --csv has them.")
    return "\n".join(lines)


def _width(table: pd.DataFrame) -> int:
    return sum(max(len(str(name)), *table[name].map(len)) for name in table) + 2 * (len(table.columns) - 1)


def markdown(table: pd.DataFrame) -> str:
    """The table as Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(row) + " |" for row in table.values.tolist()]
    return "\n".join(lines)
