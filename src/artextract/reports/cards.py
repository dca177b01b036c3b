"""Model card and data card of a run, as sections of the report."""

from __future__ import annotations

from artextract.classification.evaluation.prediction_table import UNITS
from artextract.classification.published.card import LICENCES
from artextract.core.tasks import TASKS
from artextract.pictures.style import readable
from artextract.reports.blocks import Block, Section, Table, Text, missing
from artextract.reports.snapshot import Snapshot, is_own
from artextract.reports.wording import counted, of

SOURCES = {
    "met": "The paintings are public domain (The Met, CC0).",
    "folder": "Images of WikiArt are for non-commercial research only. For a folder in that form, its owner decides.",
    "opendata": "National Gallery of Art, open data (CC0); about a quarter of the images are for fair use only.",
}
OWN = "The pictures are the user's own: the rights to them decide what may be shown, and how a network may be used."


COUNTS = ("classes", "train", "select", "val", "guarded")


def model_card(run: Snapshot) -> Section:
    """Who the network is, what it was trained on, how good it is, and what it is not for."""
    metrics, trained = run.json("metrics/classification.json"), run.json("metrics/train.json")
    params, prepared = run.yaml("params.yaml"), run.json("metrics/prepare_artgan.json")
    if not trained and is_own(run):
        sentence = Text("No network was trained on this collection. A published network has a card of its own.")
        return Section("model-card", "Model card", "", [sentence])
    if not trained or not metrics:
        sentence = missing("A model card is", run.name, "no trained network")
        return Section("model-card", "Model card", "", [sentence])
    train = params.get("train", {})
    rows = [
        ["kind", f"classifier of paintings by {', '.join(TASKS)}, with a head for each"],
        ["backbone", str(train.get("backbone", ""))],
        ["head", _head(train)],
        ["trained parameters", f"{trained.get('parameters', 0):,}"],
        ["trained on", counted(trained.get("train_images", 0), "image")],
        ["epoch chosen on", counted(trained.get("select_images", 0), "image")],
        ["epoch kept", f"{trained.get('best_epoch')} of {params.get('epochs', '')}"],
        ["learning rate", str(params.get("lr", ""))],
        ["computed by", str(trained.get("backend", ""))],
    ]
    for task in TASKS:
        if f"{task}.auc_ovo" in metrics:
            n, units = metrics.get(f"{task}.auc_ovo_rows", 0), metrics.get(f"{task}.auc_ovo_units", 0)
            evidence = f"{counted(n, 'validation work')}, {counted(units, UNITS[task])}"
            rows.append([f"AUC one-vs-one, {task}", f"{of(metrics, f'{task}.auc_ovo')} on {evidence}"])
    rows += [
        ["for", "sorting and searching collections like the one that it was trained on; a cataloguer's first guess"],
        ["not for", "attribution, valuation or authentication; works of a kind, time or region that it has not seen"],
        ["classes", "it always answers with a class that it knows, also for a painter whom it has never seen"],
        ["licence", LICENCES[source][1] if (source := str(prepared.get("source"))) in LICENCES else OWN],
    ]
    return Section("model-card", "Model card", "", [Table("The network of this run.", ["", ""], rows, (0, 1))])


def _head(train: dict[str, object]) -> str:
    if train.get("head") == "linear":
        return "logistic regression on the mean token"
    frozen = "frozen" if train.get("frozen") else "fine-tuned"
    return f"GRU over tokens of the {frozen} backbone ({train.get('recurrence', '')} by the tasks)"


def data_card(run: Snapshot) -> Section:
    """What the data are, how they were divided, and what was left out."""
    prepared, fetched = run.json("metrics/prepare_artgan.json"), run.json("metrics/fetch_nga.json")
    blocks: list[Block] = []
    if prepared:
        rows = [[task, *(f"{prepared.get(f'{task}.{name}', 0):,}" for name in COUNTS)] for task in TASKS]
        caption = (
            f"Task 1: {counted(prepared.get('images_stored', 0), 'image')} in "
            f"{counted(prepared.get('groups', 0), 'group')} of the same work. Guarded rows would have leaked and are "
            "never trained on. Select rows are part of the training rows."
        )
        blocks.append(Table(caption, ["task", "classes", "train", "select", "validation", "guarded"], rows))
        blocks += _classes(run)
    elif not is_own(run):
        blocks.append(missing("Lists for a training are", run.name, "no metrics/prepare_artgan.json"))
    if fetched:
        names = {
            "paintings": "works in the tables", "images_stored": "works with an image",
            "unreadable": "unreadable images", "problems": "files and rows that were not used (problems.csv)",
            "with_title": "works with a title", "with_year": "works with a date",
            "paintings_without_title": "works without a title", "with_named_artist": "works by a named painter",
            "groups": "groups of near-duplicates and panels", "exact_duplicates": "identical images",
        }  # fmt: skip
        rows = [[name, f"{fetched[key]:,}"] for key, name in names.items() if key in fetched]
        blocks.append(Table("The collection that is searched (task 2).", ["", "number"], rows))
    else:
        blocks.append(missing("Counts of the searched collection are", run.name, "no metrics/fetch_nga.json"))
    sources = dict.fromkeys(str(r["source"]) for r in (prepared, fetched) if "source" in r)
    blocks += [Text(SOURCES.get(source, OWN)) for source in sources] if sources else [Text(OWN)]
    return Section("data-card", "Data card", "", blocks)


def _classes(run: Snapshot) -> list[Block]:
    table = run.table("plots/classes/counts.csv")
    if table is None:
        return []
    wide = table.pivot_table(index=["task", "class"], columns="split", values="rows", sort=False, fill_value=0)
    splits = [str(split) for split in wide.columns]
    named = zip(wide.index, wide.to_numpy(), strict=True)
    rows = [[f"{task}: {readable(str(name))}", *(f"{int(n):,}" for n in counts)] for (task, name), counts in named]
    return [Table("Images per class.", ["class", *splits], rows, folded=True)]
