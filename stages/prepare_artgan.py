"""Reads ArtGAN's lists and images; writes shards and an index with guarded splits.

Reads: data/sources/artgan.json (the record of the source that DVC has seen); the sample's package (artgan.source = met)
    or the folders of $ARTEXTRACT_WIKIART, and $ARTEXTRACT_ARTGAN_LISTS where the lists are in another folder (folder).
Writes: data/artgan/ (shard-*.tar, index.parquet, labels.json, missing.csv, unreadable.csv, renamed.csv,
    problems.csv), metrics/prepare_artgan.json.
Index: id, style, genre, artist (null = unlabelled), <task>_split (train, select, val, guarded; null = in no list, or
    not judged), group (images of the same work), stratum, source (number of the folder that the image is from), shard,
    offset, size, sha256, phash, width, height.
"""

from pathlib import Path

import stages  # noqa: F401
from artextract.core.fingerprint import code_of
from artextract.core.runtime import run_stage
from artextract.core.scratch import discard, scratch
from artextract.params.reading import load_params

OUT, METRICS = Path("data/artgan"), Path("metrics/prepare_artgan.json")


def main() -> None:
    """Prepare the sample, or the user's WikiArt folders."""
    p = load_params("seed", "met", "met_split", "artgan")
    from artextract.data.outside.record import recorded, wikiart
    from artextract.data.sample.as_artgan import told_by_parameter, write_artgan
    from artextract.data.sample.met import read_works
    from artextract.data.wikiart.prepare import Layout, prepare

    with recorded("artgan", p.artgan.source) as record:
        if p.artgan.source == "folder":
            folders = wikiart()
            layout = Layout(folders.lists, folders.images)
            prepare(layout, p.artgan, seed=p.seed, out=OUT, metrics=METRICS, notes=record)
            return
        key = (p.met.model_dump(), p.met_split.model_dump(), p.seed, code_of(write_artgan.__module__))
        with scratch("met_artgan", *key) as folder:
            works = read_works(p.met.sha256)
            counts = write_artgan(
                works, folder, min_works=p.met_split.min_works, val_fraction=p.met_split.val_fraction, seed=p.seed
            )
            layout = Layout(folder, [folder])
            with told_by_parameter(folder):
                prepare(layout, p.artgan, seed=p.seed, out=OUT, metrics=METRICS, notes=record | counts)
            discard(folder)


if __name__ == "__main__":
    run_stage(main)
