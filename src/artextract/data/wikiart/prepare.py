"""From ArtGAN lists and folders of images to shards, an index with guarded splits, and an audit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from artextract.core.files import move_file, write_metrics, write_table, write_text
from artextract.core.fingerprint import code_of
from artextract.core.room import check_room, size_of
from artextract.core.scratch import discard, scratch
from artextract.core.tasks import TASKS
from artextract.data.images.archives import found_instead
from artextract.data.images.shard_writer import Source, least_bytes, report_failures, write_shards
from artextract.data.images.sources import open_images
from artextract.data.wikiart import lists as artgan
from artextract.data.wikiart.assign import assign_splits
from artextract.data.wikiart.images import ListedImages, locate
from artextract.data.wikiart.index import INDEX_COLUMNS, build_index, read_manifest, summarise
from artextract.params.sections import ArtGAN


@dataclass(frozen=True)
class Layout:
    """A folder of lists, and where the images are.

    Attributes:
        lists: Folder in ArtGAN's layout.
        images: Folders of files (often the folder of the lists), folders of tar shards, or zip archives, one or more.
            An image that is in several of them is taken from the first.
    """

    lists: Path
    images: Sequence[Path]


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
    images = locate(paths, [open_images(path) for path in layout.images])
    folders = [str(path) for path in layout.images]
    # Files and their sizes are part of the key, so that other images make other shards.
    files = [(path, images.places.get(path), images.sizes.get(path)) for path in paths]
    with scratch("prepare_artgan", folders, files, {**notes}, params.max_side, code_of(__name__)) as work:
        check_room(work, least_bytes(images.sizes.values(), params.max_side) - size_of(work), "the images")
        stored = write_shards([Source(path, images.reader(path)) for path in paths], work, max_side=params.max_side)
        out.mkdir(parents=True, exist_ok=True)
        found, remedy = _found(layout.images, images) if (stored["error"] == "missing").any() else ("", "")
        counts = report_failures(
            stored,
            out,
            params.max_missing_fraction,
            where=os.pathsep.join(folders),
            remedy=remedy or "get the missing images, or raise artgan.max_missing_fraction in params.yaml",
            found=found,
        )
        manifests = [read_manifest(source.root) for source in images.sources]
        numbers = {path: number for path, (number, _) in images.places.items()}
        index = build_index(table, stored, numbers, manifests, params.near_duplicate_bits)
        index = pd.concat([index, assign_splits(index, params, seed)], axis=1)
        write_table(out / "problems.csv", lists.problems)
        renamed = pd.DataFrame(sorted(images.renamed.items()), columns=pd.Index(["path", "file"]))
        write_table(out / "renamed.csv", renamed)
        counts["renamed"] = len(renamed)
        write_text(out / "labels.json", _labels_json(lists))
        for shard in sorted(work.glob("shard-*.tar")):
            move_file(shard, out / shard.name)
        write_table(out / "index.parquet", index[INDEX_COLUMNS])
        write_metrics(metrics, artgan.audit(lists, table) | counts | summarise(index) | {**notes})
        discard(work)


def _found(folders: Sequence[Path], images: ListedImages) -> tuple[str, str]:
    """What the folders hold instead of missing images, and what can be done."""
    used = {name for _, name in images.places.values()}
    found = [found_instead(folder, used) for folder in folders]
    remedies = [remedy for _, remedy in found if remedy]
    return "; ".join(said for said, _ in found if said), remedies[0] if remedies else ""


def _labels_json(lists: artgan.Lists) -> str:
    import json

    return json.dumps({task: lists.classes[task] for task in TASKS}, indent=2, ensure_ascii=False) + "\n"
