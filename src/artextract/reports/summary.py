"""The first lines of the report: what a reader in a hurry should know."""

from __future__ import annotations

from artextract.core.tasks import TASKS
from artextract.reports.provenance import Commit
from artextract.reports.snapshot import Snapshot
from artextract.reports.wording import between, counted, listed, number, of
from artextract.similarity.ranking.judges import declared


def title(run: Snapshot, collection: str | None) -> str:
    """Heading of the report: the collection's name, if it has one, and the number of its works."""
    works = run.json("metrics/fetch_nga.json").get("images_stored")
    if collection:
        return f"Report on {collection}" + (f": {counted(int(works), 'work')}" if works else "")
    return f"Report on {counted(int(works), 'painting')}" if works else "Report on a run"


def sentences(run: Snapshot, commit: Commit | None) -> list[str]:
    """One sentence each about the run, classification, similarity and the siamese gain."""
    found = []
    if commit is not None:
        state = ", with changes that are not committed" if commit.changed else ""
        found.append(f"Run {run.name}: commit {commit.sha[:12]} of {commit.when}{state}.")
    metrics = run.json("metrics/classification.json")
    if scores := [f"{task} {of(metrics, f'{task}.auc_ovo')}" for task in TASKS if f"{task}.auc_ovo" in metrics]:
        found.append(
            f"A network tells classes apart with an AUC of {listed(scores)}; 0.5 is chance, 1 is always right."
        )
    scores_of = run.json("metrics/similarity.json")
    if judge := scores_of.get("ndcg.judge"):
        key, label = f"{judge}.image.ndcg10", declared(str(judge)).label
        if key in scores_of:
            by_chance = number(scores_of.get(f"{judge}.random.ndcg10"))
            queries = counted(int(scores_of.get(f"{judge}.queries", 0)), "query work")
            found.append(
                f"By image alone, the ten nearest works reach an nDCG of {of(scores_of, key)} under the judge {label} "
                f"({queries}); chance is {by_chance}, the best possible ranking has 1."
            )
    gain, siamese = run.json("metrics/gain.json"), run.json("metrics/siamese.json")
    if "gain" in gain and (judge := siamese.get("gain.judge")):
        key = f"s2.{judge}.gain.p10"
        value = between(siamese.get(key), siamese.get(f"{key}_low"), siamese.get(f"{key}_high"))
        none = "" if siamese.get(f"{key}_low", 0) > 0 else ", which is no gain"
        found.append(f"Learning from titles changes precision@10 by {value}{none}, for painters that it has not seen.")
    return found or [f"Run {run.name} has no metrics yet: `dvc repro` computes them."]
