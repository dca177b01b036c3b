"""Speed-up over several workers: ``python -m benchmarks.workers [--images N] [--workers 1,2,4]``.

The same images are stored, and embedded, in the stage itself and by processes of this machine, with one thread each and
an empty cache each time. Efficiency is the time in the stage over workers times the time with them, where no more
workers count than there are cores. Images are crops of the sample's paintings, so that none is found in a cache.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks import works
from benchmarks.report import markdown

SHARDS = 16  # that the work is cut into; a real collection has a thousand images in each
IMAGES = 512


def pictures(n: int) -> list[Path]:
    """Different JPEGs as files: crops of the sample's paintings."""
    found = []
    for i, path in enumerate(works.paths(n)):
        with Image.open(path) as image:
            inset = 2 * (i // len(works.works()))
            crop = image.convert("RGB").crop((inset, inset, image.width, image.height))
        found.append(works.folder() / f"crop-{i}.jpg")
        crop.save(found[-1], "JPEG", quality=92)
    return found


def _store(n: int) -> Callable[[], object]:
    from artextract.data.images import shard_writer

    shard_writer.IMAGES_PER_SHARD = -(-n // SHARDS)
    sources = [shard_writer.Source(str(i), path.read_bytes) for i, path in enumerate(pictures(n))]
    return lambda: shard_writer.write_shards(sources, works.folder() / "stored", max_side=320)


def _embed(n: int) -> Callable[[], object]:
    from artextract.core.executors import rows
    from artextract.data.images.shard_writer import Source, write_shards
    from artextract.data.images.shards import ShardReader
    from artextract.encoders.embed import embed_collection

    executor = os.environ.pop("ARTEXTRACT_EXECUTOR", None)
    target = works.folder() / "stored"
    index = write_shards([Source(str(i), path.read_bytes) for i, path in enumerate(pictures(n))], target, max_side=640)
    if executor:
        os.environ["ARTEXTRACT_EXECUTOR"] = executor
    rows.LONGEST = rows.MULTIPLE * max(1, n // SHARDS // rows.MULTIPLE)
    params = works.params().image_encoder
    return lambda: embed_collection(ShardReader(target, index), params)


WORK = {"images to shards": _store, "image embedding": _embed}


def point(name: str, n: int) -> dict[str, float]:
    """Seconds and processor seconds of one piece of work in this process and those that it starts."""
    works.own_cache()
    run = WORK[name](n)
    wall, before = time.perf_counter(), os.times()
    run()
    wall, after = time.perf_counter() - wall, os.times()
    return {"seconds": wall, "cpu_seconds": sum(after[:4]) - sum(before[:4])}


def measured(name: str, executor: str, n: int) -> dict[str, float]:
    """``point`` in a fresh process."""
    own = {"ARTEXTRACT_THREADS": "1", "OMP_NUM_THREADS": "1"} | ({"ARTEXTRACT_EXECUTOR": executor} if executor else {})
    code = f"import json; from benchmarks.workers import point; print(json.dumps(point({name!r}, {n})))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=works.ROOT, env=os.environ | own, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(n: int, workers: list[int]) -> str:
    """All measurements as Markdown."""
    cores, rows = len(os.sched_getaffinity(0)), []
    for name in WORK:
        alone = measured(name, "", n)
        rows.append([name, "in the stage", f"{alone['seconds']:.1f}", f"{alone['cpu_seconds']:.1f}", "", ""])
        for count in workers:
            found = measured(name, f"local:{count}", n)
            gain = alone["seconds"] / found["seconds"]
            rows.append(
                [name, str(count), f"{found['seconds']:.1f}", f"{found['cpu_seconds']:.1f}", f"{gain:.2f}",
                 f"{gain / min(count, cores):.0%}"]
            )  # fmt: skip
            print(rows[-1], file=sys.stderr, flush=True)
    head = f"{n} images in {SHARDS} shards, one thread each, {cores} cores."
    return f"{head}\n\n{markdown(['work', 'workers', 'seconds', 'core-seconds', 'speed-up', 'efficiency'], rows)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--workers", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2, 4])
    given = parser.parse_args()
    print(table(given.images, given.workers))
