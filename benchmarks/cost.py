"""What a collection of millions would take, from measured rates: ``python -m benchmarks.cost [--images N,N]``.

The rates are those of the committed tables in docs/results, which were measured on different machines and days (each
is named). Nothing was run at these sizes: this is arithmetic, and says so. Prices are assumptions that can be set.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.report import markdown
from benchmarks.works import ROOT

RESULTS = ROOT / "docs" / "results"
SIZES = (1_000_000, 10_000_000, 100_000_000)
CORES, CORE_HOUR, GIB_MONTH = 64, 0.04, 0.023  # dollars: usual prices of rented cores and of object storage
PER_SECOND = 5.0  # requests to one museum's server, the pace of ``data.museum.getter``
STORED_KIB, INDEX_BYTES = 117, 1_400  # of an image in a shard, as in the sample; of a row of the index in memory
VECTOR_BYTES = 4 * (1280 + 768)


@dataclass(frozen=True)
class Rate:
    """Cost of one stage.

    Attributes:
        stage: Its name, and which variant.
        core_seconds: Per image.
        spread: Whether it is handed out to any number of cores; otherwise two threads of one machine do it.
        bottleneck: What it waits for.
        source: Table that the rate is from.
    """

    stage: str
    core_seconds: float
    spread: bool
    bottleneck: str
    source: str


def rates(results: Path = RESULTS) -> list[Rate]:
    """Rates from the tables in a folder.

    Raises:
        FileNotFoundError: A table is not there.
    """
    scaling, pairs = (pd.read_csv(results / f"{name}.csv") for name in ("scaling", "benchmarks"))
    stages = pd.read_csv(results / "stages.csv")

    def per_work(table: pd.DataFrame, work: str) -> float:
        largest = table[(table["work"] == work) & table["note"].isna()].sort_values("n").iloc[-1]
        return float(largest["cpu_seconds"] / largest["n"])

    def per_item(name: str) -> float:
        return 1 / float(pairs.loc[pairs["name"] == name, "ours_per_s"].iloc[0])

    return [
        Rate("store images", per_work(scaling, "prepare"), True, "decoding of JPEGs", "scaling.csv"),
        Rate("embed_images, Lite2", per_item("embed_lite2"), True, "network; depthwise layers wait for memory",
             "benchmarks.csv"),
        Rate("embed_images, B7", per_item("network_b7"), True, "network: products of matrices", "benchmarks.csv"),
        Rate("embed_titles", per_item("titles"), True, "network: products of matrices", "benchmarks.csv"),
        Rate("tokens and an epoch of the head", per_item("embed_lite2") + per_item("frozen_epoch"), True,
             "network, then the disk with the tokens", "benchmarks.csv"),
        Rate("train_siamese", per_work(stages, "train_siamese"), False, "scores of every attempt", "stages.csv"),
        Rate("similarity_eval", per_work(stages, "similarity_eval"), False, "scores, decoding for the colours",
             "stages.csv"),
    ]  # fmt: skip


def table(images: int, cores: int, price: float, found: list[Rate]) -> list[list[str]]:
    """Rows of the model for one size: stage, core-hours, hours on so many cores, dollars, what it waits for."""
    fetch = images / PER_SECOND / 3600
    rows = [["fetch from one museum", "", f"{fetch:,.0f}", "", f"pace of the server, {PER_SECOND:g} a second"]]
    for rate in found:
        core_hours = rate.core_seconds * images / 3600
        hours = core_hours / (cores if rate.spread else 2)
        rows.append([rate.stage, f"{core_hours:,.0f}", f"{hours:,.1f}", f"{core_hours * price:,.0f}", rate.bottleneck])
    return rows


def page(sizes: list[int], cores: int, price: float, results: Path = RESULTS) -> str:
    """The model as Markdown."""
    found, parts = rates(results), []
    for images in sizes:
        room = images * (1024 * STORED_KIB + VECTOR_BYTES) / 2**30
        memory = images * INDEX_BYTES / 2**30
        rows = table(images, cores, price, found)
        header = ["stage", "core-hours", f"hours on {cores} cores", "dollars", "waits for"]
        parts.append(
            f"**{images:,} images.** {room:,.0f} GiB on disk or S3 ({room * GIB_MONTH:,.0f} dollars a month); "
            f"{memory:,.1f} GiB of memory for the index of one collection.\n\n{markdown(header, rows)}"
        )
    parts.append(
        f"Assumed: {price} dollars a core-hour, {GIB_MONTH} dollars a GiB and month. Rates: "
        + "; ".join(f"{r.stage} {r.core_seconds:.3g} core-seconds ({r.source})" for r in found)
        + ". Each rate is that of the largest collection that was measured, and taken as constant. The "
        "two similarity stages are more at these sizes: they search for the neighbours of all works, which grows with "
        "the square, and so do scores without `relevance.max_queries`."
    )
    return "\n\n".join(parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--images", type=lambda text: [int(n) for n in text.split(",")], default=list(SIZES))
    parser.add_argument("--cores", type=int, default=CORES)
    parser.add_argument("--price", type=float, default=CORE_HOUR, help="dollars for a core and hour")
    given = parser.parse_args()
    print(page(given.images, given.cores, given.price))
