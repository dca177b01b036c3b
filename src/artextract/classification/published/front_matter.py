"""The YAML at the top of a model card, from which the hub makes tags and a table of results."""

from __future__ import annotations

from huggingface_hub import EvalResult, ModelCardData

from artextract.classification.network.saved_network import Record
from artextract.classification.published.provenance import Run
from artextract.core.tasks import TASKS

SHOWN = {
    "auc_ovo_stratified": "AUC one-vs-one, within the same framing",
    "auc_ovo": "AUC one-vs-one",
    "balanced_accuracy": "balanced accuracy",
    "top1": "top-1",
    "ece": "calibration error before the temperature",
    "ece_calibrated": "calibration error after it",
}
HEADLINES = {"auc_ovo": "roc_auc", "balanced_accuracy": "accuracy"}  # and what the hub calls them
SOURCES = {  # name, and key on the hub, by artgan.source
    "met": ("The Met, Open Access (the sample of this project)", "the-met-open-access"),
    "folder": ("WikiArt's images by ArtGAN's lists, or a folder in that form", "wikiart"),
}
LICENCES = {
    "met": ("apache-2.0", "The network is Apache-2.0, as the code is. The pictures that it was trained on are CC0."),
    "folder": (
        "other",
        "WikiArt's images are for non-commercial research only, and so is a network that was trained on them.",
    ),
}


def front_matter(name: str, record: Record, run: Run) -> ModelCardData:
    """Licence, tags, data and results; see ``card.card`` for the arguments."""
    source = run.params["artgan"]["source"]
    licence = LICENCES[source][0]
    own = {"license_name": "non-commercial-research"} if licence == "other" else {}
    return ModelCardData(
        license=licence,
        library_name="artextract",
        pipeline_tag="image-classification",
        tags=["paintings", "art", "multitask", record.train.head],
        datasets=[SOURCES[source][1]],
        metrics=["roc_auc", "accuracy"],
        model_name=name,
        eval_results=_eval_results(run),
        ignore_metadata_errors=False,
        **own,
    )


def _eval_results(run: Run) -> list[EvalResult]:
    """What the hub shows beside the card."""
    source, key = SOURCES[run.params["artgan"]["source"]]
    return [
        EvalResult(
            task_type="image-classification",
            task_name=task,
            dataset_type=key,
            dataset_name=source,
            dataset_config=task,  # the hub takes results of one data set and configuration for one
            dataset_split="validation",
            metric_type=kind,
            metric_name=", ".join([f"{task}: {SHOWN[name]}", *as_range(score.low, score.high, "95% {} to {}")]),
            metric_value=score.value,
        )
        for task in TASKS
        for name, kind in HEADLINES.items()
        if (score := run.scores[task].get(name)) is not None
    ]


def as_range(low: float | None, high: float | None, form: str) -> list[str]:
    """A range as text; nothing where it is not known."""
    return [] if low is None or high is None else [form.format(f"{low:.3f}", f"{high:.3f}")]
