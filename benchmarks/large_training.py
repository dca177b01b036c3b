"""One epoch over as many paintings as WikiArt has, through the project's own cache of pixels, in a fresh process.

The sample's paintings are stored at 128 px, as in ``profiles/wikiart-scratch.args``, and repeated. Every row is decoded
and trained on separately; nothing is extrapolated.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from artextract.core.errors import ArtExtractError
from benchmarks import works
from benchmarks.machine import wait
from benchmarks.memory import PeakMemory

ROWS = {"tiny": 60, "quick": 2000, "full": 81_446}
SIDE = 128
REFERENCE: dict[str, Any] = {
    "backbone": "reference", "weights": "none", "weights_sha256": "", "frozen": False, "tuned_stages": 0, "views": 1,
    "token_dim": 0, "mean_token": False, "hidden": 32, "dropout": 0.0, "precision": "fast",
}  # fmt: skip


def _seconds(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result of ``run``, its wall seconds and its processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    wait()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def _check_room(rows: int) -> int:
    """Size of the cache of pixels, in bytes.

    Raises:
        ArtExtractError: The disk does not have enough room for it.
    """
    wanted, free = rows * 3 * SIDE * SIDE, shutil.disk_usage(works.folder()).free
    if wanted > 0.9 * free:
        raise ArtExtractError(
            f"{rows:,} rows take {wanted / 2**30:.1f} GiB of disk, and only {free / 2**30:.1f} GiB are free",
            where=str(works.folder().parent),
            remedy="set TMPDIR to a folder with more room, or give fewer --rows",
        )
    return wanted


def measure(rows: int) -> dict[str, Any]:
    """Measure the training in this process: seconds of the cache and the epoch, peak memory, size of the network."""
    from artextract.classification.network.inputs import load_inputs
    from artextract.core.compute import backend, bf16_pays, device, set_threads
    from benchmarks.classification import _data, _flops, _labels, _params, _trainer
    from benchmarks.measure import SIZES

    size = _check_room(rows)
    works.own_cache()
    set_threads()
    params = _params(SIZES["full"], **REFERENCE)
    labels = _labels(rows)
    reader, index = works.shards(rows, SIDE)
    with PeakMemory() as memory:
        inputs, *build = _seconds(lambda: load_inputs(reader, index, range(rows), params.train))
    trainer = _trainer(params, inputs)
    with PeakMemory() as later:
        data = _data(inputs, labels)
        losses, *epoch = _seconds(lambda: trainer._train_epoch(0, data))
    return {
        "rows": rows,
        "parameters": sum(p.numel() for p in trainer.net.parameters()),
        "batch_size": params.batch_size,
        "cache_mib": size / 2**20,
        "build_seconds": build[0],
        "build_cpu_seconds": build[1],
        "build_memory_mib": memory.bytes / 2**20,
        "epoch_seconds": epoch[0],
        "epoch_cpu_seconds": epoch[1],
        "epoch_memory_mib": later.bytes / 2**20,
        "private_memory_mib": max(memory.held, later.held) / 2**20,
        "flops": rows * _flops(params, inputs),
        "precision": "bf16" if bf16_pays() else "fp32",
        "backend": backend("fast"),
        "device": device().type,
        "loss": sum(losses.values()) / len(losses),
    }


def in_a_process(rows: int) -> dict[str, Any]:
    """Run ``measure`` in a process of its own.

    Raises:
        ArtExtractError: The process failed; its own message was printed before.
    """
    command = [sys.executable, "-m", "benchmarks.large_training", str(rows)]
    done = subprocess.run(command, cwd=works.ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise ArtExtractError(
            f"the training of {rows:,} rows ended with exit status {done.returncode}", remedy="see its message above"
        )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    from artextract.core.runtime import keep_freed_memory

    keep_freed_memory()
    try:
        print(json.dumps(measure(int(sys.argv[1]))))
    except ArtExtractError as error:
        print(f"\nbenchmarks: {error}", file=sys.stderr)
        sys.exit(2)
