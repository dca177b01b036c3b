"""Section of the report about the siamese embedding: what it gains, next to controls that must gain nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from artextract.reports.blocks import Block, Drawings, Section, Table, Text, missing
from artextract.reports.drawings import draw
from artextract.reports.snapshot import Snapshot
from artextract.reports.wording import between, number, p_value
from artextract.siamese.evaluation.trials import PRIMARY, RAW, SHUFFLED
from artextract.similarity.ranking.chance import CEILING, RANDOM
from artextract.similarity.ranking.judges import declared, in_order
from artextract.similarity.ranking.spaces import space_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRICS, PLOTS, METRIC = "metrics/siamese.json", "plots/siamese", "p10"
LEAD = (
    "The siamese embedding joins look and subject: it learns from titles and is scored on works, painters or titles "
    "that its training has not seen. Its opponent is the best of the raw image embedding and three corrections of it."
)
SPLITS = {"s1": "unseen works", "s2": "unseen painters", "s3": "unseen titles"}
ATTEMPTS = {
    "siamese": "siamese embedding",
    "head_alone": "its head alone",
    "trained": "with the trained head",
    "trained_head": "trained head alone",
    "ridge_beside": "with the closed-form head",
    "ridge": "closed-form head alone",
    "shuffled_titles": "control: shuffled titles",
    "random_projection": "control: random projection",
    "pca": "control: PCA",
}

SHOWN = ("siamese", "shuffled_titles", "random_projection", "pca")  # the embedding and its controls


def section(run: Snapshot) -> Section:
    """Gain under every judge and split, controls, the knob, and words that find pictures."""
    metrics = run.json(METRICS)
    if not metrics:
        sentence = missing("A siamese embedding is", run.name, f"no {METRICS}: train_siamese has not run")
        return Section("siamese", "Look and subject", "", [sentence])
    if reason := metrics.get("not_trained"):
        sentence = Text(f"Nothing was trained ({reason}): the siamese space is the image embedding.", missing=True)
        return Section("siamese", "Look and subject", "", [sentence])
    blocks = [*_headline(run, metrics), *_attempts(run), *_knob(run), *_words(run)]
    return Section("siamese", "Look and subject", LEAD, blocks)


def _headline(run: Snapshot, metrics: Mapping[str, Any]) -> list[Block]:
    gain, judge = run.json("metrics/gain.json"), metrics.get("gain.judge")
    attempts, scores = run.table(f"{PLOTS}/attempts.csv"), run.table(f"{PLOTS}/retrieval.csv")
    if "gain" not in gain or judge is None or attempts is None or scores is None:
        return [missing("A headline gain is", run.name, "no judge with enough queries")]
    rows = attempts[_rows(attempts, judge) & attempts["against"].isin(RAW)]
    tested = {str(row["attempt"]): row for row in rows.to_dict("records")}
    value = scores[_rows(scores, judge)].set_index("space")["micro"].to_dict()
    row = tested[PRIMARY]
    p = p_value(row["p_holm"], row["p_least"])
    found = (
        f"Under the judge {declared(str(judge)).label}, for painters that the training has not seen, precision@10 is "
        f"{number(value[PRIMARY])} in place of {number(value[row['against']])}: a gain of "
        f"{between(row['micro'], row['low'], row['high'], 3)}{f', p {p} after Holm' if p else ''}. Chance is "
        f"{number(value[RANDOM])}, the ceiling {number(value[CEILING])}."
    )
    if SHUFFLED in tested:
        high = number(tested[SHUFFLED]["high"], 3)
        found += f" Trained with shuffled titles, it is at most {high} (upper end of its interval)."
    if row["low"] <= 0:
        found += " The interval contains 0: this is no gain." if row["high"] >= 0 else " This is a loss."
    return [Text(found)]


def _rows(table: pd.DataFrame, judge: object) -> pd.Series:
    """Rows of a judge for unseen painters; boolean, one per row of the table."""
    return (table["split"] == "s2") & (table["judge"] == judge) & (table["metric"] == METRIC)


def _attempts(run: Snapshot) -> list[Block]:
    table = run.table(f"{PLOTS}/attempts.csv")
    if table is None:
        return [missing("Attempts and controls are", run.name, f"no {PLOTS}/attempts.csv")]
    table = table[(table["metric"] == METRIC) & table["against"].isin(RAW)]
    first = table["attempt"].isin(SHOWN) & (table["split"] == "s2")
    blocks: list[Block] = []
    for split, name in SPLITS.items():
        part = table[(table["split"] == split) & ~first]
        if part.empty:
            blocks.append(missing(f"Scores on {name} are", run.name, "too few such works"))
        else:
            what = "Other attempts" if split == "s2" else "The same"
            blocks.append(_gains(part, f"{what}, on {name}.", folded=True))
    if first.any():
        caption = (
            "Gain in precision@10 on unseen painters, query by query, over the strongest opponent. Controls must gain "
            "nothing. p is corrected after Holm; a judge that reads the source of another one is not tested again."
        )
        blocks.insert(0, _gains(table[first], caption, folded=False))
    return blocks


def _gains(part: pd.DataFrame, caption: str, *, folded: bool) -> Table:
    order = in_order(part["judge"].unique())
    rows = [
        [
            declared(str(r["judge"])).label,
            ATTEMPTS.get(str(r["attempt"]), str(r["attempt"])),
            space_label(str(r["against"])),
            f"{int(r['queries']):,}",
            between(r["micro"], r["low"], r["high"], 3),
            p_value(r["p_holm"], r["p_least"]) or "not tested",
        ]
        for r in sorted(part.to_dict("records"), key=lambda r: order.index(r["judge"]))
    ]
    return Table(caption, ["judge", "attempt", "against", "queries", "gain (95%)", "p (Holm)"], rows, (0, 1, 2), folded)


def _knob(run: Snapshot) -> list[Block]:
    table = run.table(f"{PLOTS}/knob.csv")
    if table is None or table.empty:
        return [missing("Scores by the weight of the subject are", run.name, f"no scores in {PLOTS}/knob.csv")]
    panels = []
    for judge in in_order(table["judge"].unique()):
        part = table[table["judge"] == judge]
        best = part.sort_values("p10").iloc[-1]
        label = declared(judge).label
        says = f"Precision@10 under {label} by the weight of the subject: "
        says += f"highest at {best['subject']:.1f}, {best['p10']:.2f}."
        name = f"knob-{judge.replace('.', '-')}"
        panels.append(draw(name, says, lambda axis, p=part, t=label: _line(axis, p, t), 4.2, 3.0))
    caption = (
        "Precision@10 on unseen painters by the weight of the subject: 0 compares by look alone, 1 by subject alone. "
        "`artextract search --subject` sets it."
    )
    return [Drawings(caption, panels)]


def _line(axis: Axes, part: pd.DataFrame, title: str) -> None:
    axis.fill_between(part["subject"], part["p10_low"], part["p10_high"], color="#8fb9cb", alpha=0.35, lw=0)
    axis.plot(part["subject"], part["p10"], color="#2f6f8f", lw=2)
    axis.set(title=title, xlabel="weight of the subject", ylabel="precision@10", ylim=(0, None))


def _words(run: Snapshot) -> list[Block]:
    table = run.table(f"{PLOTS}/crossmodal.csv")
    if table is None:
        return [missing("Scores of words that find pictures are", run.name, f"no {PLOTS}/crossmodal.csv")]
    names = {"mrr": "mean reciprocal rank", "recall10": "found among the first ten"}
    spaces = {"crossmodal": "words", "shuffled_titles": "control: shuffled titles", "random": "chance"}
    table = table[table["metric"].isin(("mrr", "recall10"))]
    rows = [
        [
            SPLITS.get(str(r["split"]), str(r["split"])),
            spaces.get(str(r["space"]), str(r["space"])),
            names.get(str(r["metric"]), str(r["metric"])),
            between(r["micro"], r["low"], r["high"]),
            f"{int(r['queries']):,}",
        ]
        for r in table.to_dict("records")
    ]
    caption = "How well a work's own title finds its image (`artextract search --space words`)."
    return [Table(caption, ["split", "method", "score", "value (95%)", "queries"], rows, (0, 1, 2))]
