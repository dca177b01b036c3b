"""Section of the report that compares two runs: parameters, and paired differences of their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.measures.bootstrap import paired_all
from artextract.measures.intervals import SMALLEST_P
from artextract.reports.blocks import Block, Section, Table, Text
from artextract.reports.classification import NAMES
from artextract.reports.provenance import changed_params, flat
from artextract.reports.snapshot import Snapshot
from artextract.reports.wording import between, number, p_value
from artextract.runs import comparison
from artextract.siamese.evaluation.trials import PRIMARY
from artextract.similarity.ranking.families import corrected
from artextract.similarity.ranking.judges import declared, in_order
from artextract.similarity.ranking.spaces import space_label
from artextract.similarity.ranking.tables import MIN_DRAWS

PREDICTIONS, VALUES = "data/evaluation/predictions.parquet", "data/siamese/values.parquet"
HEADLINES = ("metrics/auc.json", "metrics/ndcg.json", "metrics/gain.json")
SPLIT, METRIC = "s2", "p10"  # of the siamese scores: painters that the training has not seen
SPACES = ("image", PRIMARY)


def section(run: Snapshot, other: Snapshot) -> Section:
    """Differences, run less other."""
    lead = f"This run ({run.name}) less {other.name}. A difference whose interval contains 0 is no difference."
    blocks = [_params(run, other), _headlines(run, other), *_classification(run, other), *_similarity(run, other)]
    return Section("differences", f"Compared with {other.name}", lead, blocks)


def _params(run: Snapshot, other: Snapshot) -> Block:
    rows = changed_params(other.yaml("params.yaml"), run.yaml("params.yaml"))
    if not rows:
        return Text("Both runs have the same parameters.")
    return Table("Parameters that differ.", ["parameter", other.name, run.name], rows, (0, 1, 2))


def _headlines(run: Snapshot, other: Snapshot) -> Block:
    ours, theirs = ({k: v for path in HEADLINES for k, v in flat(one.json(path))} for one in (run, other))
    rows = [
        [key, number(theirs.get(key), 4), number(ours.get(key), 4), _difference(ours.get(key), theirs.get(key))]
        for key in dict.fromkeys([*ours, *theirs])
        if not key.endswith(".ci")  # half the interval of one run says nothing about a difference
    ]
    caption = "Headline metrics of both; differences with their intervals are below."
    return Table(caption, ["metric", other.name, run.name, "difference"], rows)


def _difference(ours: Any, theirs: Any) -> str:
    known = isinstance(ours, int | float) and isinstance(theirs, int | float)
    return number(float(ours) - float(theirs), 4) if known else ""


def _absent(what: str, path: str, *runs: Snapshot) -> Text:
    names = " and ".join(run.name for run in runs)
    return Text(f"{what} cannot be compared in pairs: {path} of {names} is not in DVC's cache.", missing=True)


def _classification(run: Snapshot, other: Snapshot) -> list[Block]:
    if lacking := [one for one in (other, run) if one.table(PREDICTIONS) is None]:
        return [_absent("Classification", PREDICTIONS, *lacking)]
    settings = run.yaml("params.yaml").get("evaluate", {})
    try:
        theirs, ours = (comparison.checked(pd.DataFrame(one.table(PREDICTIONS)), one.name) for one in (other, run))
        found = comparison.compare(
            theirs, ours, min_rows=settings.get("min_val_rows", 10), blocks=settings.get("blocks", 200), seed=0
        )
    except ArtExtractError as error:
        return [Text(f"Classification cannot be compared in pairs: {str(error).splitlines()[0]}.", missing=True)]
    if (found["difference"] == 0).all():
        return [Text("Both networks give the same answers to all validation works.")]
    rows = [
        [
            f"{r['task']}: {NAMES.get(str(r['score']), str(r['score']).replace('_', ' '))}",
            number(r["a"], 3),
            number(r["b"], 3),
            between(r["difference"], r["low"], r["high"], 3),
            p_value(r["p_holm"], SMALLEST_P if r["p"] <= SMALLEST_P else 0),
        ]
        for r in found.to_dict("records")
    ]
    caption = f"Classification on the same validation works; p is corrected after Holm for all {len(rows)} rows."
    return [Table(caption, ["score", other.name, run.name, "difference (95%)", "p (Holm)"], rows)]


def _similarity(run: Snapshot, other: Snapshot) -> list[Block]:
    if lacking := [one for one in (other, run) if one.table(VALUES) is None]:
        return [_absent("Similarity", VALUES, *lacking)]
    theirs, ours = (_chosen(pd.DataFrame(one.table(VALUES))) for one in (other, run))
    both = [pair for pair in ours if pair in theirs and ours[pair].index.equals(theirs[pair].index)]
    if not both:
        return [Text("Similarity cannot be compared in pairs: the two runs have different query works.", missing=True)]
    blocks: list[Block] = []
    if len(both) < len(ours.keys() | theirs.keys()):
        blocks.append(
            Text("Judges that only one run has, or with other query works there, are left out.", missing=True)
        )
    same = [pair for pair in both if ours[pair][METRIC].equals(theirs[pair][METRIC])]
    for space in dict.fromkeys(space for _, space in same):
        judges = [declared(judge).label for judge, one in same if one == space]
        under = "any judge" if len(judges) == sum(one == space for _, one in both) else "; ".join(judges)
        blocks.append(Text(f"No query work is answered differently by the space {space_label(space)} under {under}."))
    if tested := [pair for pair in both if pair not in same]:
        blocks.append(_tested(tested, ours, theirs, run.name, other.name))
    return blocks


def _chosen(values: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """Judge and space to the values of its queries, indexed by id; with their painter."""
    part = values[(values["split"] == SPLIT) & values["space"].isin(SPACES)]
    return {
        (judge, str(space)): rows.set_index("id").sort_index()
        for judge in in_order(part["judge"].unique())
        for space, rows in part[part["judge"] == judge].groupby("space", sort=False)
        if METRIC in rows
    }


def _tested(
    pairs: list[tuple[str, str]],
    ours: dict[tuple[str, str], pd.DataFrame],
    theirs: dict[tuple[str, str], pd.DataFrame],
    name: str,
    other: str,
) -> Table:
    """Paired differences, with a bootstrap that draws painters."""
    records, means = [], []
    for pair in pairs:
        painters = ours[pair]["painter"].to_numpy(dtype=np.int64)
        before, after = (table[pair][[METRIC]].reset_index(drop=True) for table in (theirs, ours))
        (found,) = paired_all([(before, after)], painters, MIN_DRAWS, 0)
        records.append(found.iloc[0].to_dict() | {"judge": pair[0]})
        means.append((float(before[METRIC].mean()), float(after[METRIC].mean())))
    table = corrected(pd.DataFrame(records), MIN_DRAWS)
    rows = [
        [
            f"{declared(judge).label}: {space_label(space)}",
            number(before, 3),
            number(after, 3),
            between(r["micro"], r["low"], r["high"], 3),
            p_value(r["p_holm"], r["p_least"]) or f"counted with {declared(str(r['counted_with'])).label}",
        ]
        for (judge, space), (before, after), r in zip(pairs, means, table.to_dict("records"), strict=True)
    ]
    caption = "Precision@10 on the same query works, by painters unseen in training. p is corrected after Holm."
    return Table(caption, ["judge and space", other, name, "difference (95%)", "p (Holm)"], rows)
