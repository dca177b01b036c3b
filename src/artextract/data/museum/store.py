"""Works and their images to shards and rows of an index: decoded, stored, grouped and counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import move_file
from artextract.core.scratch import discard
from artextract.data.images.duplicates import groups, hamming_pairs
from artextract.data.images.shard_writer import Source, report_failures, write_shards
from artextract.params.sections import NGA


def store(
    rows: pd.DataFrame,
    sources: Iterable[Source],
    failed: Mapping[str, str],
    *,
    work: Path,
    out: Path,
    params: NGA,
    where: str,
    remedy: str,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Store the images of works, and bring the finished shards to ``out``.

    Args:
        rows: Works: id, physical_group, sibling_group and any other columns.
        sources: Their images, in the same order.
        failed: Reasons of images that could not be had, by id.
        work: Scratch folder, keyed by all that the shards depend on.
        out: Folder of the results; missing.csv and unreadable.csv are written there.
        params: Section ``nga``.
        where: The source, for messages.
        remedy: What the user can do where too many images fail, for the message.

    Returns:
        The works whose image is stored, with the columns of ``write_shards``, object_group (near-duplicates, sides of
        one object) and group (siblings too); all images as ``write_shards`` lists them; and counts.

    Raises:
        ArtExtractError: More images failed than ``params.max_failed_fraction`` allows.
    """
    stored = write_shards(sources, work, max_side=params.max_side)
    reason = stored["id"].map(failed)
    stored["error"] = reason.where(reason.notna(), stored["error"])
    out.mkdir(parents=True, exist_ok=True)
    try:
        counts = report_failures(stored, out, params.max_failed_fraction, where=where, remedy=remedy)
    except ArtExtractError:
        discard(work)  # images will be mended now: what was seen of the broken ones must not be believed
        raise
    index = rows.merge(stored, on="id", validate="one_to_one")
    index = index[index["error"].isna()].reset_index(drop=True)
    near = hamming_pairs(index["phash"].tolist(), params.near_duplicate_bits)
    index["object_group"] = groups(len(index), near + _pairs(index["physical_group"]))
    index["group"] = groups(len(index), _pairs(index["object_group"]) + _pairs(index["sibling_group"]))
    for shard in sorted(work.glob("shard-*.tar")):
        move_file(shard, out / shard.name)
    return (
        index,
        stored,
        counts
        | {
            "exact_duplicates": int(index["sha256"].duplicated().sum()),
            "groups": int(index["group"].nunique()),
            "images_in_groups_of_several": int(index["group"].duplicated(keep=False).sum()),
        },
    )


def _pairs(group: pd.Series) -> list[tuple[int, int]]:
    """Each row with the first one of its group."""
    first: dict[int, int] = {}
    return [(first.setdefault(g, i), i) for i, g in enumerate(group.tolist())]
