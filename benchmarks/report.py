"""Writes the results to docs/results as CSV tables, a Markdown page and plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from artextract.core.files import write_table, write_text
from benchmarks.machine import Machine, on_gpu
from benchmarks.measure import Result

BEGIN, END = "<!-- {}: begin -->", "<!-- {}: end -->"
HEAD = """# Benchmarks

`python -m benchmarks` compares the speed of ArtExtract ("ours") with a straightforward implementation of the same task,
written from a library's own manual ("naive"). The two run in turn in one process. A ratio is the time of naive divided
by the time of ours, per item, as the median over the turns. It is given in processor seconds (all threads together) and
in wall seconds. If both run on a GPU (`ARTEXTRACT_DEVICE=cuda`), the rates, the ratio and the share of the roof are
taken from wall time, measured when the GPU has finished its work. Rates change with the other load on a machine; ratios
hardly do. The roof of a device is its speed in a matrix product, and "share of the roof" compares the speed of ours
with the roof in the same precision on the same device.

`python -m benchmarks scaling` measures how time and memory grow with the number of works. `python -m benchmarks
training` measures one epoch of a network that is trained from scratch on as many paintings as WikiArt has. `python -m
benchmarks encoders` measures time and memory of image encoders, `python -m benchmarks stages` those of whole stages up
to 100,000 works. With `--quick` all of them run at a small size, for a
first look. All use the sample's paintings.
"""


def results_table(results: Sequence[Result], roofs: dict[str, float]) -> pd.DataFrame:
    """Table of the results, one row per benchmark."""
    rows = []
    for r in results:
        naive, ours = r.rates()
        rows.append(
            {
                "name": r.benchmark.name,
                "work": r.benchmark.work,
                "unit": r.benchmark.unit,
                "clock": r.pair.clock,
                "naive_per_s": naive,
                "ours_per_s": ours,
                "ratio": r.ratio,
                "cpu_ratio": r.cpu_ratio,
                "wall_ratio": r.wall_ratio,
                "of_the_roof": r.pair.flops * ours / (roofs[r.pair.roof] * 1e9) if r.pair.flops else None,
                "precision": r.pair.precision,
                "backend": r.pair.name,
                "agreement": r.agreement,
                "naive": r.benchmark.naive,
                "ours": r.benchmark.ours,
            }
        )
    return pd.DataFrame(rows)


def machine_lines(machine: Machine, roofs: dict[str, float], size: str) -> str:
    """Description of the machine and its roofs, as one paragraph."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    gpu = ""
    if machine.gpu:
        fp32, bf16 = (roofs[f"cuda {name}"] / 1e3 for name in ("fp32", "bf16"))
        gpu = f" Roofs of {machine.gpu}, per second of wall time: fp32 {fp32:.0f} TFLOP, bf16 {bf16:.0f} TFLOP."
    return (
        f"{machine.processor}, {machine.cores} cores ({', '.join(machine.flags) or 'no vector extensions named'}), "
        f"{machine.memory_gib:.0f} GiB, {machine.threads} thread(s); {versions}. Roofs per core-second: "
        f"fp32 {roofs['fp32']:.0f} GFLOP, bf16 {roofs['bf16']:.0f} GFLOP.{gpu} Size: {size}. {date.today():%Y-%m-%d}."
    )


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """Rows of a table, with the columns as attributes."""
    return table.itertuples(index=False)


def number(value: float | None) -> str:
    """A number with three digits; "" where there is none."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def benchmarks_markdown(table: pd.DataFrame, machine: str, skipped: dict[str, str]) -> str:
    """The machine, the table of results, and a list that says what naive and ours are in each benchmark."""
    rows = [
        [
            f"`{r.name}`", r.work, r.clock, number(r.naive_per_s), f"{number(r.ours_per_s)} {r.unit}",
            f"**{r.ratio:.1f}**", f"{r.wall_ratio:.1f}", "" if pd.isna(r.of_the_roof) else f"{r.of_the_roof:.0%}",
            r.agreement,
        ]
        for r in rows_of(table)
    ]  # fmt: skip
    header = [
        "name",
        "work",
        "clock",
        "naive per second",
        "ours per second",
        "ratio",
        "wall ratio",
        "share of the roof",
        "agreement",
    ]
    sides = [
        f"* `{r.name}`: naive is {r.naive}; ours is {r.ours}{f' ({r.backend})' if r.backend else ''}."
        for r in rows_of(table)
    ]
    left = [f"* `{name}` did not run: {reason}." for name, reason in skipped.items()]
    return "\n\n".join([machine, markdown(header, rows), "\n".join(sides + left)])


def growth_markdown(summary: pd.DataFrame, machine: str) -> str:
    """The machine, and the table of growth: the largest n, its cost, and the exponents of time and memory."""
    rows = [
        [
            f"`{r.work}`", r.what, number(r.n), number(r.seconds), number(r.memory_mib),
            number(r.time_exponent), number(r.memory_exponent), r.note,
        ]
        for r in rows_of(summary)
    ]  # fmt: skip
    header = ["work", "what", "largest n", "seconds", "MiB", "time grows as n^", "memory as n^", "note"]
    return f"{machine}\n\n{markdown(header, rows)}"


def write_section(path: Path, name: str, text: str) -> None:
    """Write a section between its marks in the page, and leave the rest of the page as it is."""
    begin, end = BEGIN.format(name), END.format(name)
    page = path.read_text(encoding="utf-8") if path.exists() else HEAD
    section = f"{begin}\n{text}\n{end}"
    if begin in page and end in page:
        page = page[: page.index(begin)] + section + page[page.index(end) + len(end) :]
    else:
        page = f"{page.rstrip()}\n\n{section}\n"
    write_text(path, page)


def suffix(machine: Machine) -> str:
    """Suffix of files and sections, so that results of a GPU do not replace those of the processor."""
    return "-gpu" if machine.gpu else ""


def where(machine: Machine) -> str:
    """The GPU for a heading; "" without one."""
    return f" on {machine.gpu}" if machine.gpu else ""


def plot_ratios(table: pd.DataFrame, path: Path) -> None:
    """Draw the ratios as bars."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.4 * len(table)), layout="constrained")
    rows = range(len(table))
    axes.barh(rows, table["ratio"], color="#4878a8")
    for row, value in zip(rows, table["ratio"], strict=True):
        axes.annotate(f"{value:.1f}", (value, row), xytext=(4, 0), textcoords="offset points", va="center")
    axes.axvline(1, color="black", linewidth=0.8)
    label = f"{' or '.join(table['clock'].unique())} time, naive / ours"
    axes.set(xscale="log", yticks=list(rows), yticklabels=table["name"], xlabel=label)
    axes.invert_yaxis()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def plot_growth(points: pd.DataFrame, path: Path) -> None:
    """Draw time and memory over the number of works n, with logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = "wall seconds" if on_gpu() else "processor seconds"
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
    for name, part in points[points["note"] == ""].groupby("work", sort=False):
        for axes, column in ((left, "seconds" if on_gpu() else "cpu_seconds"), (right, "memory_mib")):
            axes.plot(part["n"], part[column], marker="o", label=name)
    for axes, label in ((left, seconds), (right, "peak private memory, MiB")):
        axes.set(xscale="log", yscale="log", xlabel="works", ylabel=label)
    figure.legend(*left.get_legend_handles_labels(), loc="outside right upper")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def write_benchmarks(
    folder: Path,
    results: Sequence[Result],
    roofs: dict[str, float],
    machine: Machine,
    size: str,
    skipped: dict[str, str],
) -> pd.DataFrame:
    """Write benchmarks.csv, benchmarks.png and their section of benchmarks.md."""
    table, name = results_table(results, roofs), f"benchmarks{suffix(machine)}"
    write_table(folder / f"{name}.csv", table)
    plot_ratios(table, folder / f"{name}.png")
    text = benchmarks_markdown(table, machine_lines(machine, roofs, size), skipped)
    section = f"## Ratios{where(machine)}\n\n{text}\n\n![Ratios]({name}.png)"
    write_section(folder / "benchmarks.md", name, section)
    return table


def write_growth(
    folder: Path, points: pd.DataFrame, summary: pd.DataFrame, roofs: dict[str, float], machine: Machine, size: str
) -> None:
    """Write scaling.csv, scaling.png and their section of benchmarks.md."""
    name = f"scaling{suffix(machine)}"
    write_table(folder / f"{name}.csv", points)
    plot_growth(points, folder / f"{name}.png")
    text = growth_markdown(summary, machine_lines(machine, roofs, size))
    section = f"## Growth{where(machine)}\n\n{text}\n\n![Growth]({name}.png)"
    write_section(folder / "benchmarks.md", name, section)
