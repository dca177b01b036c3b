"""From ArtGAN lists and a folder of images to shards, an index with guarded splits, and an audit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from artextract.core.files import write_csv_for_people, write_metrics, write_table, write_text
from artextract.core.fingerprint import code_of
from artextract.core.folders import discard, scratch
from artextract.core.tasks import TASKS
from artextract.data.images.decode import UnreadableImage
from artextract.data.images.shard_writer import Source, report_failures, write_shards
from artextract.data.images.sources import ImageSource, open_images
from artextract.data.wikiart import lists as artgan
from artextract.data.wikiart.assign import assign_splits
from artextract.data.wikiart.index import INDEX_COLUMNS, build_index, read_manifest, summarise
from artextract.data.wikiart.names import Resolution, resolve
from artextract.params.sections import ArtGAN


@dataclass(frozen=True)
class Layout:
    """A folder of lists; and the images: a folder of files (often the same one), of tar shards, or a zip archive."""

    lists: Path
    images: Path


def _source(path: str, source: ImageSource, resolution: Resolution) -> Source:
    """The image of one listed path, read when its shard is written."""

    def read() -> bytes:
        if path in resolution.ambiguous:
            raise UnreadableImage(f"several files could be meant: {' | '.join(resolution.ambiguous[path])}")
        if path not in resolution.files:
            raise FileNotFoundError(path)
        return source.read(resolution.files[path])

    return Source(path, read)


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
