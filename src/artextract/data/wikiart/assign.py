"""The split of each image in each task, from the published lists: train, select, val, guarded or none."""

from __future__ import annotations

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart.paths import painter_slug
from artextract.data.wikiart.splits import carve
from artextract.params.sections import ArtGAN


def held_out_painters(paths: pd.Series, fraction: float, seed: int) -> np.ndarray:
    """Images by painters drawn at random, as many as make up a share of all images; boolean (n,)."""
    painters = paths.map(painter_slug)
    sizes = painters.value_counts().sort_index()
    order = np.random.default_rng([seed, 1]).permutation(len(sizes))
    held = sizes.index[order[np.cumsum(sizes.to_numpy()[order]) <= fraction * len(paths)]]
    return painters.isin(held).to_numpy(dtype=bool)


def _without_painters(splits: pd.DataFrame, held: np.ndarray) -> pd.DataFrame:
    """Held-out painters are not trained on; style and genre are judged on them alone, the artist on the others."""
    splits = splits.mask((splits == "train").fillna(False) & held[:, None], "guarded")
    unjudged = {"style_split": ~held, "genre_split": ~held, "artist_split": held}
    return splits.mask((splits == "val").fillna(False) & pd.DataFrame(unjudged, index=splits.index)[splits.columns])


def _judged(index: pd.DataFrame, min_side: int) -> np.ndarray:
    """Rows whose stored image is large enough to be judged; boolean (n,)."""
    if not min_side:
        return np.ones(len(index), dtype=bool)
    judged = (index[["width", "height"]].max(axis=1) >= min_side).to_numpy(dtype=bool)
    is_val = (index[[f"{task}_list" for task in TASKS]] == "val").fillna(False).any(axis=1).to_numpy()
    if not (judged & is_val).any():
        raise ArtExtractError(
            f"no validation image has {min_side} pixels on its longer side",
            where="artgan.min_judged_side",
            remedy="lower it; images are stored with at most artgan.max_side pixels",
        )
    return judged


def assign_splits(index: pd.DataFrame, params: ArtGAN, seed: int) -> pd.DataFrame:
    """train, select, val, guarded or null for each task, from the lists' train and val.

    A work that is validation in any task is trained on in none. ``select`` is carved out of what remains, by work and
    once for all tasks. After that no work is on two sides of any task. Images smaller than ``min_judged_side`` are
    neither validation nor ``select`` rows; those of the training lists are trained on.

    Args:
        index: path, labels, ``<task>_list``, group (the work, see ``same_work``) and val_work (True where the work is
            in a validation list), n rows; and width and height where params has a min_judged_side.
        params: guard, held_out_painters, min_judged_side and select_fraction are used.
        seed: Seed of the choice.

    Returns:
        Columns ``<task>_split``, n rows.

    Raises:
        ArtExtractError: No validation image is large enough to be judged.
    """
    judged = _judged(index, params.min_judged_side)
    guarded = index["val_work"].to_numpy(dtype=bool)[:, None] & params.guard
    splits = pd.DataFrame({f"{t}_split": index[f"{t}_list"].astype("string") for t in TASKS}, index=index.index)
    splits = splits.mask((splits == "train").fillna(False) & guarded, "guarded")
    if params.held_out_painters:
        splits = _without_painters(splits, held_out_painters(index["path"], params.held_out_painters, seed))
    splits = splits.mask((splits == "val").fillna(False) & ~judged[:, None])
    trained = (splits == "train").fillna(False).astype(bool)
    labels = index[list(TASKS)].where(trained.to_numpy())
    eligible = trained.any(axis=1).to_numpy() & judged
    rng = np.random.default_rng(seed)
    select = carve(labels, index["group"].tolist(), eligible, params.select_fraction, rng)
    return splits.mask(trained.to_numpy() & select[:, None], "select")
