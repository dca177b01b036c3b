"""Inputs of the benchmarks: the sample's real paintings and titles, and random vectors distributed like embeddings."""

from __future__ import annotations

import io
import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from artextract.data.images.shard_writer import Source, write_shards
from artextract.data.images.shards import ShardReader
from artextract.data.sample.met import Work, read_works
from artextract.params.reading import read_params
from artextract.params.sections import Params

ROOT = Path(__file__).resolve().parent.parent


@cache
def params() -> Params:
    """The committed parameters."""
    return read_params(ROOT / "params.yaml")


@cache
def works() -> list[Work]:
    """The 174 paintings of the sample."""
    return read_works(params().met.sha256)


@cache
def folder() -> Path:
    """Temporary folder of this run, which is removed at the end of the run."""
    import atexit
    import shutil

    path = Path(tempfile.mkdtemp(prefix="artextract-benchmarks-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def own_cache() -> None:
    """Put the caches into ``folder()`` from now on, so that results of an earlier run are not reused."""
    os.environ["ARTEXTRACT_CACHE"] = str(folder() / "cache")


def paths(n: int) -> list[Path]:
    """Image files of n works; after the 174 of the sample they repeat."""
    sample = works()
    return [sample[i % len(sample)].image for i in range(n)]


def titles(n: int) -> list[str]:
    """Titles of n works; after the 174 of the sample they repeat."""
    sample = works()
    return [sample[i % len(sample)].title for i in range(n)]


@cache
def shards(n: int, max_side: int = 640) -> tuple[ShardReader, pd.DataFrame]:
    """Shards as the pipeline stores them, and an index of n works; after the 174 of the sample its rows repeat."""
    stored = min(n, len(works()))
    target = folder() / f"shards-{stored}-{max_side}"
    sources = [Source(str(i), path.read_bytes) for i, path in enumerate(paths(stored))]
    written = write_shards(sources, target, max_side=max_side, describe="store images")
    index = written.iloc[np.arange(n) % stored].assign(id=[str(i) for i in range(n)]).reset_index(drop=True)
    return ShardReader(target, index), index


@cache
def large_jpegs(n: int, pixels: float = 1.5e6) -> list[Path]:
    """The sample's paintings enlarged to 1.5 megapixels, the size of WikiArt's images, as JPEGs of quality 92."""
    result = []
    for i, path in enumerate(paths(n)):
        image = Image.open(path).convert("RGB")
        scale = (pixels / (image.width * image.height)) ** 0.5
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        buffer, target = io.BytesIO(), folder() / f"large-{i}.jpg"
        image.save(buffer, "JPEG", quality=92)
        target.write_bytes(buffer.getvalue())
        result.append(target)
    return result


def vectors(n: int, dim: int, seed: int = 0) -> np.ndarray:
    """Random unit rows (n, dim), float32, whose variance decreases from component to component, as in embeddings."""
    rng = np.random.default_rng(seed)
    inner = min(dim, 128)
    basis = np.linalg.qr(rng.standard_normal((dim, inner)))[0].T.astype(np.float32)
    scale = (np.arange(1, inner + 1) ** -0.5).astype(np.float32)
    centres = rng.standard_normal((max(2, n // 50), inner), dtype=np.float32)
    result = np.empty((n, dim), dtype=np.float32)
    for start in range(0, n, 1 << 16):
        count = min(1 << 16, n - start)
        latent = centres[rng.integers(len(centres), size=count)]
        latent = (latent + rng.standard_normal((count, inner), dtype=np.float32)) * scale
        block = latent @ basis
        result[start : start + count] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return result
