"""What a trained network cannot do, in sentences, as far as the record of its run shows it."""

from __future__ import annotations

from artextract.classification.network.saved_network import Record
from artextract.classification.published.provenance import Run
from artextract.core.tasks import TASKS

WIDE = 0.2  # an interval of this width or more says little
FEW = 50  # works


def limits_of(record: Record, run: Run) -> list[str]:
    """Sentences for the model card."""
    found = [
        "A picture of none of the classes gets one of them all the same: every other painter is taken for one of those "
        "listed above.",
        "It was scored on works of the source that it was trained on. On others it has not been measured.",
    ]
    for task in TASKS:
        found += _of_task(task, record, run)
    artgan = run.params["artgan"]
    if not artgan["guard"]:
        found.append("Works of the validation list of one task were trained on in another (`artgan.guard=false`).")
    if not artgan["held_out_painters"]:
        found.append("Painters of validation works are in the training too: new painters are likely to be harder.")
    return found


def _of_task(task: str, record: Record, run: Run) -> list[str]:
    scores = run.scores[task]
    if "auc_ovo" not in scores:
        return [f"{task}: too few validation works to be scored."]
    classes, found = len(record.classes[task]), []
    if (scored := int(scores["classes_scored"].value)) < classes:
        found.append(f"{task}: {scored} of the {classes} classes have enough validation works to be scored.")
    auc = scores["auc_ovo"]
    if auc.low is None or auc.high is None:
        found.append(f"{task}: {auc.rows} works are too few for an interval.")
    elif auc.high - auc.low >= WIDE or (auc.rows or 0) < FEW:
        found.append(
            f"{task}: its AUC rests on {auc.rows} works, and may be anything from {auc.low:.2f} to {auc.high:.2f}."
        )
    if "temperature" not in run.calibration.get(task, {}):
        found.append(f"{task}: the probabilities are not calibrated, and a confident answer can be wrong.")
    return found
