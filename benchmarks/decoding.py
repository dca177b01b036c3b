"""Decoding: from JPEG files to pixels at the size that a network needs."""

from __future__ import annotations

from functools import partial

import numpy as np
from PIL import Image

from artextract.data.images.decode import decode
from artextract.encoders.image import Preprocessing
from benchmarks import works
from benchmarks.measure import Benchmark, Pair, Side, Size

WANTED = Preprocessing(224, None, "bicubic", (0.5,) * 3, (0.5,) * 3)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 images in dB; 99 if they are equal."""
    error = float(np.mean((a.astype(float) - b.astype(float)) ** 2))
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)


def _make(size: Size, stored: bool) -> Pair:
    files = works.large_jpegs(min(size.images, 48))
    transform = WANTED.pixels()
    results: dict[str, list[np.ndarray]] = {}

    def naive() -> None:
        results["naive"] = [
            np.asarray(Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)) for path in files
        ]

    def ours() -> None:
        results["ours"] = [
            transform(decode(path.read_bytes(), WANTED.target)).permute(1, 2, 0).numpy() for path in files
        ]

    def from_shards() -> None:
        images = (reader.image(row, WANTED.target) for row in range(len(reader)))
        results["ours"] = [transform(image).permute(1, 2, 0).numpy() for image in images]

    def agreement() -> str:
        values = [psnr(a, b) for a, b in zip(results["naive"], results["ours"], strict=True)]
        return f"PSNR median {np.median(values):.1f} dB, lowest {min(values):.1f} dB"

    if not stored:
        return Pair(Side(naive, len(files)), Side(ours, len(files)), agreement)
    from artextract.data.images.shard_writer import Source, write_shards
    from artextract.data.images.shards import ShardReader

    target = works.folder() / "shards-of-large"
    index = write_shards([Source(path.name, path.read_bytes) for path in files], target, max_side=320)
    reader = ShardReader(target, index)
    return Pair(Side(naive, len(files)), Side(from_shards, len(files)), agreement)


_FIRST = "Pillow's manual: Image.open, convert, resize"
BENCHMARKS = [
    Benchmark(
        "decode", "images", "JPEG of 1.5 megapixels decoded to 224 px", _FIRST,
        "decode, told the wanted size, so that the JPEG's DCT decodes at half size", partial(_make, stored=False),
    ),
    Benchmark(
        "decode_stored", "images", "decoding to 224 px from JPEGs of 1.5 megapixels (naive) or shards of 320 px (ours)",
        _FIRST, "shards of 320 px (artgan.max_side), which are written once", partial(_make, stored=True),
    ),
]  # fmt: skip
