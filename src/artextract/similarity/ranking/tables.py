"""Every judge against every space: the full table, paired differences, and the few numbers that fit a screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from artextract.measures.bootstrap import SUMMARY, paired_all, summarise_all
from artextract.similarity.ranking.anywhere import judged_anywhere
from artextract.similarity.ranking.chance import CEILING, LIMITS, RANDOM
from artextract.similarity.ranking.families import CORRECTED, corrected
from artextract.similarity.ranking.judges import ELSEWHERE, counted_with, declared, headline_judge
from artextract.similarity.ranking.judging import Judge, judge_may_score
from artextract.similarity.ranking.retrieval import Values, evaluate_all
from artextract.similarity.ranking.spaces import Space

# The least p value that a bootstrap can give is 2 / (draws + 1), and Holm multiplies it by the number of tests: with
# a thousand draws nothing could be found at 5% among more than 25 pairs of judge and space.
MIN_DRAWS = 10_000
TABLE = ["judge", "space", *SUMMARY]
DIFFERENCES = ["judge", "space", "against", *SUMMARY, "p", "macro_p", *CORRECTED]


def evaluate_spaces(
    spaces: Sequence[Space],
    judges: Mapping[str, Judge],
    k: int,
    seed: int,
    queries: Mapping[str, np.ndarray] | None = None,
) -> Values:
    """Every space under every judge that may score it, and chance and ceiling under every judge.

    A judge whose field the space was made from is left out: it would be judged by itself.

    Args:
        spaces: Over the same n works.
        judges: Ground truths.
        k: Cutoff.
        seed: Seed of the draw of the queries that ir-measures audits.
        queries: Rows that are queries, for each judge; default: all that have a relevant work.

    Returns:
        Per-query metrics by judge and space, ``random`` and ``ceiling`` among the spaces; in the order of judges, then
        spaces.
    """
    asked = {name: judge.queries() if queries is None else queries[name] for name, judge in judges.items()}
    used = {name: judges[name] for name, rows in asked.items() if len(rows)}
    return evaluate_all(
        spaces, used, k, queries=asked, may=lambda judge, space: judge_may_score(judge, space.fields), limits=LIMITS,
        seed=seed, compute=judged_anywhere,
    )  # fmt: skip


def limits(judges: Mapping[str, Judge], queries: Mapping[str, np.ndarray], k: int) -> Values:
    """Per-query metrics of chance (``random``) and of the best possible ranking (``ceiling``), by judge.

    Args:
        judges: Ground truths.
        queries: Rows that are queries, for some or all of the judges; each has a relevant work.
        k: Cutoff.
    """
    return evaluate_all([], {name: judges[name] for name in queries}, k, queries=queries, limits=LIMITS)


def retrieval_table(values: Values, clusters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """Means with intervals (``bootstrap.summarise_all``): one row per judge, space and metric, columns ``TABLE``."""
    found = summarise_all(list(values.values()), clusters, draws, seed)
    parts = [part.assign(judge=judge, space=space) for (judge, space), part in zip(values, found, strict=True)]
    return pd.concat(parts, ignore_index=True)[TABLE] if parts else pd.DataFrame(columns=pd.Index(TABLE))


def differences(
    values: Values, against: str, metrics: Sequence[str], clusters: np.ndarray, draws: int, seed: int
) -> pd.DataFrame:
    """Paired differences of every space to one of them, with Holm's correction over all judges and spaces
    (``families.corrected``: judges of one source count once).

    The ceiling is not compared: that it is higher is not a finding.

    Args:
        values: Result of ``evaluate_spaces``.
        against: The space that the others are compared with.
        metrics: Columns to compare; each is a family of its own for Holm.
        clusters: Cluster (painter) of every work.
        draws: Bootstrap resamples; ``MIN_DRAWS`` at least.
        seed: Seed of the resampling.

    Returns:
        One row per judge, space and metric, columns ``DIFFERENCES``.
    """
    chosen = list(metrics)
    keys = [key for key in values if key[1] not in (against, CEILING) and (key[0], against) in values]
    pairs = [(values[judge, against][chosen], values[judge, space][chosen]) for judge, space in keys]
    draws = max(draws, MIN_DRAWS)
    found = paired_all(pairs, clusters, draws, seed)
    parts = [
        part.assign(judge=judge, space=space, against=against) for (judge, space), part in zip(keys, found, strict=True)
    ]
    if not parts:
        return pd.DataFrame(columns=pd.Index(DIFFERENCES))
    return corrected(pd.concat(parts, ignore_index=True), draws)[DIFFERENCES]


def judges_table(judges: Mapping[str, Judge], unmeasured: Mapping[str, str]) -> pd.DataFrame:
    """Judges with their names, how many queries each has, and why the others were not measured.

    Args:
        judges: Measured judges by key.
        unmeasured: Keys of the others with the reason, as of ``all_judges``.

    Returns:
        One row per judge: judge, label, source, counted_with, queries, status, description. A judge that another stage
        measures has no queries here, and its status says where it is measured. ``counted_with`` is the measured judge
        of the same source that counts in this judge's place, else empty.
    """
    records: list[tuple[str, str, str, str, int, str, str]] = []
    first = counted_with(judges)
    for key, judge in judges.items():
        place = "" if first[key] == key else first[key]
        source, queries = declared(key).source, len(judge.queries())
        records.append((key, judge.label, source, place, queries, "measured", judge.description))
    for key, reason in unmeasured.items():
        status = reason if reason == ELSEWHERE else f"not measured: {reason}"
        judge = declared(key)
        records.append((key, judge.label, judge.source, "", 0, status, judge.description))
    columns = ["judge", "label", "source", "counted_with", "queries", "status", "description"]
    return pd.DataFrame(records, columns=pd.Index(columns))


def headline(
    table: pd.DataFrame, k: int, spaces: Collection[str], with_interval: Collection[str], in_full: str
) -> dict[str, float]:
    """The main numbers, few enough for a screen.

    Args:
        table: Result of ``retrieval_table``.
        k: Cutoff.
        spaces: Spaces whose nDCG@k is taken, micro: ``<judge>.<space>.ndcg<k>``.
        with_interval: Those of them that also give its ``_low`` and ``_high``.
        in_full: The one of them that also gives its ``_macro``. It gives ``p<k>`` too, and so do chance and ceiling:
            the ceiling of nDCG is 1, and that of ``p<k>`` depends on how many works are relevant.

    Returns:
        Flat metrics, and ``<judge>.queries``.
    """
    found: dict[str, float] = {}
    for row in table.to_dict("records"):
        judge, space, metric = str(row["judge"]), str(row["space"]), str(row["metric"])
        key = f"{judge}.{space}.{metric}"
        found[f"{judge}.queries"] = int(row["queries"])
        if space in spaces and metric == f"ndcg{k}":
            found[key] = row["micro"]
            found |= {f"{key}_{end}": row[end] for end in ("low", "high") if space in with_interval}
            found |= {f"{key}_macro": row["macro"]} if space == in_full else {}
        elif space in (in_full, RANDOM, CEILING) and metric == f"p{k}":
            found[key] = row["micro"]
    return found


def sampling(values: Values, judges: Mapping[str, Judge], space: str, metric: str) -> dict[str, float]:
    """How many queries were drawn from how many, and the error that this adds; nothing where all were asked.

    Args:
        values: Result of ``evaluate_spaces``.
        judges: The same judges.
        space: Space whose score the error is of.
        metric: Metric that the error is of.

    Returns:
        ``<judge>.queries_of``, the number of queries of which ``<judge>.queries`` were drawn; and
        ``<judge>.<space>.<metric>_sampling``: in 95 of 100 such draws the mean is at most so far from the mean over all
        queries (1.96 standard errors of a draw without replacement).
    """
    found: dict[str, float] = {}
    for key, judge in judges.items():
        if judge.total is not None:
            found[f"{key}.queries_of"] = judge.total
        if judge.total is not None and len(values.get((key, space), ())) > 1:
            drawn = values[key, space][metric].to_numpy()
            variance = drawn.var(ddof=1) / len(drawn) * (1 - len(drawn) / judge.total)
            found[f"{key}.{space}.{metric}_sampling"] = 1.96 * float(np.sqrt(variance))
    return found


def main_score(table: pd.DataFrame, space: str, k: int) -> tuple[dict[str, float], dict[str, str]]:
    """The DVC metric of the judges: nDCG@k of one space under the headline judge.

    Args:
        table: Result of ``retrieval_table``.
        space: Space whose score is taken.
        k: Cutoff.

    Returns:
        ``ndcg`` with the mean over queries, and ``ndcg.judge`` with the judge's key; both are empty where no judge was
        measured. ``headline_judge`` documents the order of the judges.
    """
    rows = table[(table["space"] == space) & (table["metric"] == f"ndcg{k}")].to_dict("records")
    ndcg = {str(row["judge"]): float(row["micro"]) for row in rows}
    judge = headline_judge(ndcg)
    return ({}, {}) if judge is None else ({"ndcg": ndcg[judge]}, {"ndcg.judge": judge})
