"""A dry run over an index of a hundred million images: ``python -m benchmarks.dry_run [--rows N]``.

The index is made up, a million rows at a time, as parts of it would be read. Every part is cut into the shards that
``embed_images`` hands out, each described as it would be for another process; and the ten best of every part are merged
into the ten best of all. Nothing is decoded or embedded. Seconds, and the peak of private memory, are printed.
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.compute import unit_rows
from artextract.core.executors.rows import rows_per_shard
from artextract.core.fingerprint import content_key
from artextract.data.images.shards import ShardReader
from artextract.encoders.embed import Pictures
from artextract.similarity.ranking.neighbours import nearest
from artextract.similarity.ranking.topk import select
from benchmarks.memory import PeakMemory

ROWS, PART, IMAGES_PER_TAR = 100_000_000, 1_000_000, 1000
QUERIES, NEIGHBOURS, DIM = 100, 10, 32
ROW_BYTES = 4 * 1280  # of an embedding by EfficientNet-Lite2 or B0
PER_IMAGE = 90_000  # bytes


def part_of_index(start: int, count: int, seed: int) -> pd.DataFrame:
    """Rows of the index from a number on: id, shard, offset, size, sha256."""
    rows = np.arange(start, start + count)
    hashes = np.random.default_rng((seed, start)).bytes(32 * count).hex()
    return pd.DataFrame(
        {
            "id": rows.astype(str),
            "shard": [f"shard-{row // IMAGES_PER_TAR:05d}.tar" for row in rows.tolist()],
            "offset": rows % IMAGES_PER_TAR * PER_IMAGE,
            "size": PER_IMAGE,
            "sha256": [hashes[at : at + 64] for at in range(0, len(hashes), 64)],
        }
    )


def planned(index: pd.DataFrame) -> Iterator[Pictures]:
    """The shards of some rows, described as ``embed_images`` hands them out."""
    reader, each = ShardReader(Path("data/nga"), index), rows_per_shard(ROW_BYTES)
    hashes = reader.hashes()
    for start in range(0, len(reader), each):
        rows = list(range(start, min(start + each, len(reader))))
        yield Pictures(content_key([hashes[row] for row in rows]), reader.part(rows), "{}", len(reader), "")


class Merged:
    """The best of all parts that were seen so far, for some queries whose true neighbours are known."""

    def __init__(self, rows: int, seed: int):
        """Draw the queries, and the rows at which copies of them will be found.

        Args:
            rows: Of the whole index.
            seed: Of the draw.
        """
        rng = np.random.default_rng(seed)
        self.queries = unit_rows(rng.standard_normal((QUERIES, DIM), dtype=np.float32))
        planted = rng.choice(rows, QUERIES * NEIGHBOURS, replace=False)
        self.planted = np.sort(planted.reshape(QUERIES, NEIGHBOURS), axis=1)
        self.rows = np.full((QUERIES, NEIGHBOURS), rows, dtype=np.int64)
        self.scores = np.full((QUERIES, NEIGHBOURS), -np.inf, dtype=np.float32)

    def vectors(self, start: int, count: int) -> np.ndarray:
        """Made-up unit rows of a part, float32 (count, DIM); some are copies of the queries."""
        found = unit_rows(np.random.default_rng((1, start)).standard_normal((count, DIM), dtype=np.float32))
        query, place = np.nonzero((self.planted >= start) & (self.planted < start + count))
        found[self.planted[query, place] - start] = self.queries[query]
        return found

    def add(self, start: int, count: int) -> None:
        """Search one part, and merge what is found."""
        rows, scores = nearest(self.queries, self.vectors(start, count), NEIGHBOURS)
        rows, scores = np.hstack([self.rows, rows + start]), np.hstack([self.scores, scores])
        self.rows, self.scores = select(scores, rows, NEIGHBOURS)

    def recall(self) -> float:
        """Share of the copies that are among the best."""
        return float(np.mean(np.sort(self.rows, axis=1) == self.planted))


def dry_run(rows: int, part: int = PART, seed: int = 0) -> dict[str, float]:
    """Plan and merge; counts, seconds, and the peak of private memory in MiB.

    Args:
        rows: Of the index.
        part: Rows at a time.
        seed: Of what is made up.
    """
    from tqdm import tqdm

    merged, shards, covered, described = Merged(rows, seed), 0, 0, 0
    planning = merging = 0.0
    with PeakMemory() as memory, tqdm(total=rows, unit="row", desc="dry run", mininterval=1) as bar:
        for start in range(0, rows, part):
            count = min(part, rows - start)
            index, before = part_of_index(start, count, seed), time.process_time()
            for shard in planned(index):
                shards, covered = shards + 1, covered + shard.size
                described += len(pickle.dumps(shard))
            planning, before = planning + time.process_time() - before, time.process_time()
            merged.add(start, count)
            merging += time.process_time() - before
            bar.update(count)
    return {
        "rows": rows, "planned_rows": covered, "shards": shards, "gib_of_descriptions": described / 2**30,
        "planning_cpu_seconds": planning, "merging_cpu_seconds": merging, "recall": merged.recall(),
        "peak_mib": memory.held / 2**20,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.dry_run", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    print(json.dumps(dry_run(parser.parse_args().rows), indent=1))
