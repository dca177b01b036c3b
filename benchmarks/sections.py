"""Sections of benchmarks.md besides the ratios and the growth: a large training, whole stages, image encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from artextract.core.files import write_table
from benchmarks.machine import Machine
from benchmarks.report import machine_lines, markdown, number, plot_growth, rows_of, suffix, where, write_section


def _times(measured: dict[str, Any], part: str) -> str:
    wall, cpu = measured[f"{part}_seconds"], measured[f"{part}_cpu_seconds"]
    return f"{number(wall)} s ({number(cpu)} core-seconds)"


def large_training_markdown(measured: dict[str, Any], roofs: dict[str, float], machine: str) -> str:
    """The machine, and the measurements of the large training as a table."""
    on_cpu = measured["device"] == "cpu"
    roof = roofs[measured["precision"] if on_cpu else f"{measured['device']} {measured['precision']}"] * 1e9
    rate = measured["flops"] / measured["epoch_cpu_seconds" if on_cpu else "epoch_seconds"] / roof
    rows = [
        ["paintings, 128 px", f"{measured['rows']:,}"],
        ["parameters of the network", f"{measured['parameters']:,}"],
        ["cache of pixels, mapped from the disk", f"{number(measured['cache_mib'])} MiB"],
        ["time to build the cache, once", _times(measured, "build")],
        ["time of an epoch", _times(measured, "epoch")],
        ["paintings per second", number(measured["rows"] / measured["epoch_seconds"])],
        ["share of the roof", f"{rate:.1%} ({measured['backend']})"],
        ["peak private memory of the process", f"{number(measured['private_memory_mib'])} MiB"],
        ["private memory added while the cache is built", f"{number(measured['build_memory_mib'])} MiB"],
        ["private memory added by the epoch", f"{number(measured['epoch_memory_mib'])} MiB"],
    ]
    notes = (
        "The sample's paintings are stored at 128 px and repeated. Every row is decoded and trained on; nothing is "
        "extrapolated. Pages of the memory-mapped cache are not counted as private memory, since the kernel may drop "
        "them at any time."
    )
    return f"{machine}\n\n{markdown(['what', 'value'], rows)}\n\n{notes}"


def write_large_training(
    folder: Path, measured: dict[str, Any], roofs: dict[str, float], machine: Machine, size: str
) -> None:
    """Write large_training.csv and its section of benchmarks.md."""
    write_table(folder / f"large_training{suffix(machine)}.csv", pd.DataFrame([measured]))
    text = large_training_markdown(measured, roofs, machine_lines(machine, roofs, size))
    section = f"## A large training{where(machine)}\n\n{text}"
    write_section(folder / "benchmarks.md", f"training{suffix(machine)}", section)


def stages_markdown(points: pd.DataFrame, machine: str) -> str:
    """The machine, and a row per stage and number of works."""
    rows = [
        [
            f"`{r.work}`", f"{r.n:,}", "all" if r.queries == r.n else f"{r.queries:,}", number(r.seconds),
            number(r.cpu_seconds), number(r.memory_mib), r.note,
        ]
        for r in rows_of(points)
    ]  # fmt: skip
    header = ["stage", "works", "queries of each judge", "seconds", "core-seconds", "peak private memory, MiB", "note"]
    notes = (
        "Whole stages in a process of their own, imports, figures and files included. Embeddings are those of the "
        "sample's paintings and titles, repeated with noise; images are the sample's; fields are made up. Where not "
        "all works are queries, `relevance.max_queries` was set; the tables of the stage state the error of that."
    )
    return f"{machine}\n\n{markdown(header, rows)}\n\n{notes}"


def write_stages(folder: Path, points: pd.DataFrame, roofs: dict[str, float], machine: Machine, size: str) -> None:
    """Write stages.csv, stages.png and their section of benchmarks.md."""
    name = f"stages{suffix(machine)}"
    write_table(folder / f"{name}.csv", points)
    plot_growth(points, folder / f"{name}.png")
    text = stages_markdown(points, machine_lines(machine, roofs, size))
    section = f"## Whole stages{where(machine)}\n\n{text}\n\n![Growth of whole stages]({name}.png)"
    write_section(folder / "benchmarks.md", name, section)


def encoders_markdown(table: pd.DataFrame, machine: str) -> str:
    """The machine, and a row per encoder and precision: time and memory, and the time that 4,000 paintings take."""
    rows = [
        [
            f"`{r.network}`", r.layers.replace(" ", ", ") or "none", str(r.size), f"{r.outputs:,}", r.backend,
            number(r.cpu_seconds_per_image), number(r.seconds_per_image),
            number(4000 * (r.cpu_seconds_per_image if r.device == "cpu" else r.seconds_per_image) / 60),
            number(r.private_memory_mib),
        ]
        for r in rows_of(table)
    ]  # fmt: skip
    unit = "core-minutes" if (table["device"] == "cpu").all() else "minutes"
    header = [
        "network", "layers", "pixels", "outputs", "backend", "core-seconds per image", "wall seconds per image",
        f"{unit} for 4,000 paintings", "peak private memory, MiB",
    ]  # fmt: skip
    notes = (
        "Weights are random; time and memory do not depend on them. Layers are stages (blocks of a ViT) whose "
        "channel means are added to the pooled features. Images are decoded before the clock starts. The memory is "
        "that of the whole process: Python with its libraries, the network and, for OpenVINO, its conversion."
    )
    return f"{machine}\n\n{markdown(header, rows)}\n\n{notes}"


def write_encoders(folder: Path, table: pd.DataFrame, roofs: dict[str, float], machine: Machine, size: str) -> None:
    """Write encoders.csv and its section of benchmarks.md."""
    write_table(folder / f"encoders{suffix(machine)}.csv", table)
    text = encoders_markdown(table, machine_lines(machine, roofs, size))
    section = f"## Image encoders{where(machine)}\n\n{text}"
    write_section(folder / "benchmarks.md", f"encoders{suffix(machine)}", section)
