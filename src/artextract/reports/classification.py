"""Section of the report about task 1: how well the network tells style, genre and artist."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from artextract.classification.evaluation.figures import (
    COLOURS,
    loss_panel,
    reliability_panel,
    risk_panel,
)
from artextract.classification.evaluation.prediction_table import UNITS
from artextract.core.tasks import TASKS
from artextract.pictures.style import GRID
from artextract.reports.blocks import Block, Drawing, Drawings, Heading, Matrices, Matrix, Section, Table, Text, missing
from artextract.reports.drawings import draw
from artextract.reports.snapshot import Snapshot, is_own
from artextract.reports.wording import between, counted, listed, number, of, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRICS, PLOTS = "metrics/classification.json", "plots/classification"
LEAD = (
    "One network with a head for each task was scored on validation works that its training has not seen. An interval "
    "holds 95% and leaves out or draws whole painters (style, genre) or groups of near-duplicates (artist)."
)
CONFUSION = (
    "Numbers are works, the colour is their share of the row, and framed cells are right answers. A column without "
    "numbers is a class that was never predicted."
)
SHOWN = ("auc_ovo", "auc_ovr", "balanced_accuracy", "macro_f1", "pr_auc", "top1")
NAMES = {
    "auc_ovo": "AUC one-vs-one", "auc_ovr": "AUC one-vs-rest", "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1", "pr_auc": "PR-AUC", "top1": "top-1 accuracy",
}  # fmt: skip


NOT_TRAINED = (
    "A collection of your own has no training, so nothing was scored. `artextract predict` names style, genre and "
    "artist of its works with a network that was trained elsewhere."
)


def section(run: Snapshot) -> Section:
    """Scores, ROC, confusion, baselines, calibration and abstention, training."""
    metrics = run.json(METRICS)
    if not metrics and is_own(run):
        return Section("classification", "Classification", "", [Text(NOT_TRAINED)])
    if not metrics:
        why = f"no {METRICS}: no labels for a training, or evaluate_auc has not run"
        return Section("classification", "Classification", "", [missing("Scores of a network are", run.name, why)])
    tasks = [task for task in TASKS if f"{task}.val_rows" in metrics]
    blocks: list[Block] = [_scores(metrics, tasks), *_roc(run, tasks, metrics), Heading("Which classes are confused")]
    confused = [_confusion(run, task) for task in tasks]
    blocks += [block for block in confused if isinstance(block, Text)]
    blocks += [Text(CONFUSION), Matrices([block for block in confused if isinstance(block, Matrix)])]
    blocks += [Heading("Next to simple methods"), *(block for task in tasks for block in _baselines(run, task))]
    blocks += [Heading("Can the confidence be trusted?"), *_confidence(run, tasks, metrics)]
    blocks += [Heading("Training"), *_training(run, tasks)]
    return Section("classification", "Classification", LEAD, blocks)


def _scores(metrics: Mapping[str, Any], tasks: list[str]) -> Table:
    rows = []
    for task in tasks:
        for score in SHOWN:
            key = f"{task}.{score}"
            if key not in metrics:
                continue
            works = f"{metrics.get(f'{key}_rows', '')} / {metrics.get(f'{key}_units', '')} {UNITS[task]}s"
            chance = f"{task}.chance_{score}"
            range_ = between(metrics.get(chance), metrics.get(f"{chance}_low"), metrics.get(f"{chance}_high"))
            least = 1 / (metrics.get(f"{task}.permutations", 0) + 1)
            ceiling = number(metrics.get(f"{key}_ceiling"))
            p = p_value(metrics.get(f"{chance}_p"), least)
            rows.append([f"{task}: {NAMES[score]}", of(metrics, key), works, range_, p, ceiling])
    caption = (
        "Scores on validation works. AUC says how often an image of one class is ranked above an image of another: 1 "
        "is always, 0.5 is a coin. Chance is the score of the same predictions dealt out at random, with its 95% range."
    )
    columns = ["score", "value (95%)", "works / units", "chance (95%)", "p", "ceiling"]
    return Table(caption, columns, rows, words=(0, 2))


def _roc(run: Snapshot, tasks: list[str], metrics: Mapping[str, Any]) -> list[Block]:
    curves = run.table(f"{PLOTS}/roc.csv")
    if curves is None:
        return [missing("ROC curves are", run.name, f"no {PLOTS}/roc.csv")]
    panels = []
    for task in tasks:
        part = curves[curves["task"] == task]
        if len(part):
            area = of(metrics, f"{task}.auc_ovr")
            says = f"ROC curve of {task}: area {area}; at 10% false positives, {_at(part, 0.1):.0%} true positives."
            drawn = partial(_curve, part=part, task=task, area=area)
            panels.append(draw(f"roc-{task}", says, drawn))
    caption = "ROC: mean over the scored classes, each against all others. The diagonal is chance."
    return [Drawings(caption, panels)]


def _at(curve: pd.DataFrame, fpr: float) -> float:
    return float(curve.loc[curve["fpr"] <= fpr, "tpr"].max())


def _curve(axis: Axes, *, part: pd.DataFrame, task: str, area: str) -> None:
    axis.plot([0, 1], [0, 1], color=GRID, lw=1, zorder=0)
    axis.plot(part["fpr"], part["tpr"], color=COLOURS[task], lw=2.2)
    axis.set(title=f"{task}: area {area}", xlabel="false positives", ylabel="true positives", aspect="equal")


def _confusion(run: Snapshot, task: str) -> Matrix | Text:
    cells = run.table(f"{PLOTS}/confusion_{task}.csv")
    if cells is None:
        return missing(f"The confusion matrix of {task} is", run.name, f"no {PLOTS}/confusion_{task}.csv")
    wide = cells.pivot_table(index="actual", columns="predicted", values="count", sort=False, fill_value=0)
    names = [str(name) for name in wide.index]
    counts = wide.reindex(columns=wide.index, fill_value=0).to_numpy().astype(int).tolist()
    works = counted(sum(map(sum, counts)), "validation work")
    caption = f"{task.capitalize()}: {works}, true classes in rows, predicted ones in columns."
    return Matrix(caption, names, counts)


def _baselines(run: Snapshot, task: str) -> list[Block]:
    table = run.table(f"{PLOTS}/baselines_{task}.csv")
    if table is None:
        return [missing(f"Baselines of {task} are", run.name, f"no {PLOTS}/baselines_{task}.csv")]
    rows = [
        [
            str(row["baseline"]),
            between(row["auc_ovo"], row["auc_ovo_low"], row["auc_ovo_high"]),
            number(row["balanced_accuracy"]),
            number(row["top1"]),
            between(row["gain"], row["gain_low"], row["gain_high"]) if pd.notna(row["gain"]) else "",
        ]
        for row in table.to_dict("records")
    ]
    caption = (
        f"{task.capitalize()}: the network next to simple methods. The gain is the network's AUC less that of the "
        "method, on the same works; a gain whose interval contains 0 is no gain."
    )
    columns = ["method", "AUC one-vs-one (95%)", "balanced accuracy", "top-1", "gain of the network (95%)"]
    return [Table(caption, columns, rows)]


def _confidence(run: Snapshot, tasks: list[str], metrics: Mapping[str, Any]) -> list[Block]:
    fitted = run.json("data/evaluation/calibration.json")
    blocks: list[Block] = []
    if not fitted:
        blocks.append(missing("Temperatures and thresholds are", run.name, "no data/evaluation/calibration.json here"))
    blocks += [Text(sentence) for task in tasks if (sentence := _refused(task, fitted.get(task, {})))]
    points, answers = run.table(f"{PLOTS}/reliability.csv"), run.table(f"{PLOTS}/risk_coverage.csv")
    if points is None or answers is None:
        return [*blocks, missing("Reliability and abstention are", run.name, f"no tables of them in {PLOTS}/")]
    refused = {task: fitted.get(task, {}).get("refused") for task in tasks}
    errors: dict[str, Drawing] = {}
    for task in tasks:
        known = _with_errors(metrics, task)
        part = points[points["task"] == task]
        says = f"Reliability of {task}: calibration error {number(metrics.get(f'{task}.ece'))}, where a calibrated "
        says += f"network of as many works would have {number(metrics.get(f'{task}.ece_if_calibrated'))} by chance."
        errors[task] = draw(
            f"reliability-{task}", says,
            lambda axis, t=task, p=part, m=known: reliability_panel(axis, t, p, m, refused[t]), height=4.0,
        )  # fmt: skip
    caption = "Confidence against the share that was right, with its 95% interval; small numbers: works."
    blocks.append(Drawings(caption, list(errors.values())))
    panels = []
    for task in tasks:
        part = answers[answers["task"] == task]
        says = f"Error against coverage of {task}."
        if len(part):
            half = part.loc[(part["coverage"] - 0.5).abs().idxmin()]
            says += f" Of the most confident {half['coverage']:.0%}, {half['error']:.0%} are wrong."
        panels.append(draw(f"risk-{task}", says, lambda axis, t=task, p=part: risk_panel(axis, t, p, metrics)))
    caption = (
        "Error among the answers (upright) by the share of works that are answered (across), the most confident first. "
        "A line that rises from the left means that the network knows where it is unsure."
    )
    return [*blocks, Drawings(caption, panels)]


def _refused(task: str, record: Mapping[str, Any]) -> str:
    """Why a task has no temperature or no threshold; "" where it has both."""
    what = {"refused": "the probabilities are not calibrated", "abstain_refused": "no threshold for an answer is set"}
    reasons: dict[str, list[str]] = {}
    for key, consequence in what.items():
        if key in record:
            reasons.setdefault(record[key], []).append(consequence)
    return " ".join(f"{task.capitalize()}: {listed(names)}, since {why}." for why, names in reasons.items())


def _with_errors(metrics: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Metrics in which every figure that the reliability panel names has a value."""
    names = ("ece", "ece_calibrated", "ece_if_calibrated")
    return {f"{task}.{name}": float("nan") for name in names} | dict(metrics)


def _training(run: Snapshot, tasks: list[str]) -> list[Block]:
    losses, record = run.table("plots/training/losses.csv"), run.json("metrics/train.json")
    if losses is None or not record:
        return [missing("The course of the training is", run.name, "no plots/training/losses.csv or train.json")]
    best = int(record["best_epoch"])
    panels = []
    for task in tasks:
        part = losses[losses["task"] == task]
        if len(part):
            says = f"Loss of {task} on training and select rows after each epoch; epoch {best} was kept."
            panels.append(draw(f"loss-{task}", says, lambda axis, t=task, p=part: _loss(axis, t, p, best)))
    caption = (
        f"Weighted cross-entropy after each epoch: dark on training rows, pale on select rows. Epoch {best} (thin "
        "line) had the best select rows and was kept."
    )
    return [Drawings(caption, panels)]


def _loss(axis: Axes, task: str, losses: pd.DataFrame, best: int) -> None:
    loss_panel(axis, task, losses, best)
    axis.legend(loc="center right")


def beaten_by(run: Snapshot, task: str) -> list[str]:
    """Baselines with at least the network's AUC, each with its AUC; for the limits."""
    table = run.table(f"{PLOTS}/baselines_{task}.csv")
    if table is None or table["auc_ovo"].isna().all():
        return []
    own = table["auc_ovo"].iloc[0]
    better = table.iloc[1:][table["auc_ovo"].iloc[1:] >= own]
    return [f"{row['baseline']} ({row['auc_ovo']:.2f})" for row in better.to_dict("records")]
