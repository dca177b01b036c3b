"""From ArtGAN lists and a folder of images to shards, an index with guarded splits, and an audit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_csv_for_people, write_metrics, write_table, write_text
from artextract.core.fingerprint import code_of
from artextract.core.folders import discard, scratch
from artextract.core.tasks import TASKS
from artextract.data.images.decode import UnreadableImage
from artextract.data.images.duplicates import groups, hamming_pairs
from artextract.data.images.shard_writer import Source, report_failures, write_shards
from artextract.data.images.sources import ImageSource, open_images
from artextract.data.wikiart import lists as artgan
from artextract.data.wikiart.names import Resolution, resolve
from artextract.data.wikiart.paths import painter_slug
from artextract.data.wikiart.splits import carve
from artextract.params.sections import ArtGAN

INDEX_COLUMNS = [
    "id", *TASKS, *(f"{task}_split" for task in TASKS), "group", "stratum",
    "shard", "offset", "size", "sha256", "phash", "width", "height",
]  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """A folder of lists; and the images: a folder of files (often the same one), of tar shards, or a zip archive."""

    lists: Path
    images: Path


def read_manifest(images: Path) -> pd.DataFrame:
    """The optional ``manifest.csv`` beside the images.

    Returns:
        Columns path, and of ``geometry`` (how the source framed the picture; becomes the stratum) and ``group``
        (works that belong together) those that it has, null where a cell is empty; no rows where there is no
        manifest.
    """
    path = images / "manifest.csv"
    if not path.exists():
        return pd.DataFrame({"path": pd.Series(dtype=str)})
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "path" not in table:
        raise ArtExtractError("has no column `path`", where=str(path), remedy="name the column, or move the file away")
    table = table[[name for name in ("path", "geometry", "group") if name in table]].drop_duplicates("path")
    return table.replace("", None)


def _source(path: str, source: ImageSource, resolution: Resolution) -> Source:
    """The image of one listed path, read when its shard is written."""

    def read() -> bytes:
        if path in resolution.ambiguous:
            raise UnreadableImage(f"several files could be meant: {' | '.join(resolution.ambiguous[path])}")
        if path not in resolution.files:
            raise FileNotFoundError(path)
        return source.read(resolution.files[path])

    return Source(path, read)


def assign_groups(index: pd.DataFrame, bits: int, declared: pd.Series) -> np.ndarray:
    """Group of each image: same bytes, near-duplicate by perceptual hash, or declared to belong together.

    Args:
        index: Columns sha256 and phash, n rows.
        bits: Largest distance of two hashes of one group.
        declared: Group name of each row, null where none is declared.

    Returns:
        int64 array (n,).
    """
    pairs = hamming_pairs(index["phash"].tolist(), bits)
    for key in (index["sha256"], declared):
        positions = pd.Series(np.arange(len(index)), index=index.index)
        for rows in positions.groupby(key.to_numpy()):
            pairs += [(int(rows[1].iloc[0]), int(other)) for other in rows[1].iloc[1:]]
    return groups(len(index), pairs)


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


def assign_splits(index: pd.DataFrame, params: ArtGAN, seed: int) -> pd.DataFrame:
    """train, select, val, guarded or null for each task, from the lists' train and val.

    An image that is validation in any task (itself, by file name, or a near-duplicate) is trained on in none;
    ``select`` is carved out of what remains, by group and once for all tasks.

    Args:
        index: path, labels, ``<task>_list`` and group, n rows.
        params: guard, held_out_painters and select_fraction are used.
        seed: Seed of the choice.

    Returns:
        Columns ``<task>_split``, n rows.
    """
    lists = index[[f"{task}_list" for task in TASKS]]
    any_val = (lists == "val").fillna(False).any(axis=1)
    group_val = index["group"].isin(index.loc[any_val, "group"])
    guarded = params.guard & (artgan.guard(index).to_numpy(dtype=bool) | group_val.to_numpy()[:, None])
    splits = pd.DataFrame({f"{t}_split": index[f"{t}_list"].astype("string") for t in TASKS}, index=index.index)
    splits = splits.mask((splits == "train").fillna(False) & guarded, "guarded")
    if params.held_out_painters:
        splits = _without_painters(splits, held_out_painters(index["path"], params.held_out_painters, seed))
    trained = (splits == "train").fillna(False).astype(bool)
    labels = index[list(TASKS)].where(trained.to_numpy())
    eligible = trained.any(axis=1).to_numpy()
    rng = np.random.default_rng(seed)
    select = carve(labels, index["group"].tolist(), eligible, params.select_fraction, rng)
    return splits.mask(trained.to_numpy() & select[:, None], "select")


def build_index(table: pd.DataFrame, stored: pd.DataFrame, manifest: pd.DataFrame, bits: int) -> pd.DataFrame:
    """The rows whose image is stored, with group and stratum."""
    index = table.merge(stored, left_on="path", right_on="id", how="inner", validate="one_to_one")
    index = index[index["error"].isna()].reset_index(drop=True)
    index = index.astype(dict.fromkeys(("width", "height", "offset", "size"), "int64"))  # a missing image made floats
    extra = index[["path"]].merge(manifest, on="path", how="left")
    nothing = pd.Series([None] * len(index), dtype="string")
    declared = extra["group"] if "group" in extra else nothing
    index["group"] = assign_groups(index, bits, declared)
    index["stratum"] = (extra["geometry"] if "geometry" in extra else nothing).astype("string")
    return index


def summarise(index: pd.DataFrame) -> dict[str, int]:
    """Counts of the index: rows a split and task, duplicates, groups."""
    counts = {
        "exact_duplicates": int(index["sha256"].duplicated().sum()),
        "groups": int(index["group"].nunique()),
        "images_in_groups_of_several": int(index["group"].duplicated(keep=False).sum()),
    }
    for task in TASKS:
        for split in ("train", "select", "val", "guarded"):
            counts[f"{task}.{split}"] = int((index[f"{task}_split"] == split).sum())
    return counts


def prepare(
    layout: Layout, params: ArtGAN, *, seed: int, out: Path, metrics: Path, notes: Mapping[str, object]
) -> None:
    """Write shards, index.parquet, labels.json, the reports for people, and the audit.

    Args:
        layout: Lists and images.
        params: Section ``artgan``.
        seed: For the choice of ``select`` rows.
        out: Folder of the results.
        metrics: File of the audit.
        notes: Further entries of the audit, such as the fingerprint of the source. Work of a killed run is taken up
            only where they are the same.
    """
    lists = artgan.read_lists(layout.lists)
    table = artgan.union(lists)
    paths = table["path"].tolist()
    source = open_images(layout.images)
    available = source.sizes()
    resolution = resolve(paths, available)
    # Files and their sizes are part of the key, so that other images make other shards.
    found = [(path, resolution.files.get(path), available.get(resolution.files.get(path, ""))) for path in paths]
    with scratch("prepare_artgan", str(layout.images), found, {**notes}, params.max_side, code_of(__name__)) as work:
        sources = [_source(path, source, resolution) for path in paths]
        stored = write_shards(sources, work, max_side=params.max_side)
        out.mkdir(parents=True, exist_ok=True)
        counts = report_failures(
            stored,
            out,
            params.max_missing_fraction,
            where=str(layout.images),
            remedy="get the missing images, or raise artgan.max_missing_fraction in params.yaml",
        )
        index = build_index(table, stored, read_manifest(source.root), params.near_duplicate_bits)
        index = pd.concat([index, assign_splits(index, params, seed)], axis=1)
        write_csv_for_people(out / "problems.csv", lists.problems)
        renamed = pd.DataFrame(sorted(resolution.renamed.items()), columns=pd.Index(["path", "file"]))
        write_csv_for_people(out / "renamed.csv", renamed)
        counts["renamed"] = len(renamed)
        write_text(out / "labels.json", _labels_json(lists))
        for shard in sorted(work.glob("shard-*.tar")):
            shutil.move(shard, out / shard.name)
        write_table(out / "index.parquet", index[INDEX_COLUMNS])
        write_metrics(metrics, artgan.audit(lists, table) | counts | summarise(index) | {**notes})
        discard(work)


def _labels_json(lists: artgan.Lists) -> str:
    import json

    return json.dumps({task: lists.classes[task] for task in TASKS}, indent=2, ensure_ascii=False) + "\n"
