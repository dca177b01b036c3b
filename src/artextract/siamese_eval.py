"""Is the siamese embedding better for works, painters and titles that it has not seen? All attempts, paired.

Under S1 and S3 one training is scored on its held-out works, under S2 one for each fold of painters, and the queries
of all folds are pooled. The gallery is always all works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artextract import siamese_controls as controls
from artextract.params import Siamese
from artextract.relevance import Judge, judge_may_score
from artextract.retrieval import evaluate_judges
from artextract.retrieval_report import Values
from artextract.siamese_projection import project, project_head
from artextract.siamese_training import Trained, train
from artextract.significance import SUMMARY, holm, paired
from artextract.spaces import Space, cosine_space

TITLE = frozenset({"title"})
RAW = ("image", "centred", "whitened", "csls")  # the embedding as it comes, and its post-processings
PRIMARY, SHUFFLED = "siamese", "shuffled_titles"
ATTEMPTS = (PRIMARY, "head_alone", "ridge", "ridge_beside", SHUFFLED, "random_projection", "pca")
SHOWN = ("artist", "theme", "style")  # judges whose numbers are shown for all splits
# The least p value that a bootstrap can give is 2 / (draws + 1); Holm multiplies it by the number of tests, 150 or so.
MIN_DRAWS = 10_000
TRIALS = ["split", "judge", "attempt", "against", *SUMMARY, "p", "macro_p", "p_holm", "macro_p_holm"]


@dataclass(frozen=True)
class Held:
    """One training: who learns, who stops it, who is asked."""

    train: np.ndarray
    select: np.ndarray
    queries: np.ndarray


def by_part(part: np.ndarray) -> Held:
    """Rows of S1 or S3 from their column of train, select, held_out."""
    train_rows, select, held_out = (np.flatnonzero(part == name) for name in ("train", "select", "held_out"))
    return Held(train_rows, select, held_out)


def by_fold(fold: np.ndarray, painters: np.ndarray, select_fraction: float, seed: int) -> list[Held]:
    """S2: each fold held out once; of the other painters some stop the training.

    Args:
        fold: Fold of each work (n,).
        painters: Cluster of each work (n,).
        select_fraction: Share of the training painters.
        seed: Of their draw.
    """
    parts = []
    for held in np.unique(fold):
        known = np.flatnonzero(fold != held)
        names = np.random.default_rng([seed, 4, int(held)]).permutation(np.unique(painters[known]))
        select = np.isin(painters[known], names[: round(select_fraction * len(names))])
        parts.append(Held(known[~select], known[select], np.flatnonzero(fold == held)))
    return parts


def train_held(
    index: pd.DataFrame, images: np.ndarray, titles: np.ndarray, held: Held, params: Siamese, seed: int
) -> Trained:
    """The siamese projection of one training."""
    return train(index, images, titles, held.train, held.select, params, seed)


def attempts(
    index: pd.DataFrame,
    images: np.ndarray,
    titles: np.ndarray,
    held: Held,
    trained: Trained,
    params: Siamese,
    seed: int,
) -> list[Space]:
    """The siamese embedding, what it is made of, its rivals and its controls, all from the same training works.

    Args:
        index: n works.
        images: Image embeddings (n, d).
        titles: Title embeddings (n, t).
        held: The split.
        trained: Result of ``train_held`` on it.
        params: Section ``siamese``.
        seed: As in the training.
    """
    known = np.union1d(held.train, held.select)
    ridge = controls.ridge_embedding(index, images, titles, known, params.ridge)
    other_index, other_titles = controls.shuffled_titles(index, titles, known, seed)
    shuffled = train_held(other_index, images, other_titles, held, params, seed)
    embedding = project(trained.net, images)
    found = {
        PRIMARY: embedding,
        "head_alone": project_head(trained.net, images),
        "ridge": ridge,
        "ridge_beside": controls.beside(images, known, ridge, 1.0),
        SHUFFLED: project(shuffled.net, images),
    }
    of_titles = [cosine_space(name, vectors, TITLE) for name, vectors in found.items()]
    size = embedding.shape[1]
    return [
        *of_titles,
        cosine_space("random_projection", controls.random_projection(images, known, size, seed)),
        cosine_space("pca", controls.principal_components(images, known, size)),
    ]


def pool(parts: Sequence[Values]) -> Values:
    """Per-query values of several folds as one; a query stands in one fold alone."""
    keys = dict.fromkeys(key for part in parts for key in part)
    return {key: pd.concat([part[key] for part in parts if key in part]).sort_index() for key in keys}


def score(spaces: Iterable[Space], judges: Mapping[str, Judge], rows: np.ndarray, k: int, seed: int) -> Values:
    """Per-query metrics of some rows by judge and space.

    Args:
        spaces: Over n works.
        judges: Those of ``scorable``.
        rows: Works that may ask; the gallery is all works.
        k: Cutoff.
        seed: Of the one query a space and judge that ir-measures computes too.
    """
    queries = {name: np.intersect1d(judge.queries(), rows) for name, judge in judges.items()}
    asked = {name: judges[name] for name, of in queries.items() if len(of)}
    found = {s.name: evaluate_judges(s, asked, k, queries=queries, audited=1, seed=seed) for s in spaces}
    return {(judge, space): found[space][judge] for judge in asked for space in found}


def scorable(judges: Mapping[str, Judge]) -> dict[str, Judge]:
    """Judges that say something about an embedding made with titles (``judge_may_score``)."""
    return {name: judge for name, judge in judges.items() if judge_may_score(judge, TITLE)}


def with_raw(found: Values, everyone: Values) -> Values:
    """The values of the attempts, and those of the raw spaces for the same queries."""
    asked_with = {judge: table.index for (judge, _), table in found.items()}
    raw = {
        (judge, space): table.loc[asked_with[judge]]
        for (judge, space), table in everyone.items()
        if judge in asked_with and (judge, space) not in found
    }
    return raw | found


def train_gain(seen: Values, everyone: Values, metric: str) -> dict[str, float]:
    """Gain of the primary attempt on the works it was trained with; beside the gain on held-out works, the gap.

    Returns:
        ``s1.<judge>.train_gain.<metric>``, against the strongest post-processing on the same works.
    """
    found = {}
    for judge, space in seen:
        if space == PRIMARY and judge in SHOWN:
            values = with_raw(seen, everyone)
            before = values[judge, strongest(values, judge, metric)][metric].mean()
            found[f"s1.{judge}.train_gain.{metric}"] = float(seen[judge, space][metric].mean() - before)
    return found


def strongest(values: Values, judge: str, metric: str) -> str:
    """The post-processing of the raw embedding with the highest mean: what has to be beaten."""
    means = {name: float(values[judge, name][metric].mean()) for name in RAW if (judge, name) in values}
    return max(means, key=lambda name: means[name])


def trials(
    values: Mapping[str, Values], metrics: Sequence[str], clusters: np.ndarray, draws: int, seed: int
) -> pd.DataFrame:
    """Every attempt against the strongest post-processing under every judge and split, with Holm over all of them.

    The opponent is chosen by the very scores that are tested, which favours it: the test is on the safe side. Beside
    it, the primary one is compared with ridge regression (``against`` says with which).

    Args:
        values: For each split, per-query metrics by judge and space.
        metrics: Columns to compare; each is a family of its own for Holm.
        clusters: Painter of every work.
        draws: Bootstrap resamples; ``MIN_DRAWS`` at least.
        seed: Of the resampling.

    Returns:
        A row a split, judge, attempt, opponent and metric, columns ``TRIALS``; positive = the attempt is better.
    """
    parts = []
    for split, found in values.items():
        for judge in dict.fromkeys(judge for judge, _ in found):
            for metric in metrics:
                pairs = [(name, strongest(found, judge, metric)) for name in ATTEMPTS]
                pairs += [(PRIMARY, "ridge"), (PRIMARY, "ridge_beside")]
                for attempt, against in pairs:
                    if (judge, attempt) in found and (judge, against) in found:
                        before, after = (found[judge, name][[metric]] for name in (against, attempt))
                        row = paired(before, after, clusters, max(draws, MIN_DRAWS), seed)
                        parts.append(row.assign(split=split, judge=judge, attempt=attempt, against=against))
    if not parts:
        return pd.DataFrame(columns=pd.Index(TRIALS))
    table = pd.concat(parts, ignore_index=True)
    for column in ("p", "macro_p"):
        table[f"{column}_holm"] = table.groupby("metric")[column].transform(lambda p: holm(p.to_numpy()))
    return table[TRIALS]


def headline(table: pd.DataFrame, values: Mapping[str, Values], metric: str) -> dict[str, float]:
    """The few numbers that fit a screen: S2, and of S1 the gain under the main judges; all else is in the tables.

    Args:
        table: Of ``trials``.
        values: As there.
        metric: The one that is shown.

    Returns:
        ``<split>.<judge>.siamese|best|gain.<metric>``, the gain with ``_low`` and ``_high``; on S2 also the gain's
        ``_p_holm`` and ``shuffled_gain.<metric>_high``.
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
                found[f"{key}_p_holm"] = row["p_holm"]
                found[f"{name}.siamese.{metric}"] = float(values[split][judge, PRIMARY][metric].mean())
                found[f"{name}.best.{metric}"] = float(values[split][judge, str(row["against"])][metric].mean())
        elif attempt == SHUFFLED and split == "s2" and judge in SHOWN:
            found[f"{name}.shuffled_gain.{metric}_high"] = row["high"]
    return found
