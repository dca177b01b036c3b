"""Reads ArtGAN's lists and images; writes shards and an index with guarded splits.

Reads: the sample's package (artgan.source = met) or $ARTEXTRACT_WIKIART, and $ARTEXTRACT_ARTGAN_LISTS where the lists
    lie elsewhere (folder).
Writes: data/artgan/ (shard-*.tar, index.parquet, labels.json, missing.csv, unreadable.csv, renamed.csv,
    problems.csv), metrics/prepare_artgan.json.
Index: id, style, genre, artist (null = unlabelled), <task>_split (train, select, val, guarded), group, stratum,
    shard, offset, size, sha256, phash, width, height.
"""

import os
from pathlib import Path

import stages  # noqa: F401
from artextract.core.fingerprint import code_of
from artextract.core.folders import discard, outside_folder, scratch
from artextract.core.runtime import run_stage
from artextract.data.sample.as_artgan import write_artgan
from artextract.data.sample.met import read_works
from artextract.data.wikiart.prepare import Layout, prepare
from artextract.params.reading import load_params

OUT, METRICS = Path("data/artgan"), Path("metrics/prepare_artgan.json")


def main() -> None:
    """Prepare the sample, or the user's WikiArt folder."""
    p = load_params("seed", "met", "met_split", "artgan")
    if p.artgan.source == "folder":
        images = outside_folder("ARTEXTRACT_WIKIART", "the WikiArt images in ArtGAN's layout")
        lists = images
        if os.environ.get("ARTEXTRACT_ARTGAN_LISTS"):
            lists = outside_folder("ARTEXTRACT_ARTGAN_LISTS", "ArtGAN's lists")
        prepare(Layout(lists, images), p.artgan, seed=p.seed, out=OUT, metrics=METRICS, notes={})
        return
    with scratch(
        "met_artgan", p.met.model_dump(), p.met_split.model_dump(), p.seed, code_of(write_artgan.__module__)
    ) as folder:
        works = read_works(p.met.sha256)
        notes = write_artgan(
            works, folder, min_works=p.met_split.min_works, val_fraction=p.met_split.val_fraction, seed=p.seed
        )
        prepare(Layout(folder, folder), p.artgan, seed=p.seed, out=OUT, metrics=METRICS, notes=notes)
        discard(folder)


if __name__ == "__main__":
    run_stage(main)
