"""Which listed images show the same work: one relation, closed, for the guard, the choice of rows and the bootstrap.

Two images show the same work if they have the same path, the same file name (a copy in another style folder), the same
bytes, perceptual hashes that differ by a few bits, or a common group in a manifest. The relation is closed: if a is b
and b is c, then a is c, whatever the reasons are. A chain may pass through an image that is listed and not at hand.

Title variants by one painter ("guitar-2", "guitar(1)") are different works unless their pixels say otherwise: most of
them are.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from artextract.core.tasks import TASKS
from artextract.data.images.duplicates import groups, hamming_pairs
from artextract.data.wikiart.paths import file_name


def same_work(table: pd.DataFrame, bits: int) -> np.ndarray:
    """The work that each listed image shows.

    Args:
        table: One row per listed image, n rows. Column path; and as far as they are known sha256 (of the stored bytes)
            and phash (16 hex digits), both null for an image that is not at hand, and declared_0, declared_1 ... (the
            group in each manifest, null for none).
        bits: Largest distance of two perceptual hashes of one work.

    Returns:
        int64 (n,): number of the work, by first appearance.
    """
    keys = [table["path"], table["path"].map(file_name)]
    keys += [table[name] for name in table if name == "sha256" or str(name).startswith("declared_")]
    pairs = [pair for key in keys for pair in _equal(key)]
    if "phash" in table:
        hashed = np.flatnonzero(table["phash"].notna().to_numpy(dtype=bool))
        hashes = table["phash"].iloc[hashed].tolist()
        pairs += [(int(hashed[i]), int(hashed[j])) for i, j in hamming_pairs(hashes, bits)]
    return groups(len(table), pairs)


def _equal(key: pd.Series) -> list[tuple[int, int]]:
    """Positions of neighbouring rows with the same value; rows without a value are equal to none."""
    rows = pd.Series(np.arange(len(key))).groupby(key.to_numpy(dtype=object), sort=False)
    return [pair for _, positions in rows for pair in itertools.pairwise(positions.tolist())]


def in_val_list(table: pd.DataFrame, work: pd.Series) -> pd.Series:
    """Rows whose work is in the validation list of any task; boolean (n,).

    Args:
        table: Column ``<task>_list`` (train, val or null) of each task, as ``lists.union`` gives them; n rows.
        work: What identifies the work of each row: the number of ``same_work``, or for an audit the path alone or the
            file name alone.
    """
    is_val = (table[[f"{task}_list" for task in TASKS]] == "val").fillna(False).any(axis=1)
    return work.isin(work[is_val])


def leaks(table: pd.DataFrame, work: pd.Series) -> pd.DataFrame:
    """Training rows that must not be trained on, since their work is validation in some task.

    Args:
        table: As in ``in_val_list``.
        work: As in ``in_val_list``.

    Returns:
        One boolean column per task: True where the row is in the task's train list and its work in any val list.
    """
    leaked = in_val_list(table, work)
    return pd.DataFrame({task: (table[f"{task}_list"] == "train").fillna(False) & leaked for task in TASKS})
