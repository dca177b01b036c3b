"""Section of the report about what its numbers do not show. Every sentence follows from the run's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from artextract.classification.evaluation.prediction_table import UNITS
from artextract.core.tasks import TASKS
from artextract.reports import classification, siamese, similarity
from artextract.reports.blocks import Bullets, Section
from artextract.reports.snapshot import Snapshot
from artextract.reports.wording import counted, listed, of

FEW = 100  # validation works: below, one work moves a score by a hundredth or more
LEAD = "Read these sentences before you quote a number."


def section(run: Snapshot) -> Section:
    """Limits of data, classification and similarity, in this order."""
    sentences = [*_data(run), *_classification(run), *_similarity(run), *_siamese(run)]
    return Section("limits", "Limits", LEAD, [Bullets(sentences)])


def _data(run: Snapshot) -> list[str]:
    prepared = run.json("metrics/prepare_artgan.json")
    if prepared.get("source") == "met":
        return [
            f"This is a demonstration on {counted(prepared.get('works', 0), 'work')} of The Met. Its styles are "
            "schools, that is, the painter's nationality; no finding about art should be drawn from it."
        ]
    return []


def _classification(run: Snapshot) -> list[str]:
    metrics = run.json(classification.METRICS)
    if not metrics:
        return ["Nothing was classified: whether a network can tell style, genre or artist here is unknown."]
    sentences = []
    for task in TASKS:
        rows, units = metrics.get(f"{task}.auc_ovo_rows"), metrics.get(f"{task}.auc_ovo_units", 0)
        if rows is None:
            sentences.append(
                f"{task.capitalize()}: no AUC is defined, since too few classes have enough validation works."
            )
        elif rows < FEW:
            auc = of(metrics, f"{task}.auc_ovo")
            joined = "by" if UNITS[task] == "painter" else "in"
            evidence = f"{counted(rows, 'work')} {joined} {counted(units, UNITS[task])}"
            sentences.append(f"{task.capitalize()}: the AUC of {auc} rests on {evidence}.")
        if better := classification.beaten_by(run, task):
            sentences.append(f"{task.capitalize()}: at least as good as the network are {listed(better)}.")
    refused = [t for t, record in run.json("data/evaluation/calibration.json").items() if record.get("refused")]
    if refused:
        sentences.append(f"Probabilities of {listed(refused)} are not calibrated: take them as an order, not as odds.")
    return [*sentences, "One training is one seed: another seed gives other numbers (`artextract seeds`)."]


def _similarity(run: Snapshot) -> list[str]:
    if not run.json(similarity.METRICS):
        return []
    sentences = ["Judges are made from records. They do not say what people see as similar."]
    judges = run.table(f"{similarity.PLOTS}/judges.csv")
    if judges is not None:
        absent = judges.loc[judges["status"] != "measured", "label"].astype(str).tolist()
        if absent:
            sentences.append(f"Not measured here: {'; '.join(absent)}.")
    return [
        *sentences,
        "Maps and clusters show one reading of the space; another perplexity or number of clusters gives another one.",
        "A work that looks unlike its attribution may be early, late, damaged or photographed differently.",
    ]


def _siamese(run: Snapshot) -> list[str]:
    metrics = run.json(siamese.METRICS)
    lost = [judge for judge in ("artist", "period") if _falls(metrics, judge)]
    if lost:
        names = listed([similarity.declared(judge).label for judge in lost])
        return [f"Subject has a price: under {names}, fewer works are found the more it counts."]
    key = "s2.artist.gain.p10"
    if key in metrics:
        return [f"Under same painter, look and subject together gain {of(metrics, key)}, which may be nothing."]
    return []


def _falls(metrics: Mapping[str, Any], judge: str) -> bool:
    return metrics.get(f"s2.{judge}.gain.p10_high", 1) < 0
