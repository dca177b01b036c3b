"""A small DVC project with this checkout's plots and two revisions of small data, and what DVC makes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from PIL import Image

from tests.closure import ROOT

PLOTS: list[str | dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
REVISIONS = ("main", "lr3e4")
CLASSES = {
    "style": [f"style_{number:02d}" for number in range(27)],  # as many as WikiArt has: two matrices are too wide
    "genre": ["landscape", "portrait", "still_life"],
    "artist": ["a b", "c", "d", "e"],
}
NEVER_PREDICTED = {task: names[-1] for task, names in CLASSES.items()}
EPOCHS = 4
CLUSTERS = 3


def plot_ids() -> list[str]:
    """The plots of dvc.yaml: the name of a plot of data, the path of a picture or of a folder of pictures."""
    return [plot if isinstance(plot, str) else next(iter(plot)) for plot in PLOTS]


def definition(plot_id: str) -> dict[str, Any]:
    """What dvc.yaml says of a plot of data."""
    return next(plot[plot_id] for plot in PLOTS if isinstance(plot, dict) and plot_id in plot)


def tables(shift: float) -> dict[str, pd.DataFrame]:
    """Tables in the form in which the stages write them; ``shift`` tells two revisions apart.

    No select row carries a known artist, as in the sample: its AUC was never measured.
    """
    losses = [
        {"epoch": epoch, "task": task, "split": split, "loss": 2 / (1 + epoch) + shift + 0.05 * len(task + split)}
        for epoch in range(EPOCHS) for task in CLASSES for split in ("train", "select")
    ]  # fmt: skip
    aucs = [
        {"epoch": epoch, "task": task, "auc": 0.6 + 0.05 * epoch - shift}
        for epoch in range(EPOCHS) for task in ("style", "genre")
    ]  # fmt: skip
    curve = [
        {"task": task, "fpr": fpr / 4, "tpr": min(1.0, fpr / 4 + 0.3 - shift)} for task in CLASSES for fpr in range(5)
    ]
    siamese = [{"epoch": e, "train": 2 / e + shift, "select": 0.3 + e / 50 - shift} for e in range(1, EPOCHS + 1)]
    knob = [
        {"judge": judge, "subject": step / 4, "p10": 0.2 + shift + slope * step}
        for judge, slope in (("artist", -0.01), ("theme", 0.05)) for step in range(5)
    ]  # fmt: skip
    return {
        "training/losses.csv": pd.DataFrame(losses),
        "training/auc.csv": pd.DataFrame(aucs),
        "classification/roc.csv": pd.DataFrame(curve),
        "siamese/losses.csv": pd.DataFrame(siamese),
        "siamese/knob.csv": pd.DataFrame(knob),
        **{f"classification/confusion_{task}.csv": confusion(task) for task in CLASSES},
    }


def confusion(task: str) -> pd.DataFrame:
    """Every pair of classes; the last class is never predicted."""
    rows = []
    for i, actual in enumerate(CLASSES[task]):
        counts = {name: 0 for name in CLASSES[task]}
        counts[CLASSES[task][0]] = i + 1
        counts[actual if actual != NEVER_PREDICTED[task] else CLASSES[task][0]] += 3
        total = sum(counts.values())
        rows += [{"actual": actual, "predicted": p, "count": n, "share": n / total} for p, n in counts.items()]
    return pd.DataFrame(rows)


def write_data(folder: Path, shift: float = 0.0) -> None:
    """All tables and pictures that the plots name, in ``folder``/plots."""
    for name, table in tables(shift).items():
        path = folder / "plots" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False, float_format="%.4f")
    for plot_id in plot_ids():
        path = folder / plot_id
        if plot_id.endswith((".png", ".jpg")):
            picture(path, shift)
        elif plot_id.startswith("plots/"):
            for number in range(1, CLUSTERS + 1):
                picture(path / f"cluster_{number:02d}.jpg", shift)


def picture(path: Path, shift: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (1400, 500), (int(200 - 400 * shift), 180, 120)).save(path)


def git(folder: Path, *command: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


def plots_project(folder: Path) -> Path:
    """A repository whose branches ``REVISIONS`` differ in the data of all plots."""
    templates = folder / ".dvc" / "plots"
    templates.mkdir(parents=True)
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n    check_update = false\n")
    (folder / ".dvc" / ".gitignore").write_text("/tmp\n/cache\n/config.local\n")
    for template in (ROOT / ".dvc" / "plots").glob("*.json"):
        (templates / template.name).write_bytes(template.read_bytes())
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": PLOTS}))
    git(folder, "init", "-q", "-b", REVISIONS[0])
    for branch, shift in zip(REVISIONS, (0.0, 0.1), strict=True):
        if branch != REVISIONS[0]:
            git(folder, "checkout", "-qb", branch)
        write_data(folder, shift)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", branch)
    git(folder, "checkout", "-q", REVISIONS[0])
    return folder


def renderers(folder: Path, *revisions: str, out: Path | None = None) -> list[Any]:
    """What ``dvc plots show`` (no revisions) or ``dvc plots diff`` draws: one renderer of DVC per plot."""
    from dvc.render.match import match_defs_renderers
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        data = repo.plots.diff(revs=list(revisions)) if revisions else repo.plots.show()
        drawn = match_defs_renderers(data=data, out=str(out) if out else None, templates_dir=repo.plots.templates_dir)
    assert not any(one.source_errors or one.definition_errors for one in drawn), drawn
    return [one.renderer for one in drawn]
