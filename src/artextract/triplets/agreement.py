"""How well spaces agree with people on triplets, and how well people agree with each other and with themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from artextract.measures.bootstrap import summarise_all
from artextract.similarity.ranking.spaces import Space, space_label
from artextract.triplets.draw import DISAGREE, PLAIN

KEY = ["query", "first", "second"]
CHANCE = 0.5
ALL = "all"
TABLE = ["kind", "space", "triplets", "agreement", "low", "high", "gain", "gain_low", "gain_high"]


@dataclass(frozen=True)
class People:
    """What is known about the raters themselves; None where it cannot be measured.

    Attributes:
        raters: Number of raters.
        answers: Number of answers, repeats included.
        triplets: Triplets with at least one answer.
        ties: Triplets without a majority; no space is scored on them.
        ceiling: How often a rater agrees with the majority of the other raters, with a 95% interval.
        kappa: Cohen's kappa, mean over the pairs of raters who share triplets.
        self_consistency: Share of the repeated triplets on which a rater chose the same work again.
        repeats: Number of repeated triplets that this share is taken over.
        chose_left: Share of the answers for the left side; 0.5 if the side has no influence.
        seconds: Median time per answer.
    """

    raters: int
    answers: int
    triplets: int
    ties: int
    ceiling: tuple[float, float, float] | None
    kappa: float | None
    self_consistency: float | None
    repeats: int
    chose_left: float
    seconds: float


def majority(answers: pd.DataFrame) -> pd.DataFrame:
    """One row per triplet: what most raters chose when they saw it for the first time.

    Args:
        answers: Result of ``answers.read_answers``.

    Returns:
        Columns query, first, second, kind, raters and first_share (share of the raters who chose ``first``).
    """
    once = answers[~answers["repeat"].astype(bool)]
    found = once.groupby(KEY, sort=True).agg(
        kind=("kind", "first"), raters=("rater", "nunique"), first_share=("chose_first", "mean")
    )
    return found.reset_index()


def people(answers: pd.DataFrame, painters: np.ndarray, draws: int, seed: int) -> People:
    """Agreement of the raters with each other and with themselves.

    Args:
        answers: At least one row, result of ``answers.read_answers``.
        painters: Painter of each work (n,): what the bootstrap draws as a whole, by the query's painter.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.
    """
    once = answers[~answers["repeat"].astype(bool)]
    of_all = majority(answers)
    same_again = _again(answers)
    return People(
        raters=int(answers["rater"].nunique()),
        answers=len(answers),
        triplets=len(of_all),
        ties=int((of_all["first_share"] == CHANCE).sum()),
        ceiling=_ceiling(once, painters, draws, seed),
        kappa=_kappa(once),
        self_consistency=float(same_again.mean()) if len(same_again) else None,
        repeats=len(same_again),
        chose_left=float(answers["chose_left"].mean()),
        seconds=float(answers["seconds"].median()),
    )


def _again(answers: pd.DataFrame) -> pd.Series:
    """Whether a rater chose the same work again, one value per rater and repeated triplet."""
    keys = ["rater", *KEY]
    repeat = answers["repeat"].astype(bool)
    both = answers[~repeat].merge(answers[repeat], on=keys, suffixes=("", "_again"))
    return both["chose_first"] == both["chose_first_again"]


def _ceiling(once: pd.DataFrame, painters: np.ndarray, draws: int, seed: int) -> tuple[float, float, float] | None:
    """Agreement of each rater with the majority of the others; where the others are tied, there is no majority."""
    chose = once["chose_first"].astype(float)
    groups = once.assign(chose=chose).groupby(KEY)["chose"]
    others = groups.transform("size") - 1
    rest = (groups.transform("sum") - chose) / others.where(others > 0)
    decided = rest.notna() & (rest != CHANCE)
    if not decided.any():
        return None
    agrees = ((rest > CHANCE) == (chose > CHANCE))[decided].astype(float)
    values = pd.DataFrame({"ceiling": agrees.to_numpy()}, index=once.loc[decided, "query"].to_numpy(dtype=np.int64))
    row = summarise_all([values], painters, draws, seed)[0].iloc[0]
    return float(row["micro"]), float(row["low"]), float(row["high"])


def _kappa(once: pd.DataFrame) -> float | None:
    """Mean of Cohen's kappa over the pairs of raters for whom it is defined."""
    from sklearn.metrics import cohen_kappa_score

    wide = once.pivot_table(index=KEY, columns="rater", values="chose_first", aggfunc="first")
    found = []
    for one, other in combinations(wide.columns, 2):
        both = wide[[one, other]].dropna().astype(bool)
        if len(both) and len(np.unique(both.to_numpy())) == 2:  # all answers alike: chance agreement is one
            found.append(cohen_kappa_score(both[one], both[other]))
    return float(np.mean(found)) if found else None


def preferences(space: Space, triplets: pd.DataFrame) -> np.ndarray:
    """What a space would answer: 1 = ``first`` is more like the query, 0 = ``second`` is, 0.5 = equal; float64."""
    queries, place = np.unique(triplets["query"].to_numpy(dtype=np.int64), return_inverse=True)
    similarity = np.concatenate([block for _, block in space.blocks(queries)])
    difference = (
        similarity[place, triplets["first"].to_numpy(dtype=np.int64)]
        - similarity[place, triplets["second"].to_numpy(dtype=np.int64)]
    )
    return 0.5 + 0.5 * np.sign(difference).astype(np.float64)


def agreement_table(
    spaces: Sequence[Space], answers: pd.DataFrame, painters: np.ndarray, against: str, draws: int, seed: int
) -> pd.DataFrame:
    """Share of the triplets on which each space agrees with the majority of the raters.

    Args:
        spaces: Over the n works.
        answers: Result of ``answers.read_answers``.
        painters: Painter of each work (n,).
        against: Space that the others are compared with.
        draws: Bootstrap resamples, clustered by the query's painter.
        seed: Seed of the resampling.

    Returns:
        One row per kind of triplet (``all`` first) and space, columns ``TABLE``; gain is the paired difference from
        ``against``. A kind without a decided triplet has no rows.
    """
    decided = majority(answers)
    decided = decided[decided["first_share"] != CHANCE]
    if decided.empty:
        return pd.DataFrame(columns=pd.Index(TABLE))
    chosen = (decided["first_share"] > CHANCE).to_numpy(dtype=float)
    agree = {space.name: 1 - np.abs(preferences(space, decided) - chosen) for space in spaces}
    values = pd.DataFrame(agree, index=decided["query"].to_numpy(dtype=np.int64))
    parts = []
    for kind in (ALL, DISAGREE, PLAIN):
        part = values if kind == ALL else values[(decided["kind"] == kind).to_numpy()]
        if len(part):
            parts.append(_summary(part, against, painters, draws, seed).assign(kind=kind))
    return pd.concat(parts, ignore_index=True)[TABLE]


def _summary(values: pd.DataFrame, against: str, painters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    gains = values.sub(values[against], axis=0)
    shares, paired = summarise_all([values, gains], painters, draws, seed)
    table = shares.rename(columns={"metric": "space", "micro": "agreement", "queries": "triplets"})
    table = table.assign(gain=paired["micro"], gain_low=paired["low"], gain_high=paired["high"])
    table.loc[table["space"] == against, ["gain", "gain_low", "gain_high"]] = np.nan
    return table


def printed(table: pd.DataFrame, about: People, against: str) -> str:
    """Both results as Markdown."""
    lines = [
        f"{about.raters:,} raters, {about.answers:,} answers, {about.triplets:,} triplets; {about.ties:,} of them are "
        "tied and score no space.",
        "",
        f"* Chance: {CHANCE:.3f}.",
        "* Ceiling, a rater against the majority of the others: " + _or_why(about.ceiling, "fewer than two raters"),
        "* Cohen's kappa, mean over pairs of raters: " + _or_why(about.kappa, "no two raters share triplets"),
        f"* Self-consistency on {about.repeats:,} repeats: " + _or_why(about.self_consistency, "no repeats yet"),
        f"* Share of answers for the left side: {about.chose_left:.3f}; median time: {about.seconds:.1f} s.",
    ]
    rows = [
        {
            "triplets": f"{row['kind']} ({row['triplets']:,})",
            "space": space_label(str(row["space"])),
            "agreement with the majority": _interval(row["agreement"], row["low"], row["high"]),
            f"gain over {space_label(against)}": ""
            if np.isnan(row["gain"])
            else _interval(row["gain"], row["gain_low"], row["gain_high"], "+"),
        }
        for row in table.to_dict("records")
    ]
    if not rows:
        return "\n".join([*lines, "", "No triplet has a majority: not measured."])
    return "\n".join([*lines, "", pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)])


def _interval(value: float, low: float, high: float, sign: str = "") -> str:
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _or_why(value: float | tuple[float, float, float] | None, why: str) -> str:
    if value is None:
        return f"not measured ({why})."
    return f"{_interval(*value)}." if isinstance(value, tuple) else f"{value:.3f}."
