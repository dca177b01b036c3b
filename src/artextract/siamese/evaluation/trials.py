"""All attempts against the strongest post-processing of the raw embedding: paired, and with Holm over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from artextract.measures.bootstrap import SUMMARY, paired_all
from artextract.similarity.ranking.chance import CEILING, RANDOM
from artextract.similarity.ranking.families import CORRECTED, corrected
from artextract.similarity.ranking.judges import headline_judge
from artextract.similarity.ranking.tables import MIN_DRAWS, Values

RAW = ("image", "centred", "whitened", "csls")  # the embedding as it comes, and its post-processings
PRIMARY, SHUFFLED = "siamese", "shuffled_titles"
# Next to the siamese embedding: the one with the other head, and that head alone, by the value of ``siamese.head``.
RIVALS = {"closed_form": ("trained", "trained_head"), "trained": ("ridge_beside", "ridge")}
OTHERS = tuple(name for pair in RIVALS.values() for name in pair)
ATTEMPTS = (PRIMARY, "head_alone", *OTHERS, SHUFFLED, "random_projection", "pca")
SHOWN = ("artist", "theme", "theme_other_words", "style")  # judges whose numbers are shown for all splits
COMPARED = ["judge", "attempt", "against", *SUMMARY, "p", "macro_p"]
TRIALS = ["split", *COMPARED, *CORRECTED]
KEYS = ["split", "judge", "space", "id", "painter"]


def values_table(values: Mapping[str, Values], ids: pd.Series, clusters: np.ndarray) -> pd.DataFrame:
    """Per-query values of all splits as one long table, so that a later test needs no new training.

    Args:
        values: For each split, per-query metrics by judge and space.
        ids: Id of every work (n,).
        clusters: Painter of every work, int (n,): what a bootstrap draws as a whole.

    Returns:
        One row per split, judge, space and query: columns ``KEYS``, then one column per metric.
    """
    parts = []
    for split, found in values.items():
        for (judge, space), table in found.items():
            rows = table.index.to_numpy()
            keys = {"split": split, "judge": judge, "space": space, "id": ids.to_numpy()[rows]}
            parts.append(table.reset_index(drop=True).assign(**keys, painter=clusters[rows]))
    if not parts:
        return pd.DataFrame(columns=pd.Index(KEYS))
    table = pd.concat(parts, ignore_index=True)
    return table[[*KEYS, *table.columns.drop(KEYS)]]


def attempt_names(head: str) -> tuple[str, ...]:
    """The attempts of one run, in the order of ``ATTEMPTS``; head is ``siamese.head``."""
    return tuple(name for name in ATTEMPTS if name not in OTHERS or name in RIVALS[head])


def strongest(values: Values, judge: str, metric: str) -> str:
    """The post-processing of the raw embedding with the highest mean: what has to be beaten."""
    means = {name: float(values[judge, name][metric].mean()) for name in RAW if (judge, name) in values}
    return max(means, key=lambda name: means[name])


def opponents(values: Values, judge: str, metric: str) -> list[tuple[str, str]]:
    """Pairs that are compared under a judge: attempt and opponent, where both were scored."""
    pairs = [(name, strongest(values, judge, metric)) for name in ATTEMPTS]
    pairs += [(PRIMARY, name) for name in OTHERS]
    return [(attempt, against) for attempt, against in pairs if {(judge, attempt), (judge, against)} <= values.keys()]


def compare(values: Values, metrics: Sequence[str], clusters: np.ndarray, draws: int, seed: int) -> pd.DataFrame:
    """Every attempt against the strongest post-processing under every judge, before any correction.

    The opponent is chosen by the very scores that are tested, which favours it: the test is on the safe side. Beside
    it, the primary one is compared with the other head (``against`` says with which).

    Args:
        values: Per-query metrics by judge and space.
        metrics: Columns to compare.
        clusters: Painter of every work.
        draws: Bootstrap resamples.
        seed: Seed of the resampling.

    Returns:
        One row per judge, attempt, opponent and metric, columns ``COMPARED``; positive = the attempt is better.
    """
    asked = [
        (judge, metric, attempt, against)
        for judge in dict.fromkeys(judge for judge, _ in values)
        for metric in metrics
        for attempt, against in opponents(values, judge, metric)
    ]
    pairs = [
        (values[judge, against][[metric]], values[judge, attempt][[metric]])
        for judge, metric, attempt, against in asked
    ]
    records = [
        row | {"judge": judge, "attempt": attempt, "against": against}
        for table, (judge, _, attempt, against) in zip(paired_all(pairs, clusters, draws, seed), asked, strict=True)
        for row in table.to_dict("records")
    ]
    return pd.DataFrame(records, columns=pd.Index(COMPARED))


def trials(
    values: Mapping[str, Values], metrics: Sequence[str], clusters: np.ndarray, draws: int, seed: int
) -> pd.DataFrame:
    """``compare`` under every split, with ``families.corrected`` over all of them; each metric is a family of its own.

    Args:
        values: For each split, per-query metrics by judge and space.
        metrics: Columns to compare.
        clusters: Painter of every work.
        draws: Bootstrap resamples; ``MIN_DRAWS`` at least.
        seed: Seed of the resampling.

    Returns:
        One row per split, judge, attempt, opponent and metric, columns ``TRIALS``.
    """
    draws = max(draws, MIN_DRAWS)
    parts = [compare(v, metrics, clusters, draws, seed).assign(split=split) for split, v in values.items()]
    if not any(len(part) for part in parts):
        return pd.DataFrame(columns=pd.Index(TRIALS))
    return corrected(pd.concat(parts, ignore_index=True), draws)[TRIALS]


def train_gain(seen: Values, metric: str) -> dict[str, float]:
    """Gain of the primary attempt on the works it was trained with; beside the gain on held-out works, the gap.

    Args:
        seen: Per-query metrics of these works, of the primary attempt and of the post-processings of its training.
        metric: The one that is shown.

    Returns:
        ``s1.<judge>.train_gain.<metric>``, against the strongest post-processing on the same works.
    """
    found = {}
    for judge, space in seen:
        if space == PRIMARY and judge in SHOWN:
            before = seen[judge, strongest(seen, judge, metric)][metric].mean()
            found[f"s1.{judge}.train_gain.{metric}"] = float(seen[judge, space][metric].mean() - before)
    return found


def headline(table: pd.DataFrame, values: Mapping[str, Values], metric: str) -> dict[str, float]:
    """The few numbers that fit a screen: S2, and of S1 the gain under the main judges; all else is in the tables.

    Args:
        table: Result of ``trials``.
        values: The per-query metrics that ``trials`` was given.
        metric: The one that is shown.

    Returns:
        ``<split>.<judge>.siamese|best|gain.<metric>``, the gain with ``_low`` and ``_high``; on S2 also
        ``chance.<metric>`` and ``ceiling.<metric>``, ``shuffled_gain.<metric>_high``, and of the gain ``_p_holm`` with
        ``_p_least`` (the least that the draws can give) and ``_comparisons``, unless it is counted with another judge.
    """
    found: dict[str, float] = {}
    shown = table[(table["metric"] == metric) & table["against"].isin(RAW)]
    for row in shown.to_dict("records"):
        split, judge, attempt = str(row["split"]), str(row["judge"]), str(row["attempt"])
        name = f"{split}.{judge}"
        if split not in ("s1", "s2") or (split == "s1" and judge not in SHOWN):
            continue
        if attempt == PRIMARY:
            key = f"{name}.gain.{metric}"
            found |= {key: row["micro"], f"{key}_low": row["low"], f"{key}_high": row["high"]}
            if split == "s2" and judge in SHOWN:
                if not row["counted_with"]:
                    found |= {f"{key}_{name}": row[name] for name in ("p_holm", "p_least", "comparisons")}
                spaces = {"chance": RANDOM, "best": str(row["against"]), "siamese": PRIMARY, "ceiling": CEILING}
                means = {label: values[split][judge, space][metric].mean() for label, space in spaces.items()}
                found |= {f"{name}.{label}.{metric}": float(mean) for label, mean in means.items()}
        elif attempt == SHUFFLED and split == "s2" and judge in SHOWN:
            found[f"{name}.shuffled_gain.{metric}_high"] = row["high"]
    return found


def main_gain(table: pd.DataFrame, metric: str) -> tuple[dict[str, float], dict[str, str]]:
    """The DVC metrics of the siamese training: its gain on unseen painters (S2) under the headline judge.

    Args:
        table: Result of ``trials``.
        metric: Metric whose gain over the strongest post-processing of the raw embedding is taken.

    Returns:
        ``gain`` and ``gain.ci``, half the width of its 95% interval, and ``gain.judge`` with the judge's key; both are
        empty where no judge was measured. ``headline_judge`` documents the order of the judges.
    """
    primary = (table["split"] == "s2") & (table["attempt"] == PRIMARY) & table["against"].isin(RAW)
    rows = {str(row["judge"]): row for row in table[primary & (table["metric"] == metric)].to_dict("records")}
    judge = headline_judge(rows)
    if judge is None:
        return {}, {}
    gain, low, high = (float(rows[judge][name]) for name in ("micro", "low", "high"))
    return {"gain": gain, "gain.ci": (high - low) / 2}, {"gain.judge": judge}
