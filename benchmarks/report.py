"""Results as CSV, Markdown and plots in docs/results."""

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

`python -m benchmarks` measures what one would write first, from a library's own manual, against what ArtExtract does,
in turn, in one process. A ratio is the median over the turns of naive / ours, per item, in processor seconds (all
threads together) and in wall seconds. Where both run on a GPU (`ARTEXTRACT_DEVICE=cuda`), the rates, the ratio and the
share of the roof are of wall time, measured when the GPU has done its work. Rates drift with what else a machine does;
ratios hardly do. "Of the roof" is the share of a matrix product's speed in the same precision on the same device.
`python -m benchmarks scaling` measures how
time and memory grow with the number of works, `python -m benchmarks training` an epoch of a network from scratch over
as many paintings as WikiArt has. `--quick` takes a first look. All run on the sample's paintings.
"""


def results_table(results: Sequence[Result], roofs: dict[str, float]) -> pd.DataFrame:
    """A row a benchmark."""
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
    """The machine in a paragraph."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    gpu = ""
    if machine.gpu:
        fp32, bf16 = (roofs[f"cuda {name}"] / 1e3 for name in ("fp32", "bf16"))
        gpu = f" {machine.gpu}: roofs, a second of wall time: fp32 {fp32:.0f} TFLOP, bf16 {bf16:.0f} TFLOP."
    return (
        f"{machine.processor}, {machine.cores} cores ({', '.join(machine.flags) or 'no vector extensions named'}), "
        f"{machine.memory_gib:.0f} GiB, {machine.threads} thread(s); {versions}. Roofs, a core-second: "
        f"fp32 {roofs['fp32']:.0f} GFLOP, bf16 {roofs['bf16']:.0f} GFLOP.{gpu} Size: {size}. {date.today():%Y-%m-%d}."
    )


def _rows(table: pd.DataFrame) -> Iterable[Any]:
    """Rows with their columns as attributes."""
    return table.itertuples(index=False)


def _number(value: float | None) -> str:
    if value is None or pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def benchmarks_markdown(table: pd.DataFrame, machine: str, skipped: dict[str, str]) -> str:
    """The table for people, and what every side is."""
    rows = [
        [
            f"`{r.name}`", r.work, r.clock, _number(r.naive_per_s), f"{_number(r.ours_per_s)} {r.unit}",
            f"**{r.ratio:.1f}**", f"{r.wall_ratio:.1f}", "" if pd.isna(r.of_the_roof) else f"{r.of_the_roof:.0%}",
            r.agreement,
        ]
        for r in _rows(table)
    ]  # fmt: skip
    header = [
        "name",
        "work",
        "clock",
        "naive a second",
        "ours a second",
        "ratio",
        "wall ratio",
        "of the roof",
        "agreement",
    ]
    sides = [
        f"* `{r.name}`: {r.naive}; against {r.ours}{f' ({r.backend})' if r.backend else ''}." for r in _rows(table)
    ]
    left = [f"* `{name}` did not run: {reason}." for name, reason in skipped.items()]
    return "\n\n".join([machine, _markdown(header, rows), "\n".join(sides + left)])


def growth_markdown(summary: pd.DataFrame, machine: str) -> str:
    """The exponents for people."""
    rows = [
        [
            f"`{r.work}`", r.what, _number(r.n), _number(r.seconds), _number(r.memory_mib),
            _number(r.time_exponent), _number(r.memory_exponent), r.note,
        ]
        for r in _rows(summary)
    ]  # fmt: skip
    header = ["work", "what", "largest n", "seconds", "MiB", "time grows as n^", "memory as n^", "note"]
    return f"{machine}\n\n{_markdown(header, rows)}"


def write_section(path: Path, name: str, text: str) -> None:
    """Put a section between its marks; the rest of the page stays as it is."""
    begin, end = BEGIN.format(name), END.format(name)
    page = path.read_text(encoding="utf-8") if path.exists() else HEAD
    section = f"{begin}\n{text}\n{end}"
    if begin in page and end in page:
        page = page[: page.index(begin)] + section + page[page.index(end) + len(end) :]
    else:
        page = f"{page.rstrip()}\n\n{section}\n"
    write_text(path, page)


def _suffix(machine: Machine) -> str:
    """Of files and sections: what a GPU gives stands beside what the processor gives."""
    return "-gpu" if machine.gpu else ""


def _where(machine: Machine) -> str:
    return f" on {machine.gpu}" if machine.gpu else ""


def plot_ratios(table: pd.DataFrame, path: Path) -> None:
    """Ratios as bars."""
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
    """Time and memory over n, both axes logarithmic."""
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
    """benchmarks.csv, benchmarks.png and their section of benchmarks.md."""
    table, name = results_table(results, roofs), f"benchmarks{_suffix(machine)}"
    write_table(folder / f"{name}.csv", table)
    plot_ratios(table, folder / f"{name}.png")
    text = benchmarks_markdown(table, machine_lines(machine, roofs, size), skipped)
    section = f"## Ratios{_where(machine)}\n\n{text}\n\n![Ratios]({name}.png)"
    write_section(folder / "benchmarks.md", name, section)
    return table


def write_growth(
    folder: Path, points: pd.DataFrame, summary: pd.DataFrame, roofs: dict[str, float], machine: Machine, size: str
) -> None:
    """scaling.csv, scaling.png and their section of benchmarks.md."""
    name = f"scaling{_suffix(machine)}"
    write_table(folder / f"{name}.csv", points)
    plot_growth(points, folder / f"{name}.png")
    text = growth_markdown(summary, machine_lines(machine, roofs, size))
    section = f"## Growth{_where(machine)}\n\n{text}\n\n![Growth]({name}.png)"
    write_section(folder / "benchmarks.md", name, section)


def large_training_markdown(found: dict[str, Any], roofs: dict[str, float], machine: str) -> str:
    """A large training for people."""
    on_cpu = found["device"] == "cpu"
    roof = roofs[found["precision"] if on_cpu else f"{found['device']} {found['precision']}"] * 1e9
    rate = found["flops"] / found["epoch_cpu_seconds" if on_cpu else "epoch_seconds"] / roof
    rows = [
        ["paintings, 128 px", f"{found['rows']:,}"],
        ["parameters of the network", f"{found['parameters']:,}"],
        ["cache of pixels, mapped from the disk", f"{_number(found['cache_mib'])} MiB"],
        ["built once, in", f"{_number(found['build_seconds'])} s ({_number(found['build_cpu_seconds'])} core-seconds)"],
        ["an epoch", f"{_number(found['epoch_seconds'])} s ({_number(found['epoch_cpu_seconds'])} core-seconds)"],
        ["paintings a second", _number(found["rows"] / found["epoch_seconds"])],
        ["of the roof", f"{rate:.1%} ({found['backend']})"],
        ["peak private memory of the process", f"{_number(found['private_memory_mib'])} MiB"],
        ["of that, built up by the cache", f"{_number(found['build_memory_mib'])} MiB"],
        ["built up by the epoch", f"{_number(found['epoch_memory_mib'])} MiB"],
    ]
    told = (
        "The sample's paintings, stored at 128 px and repeated; every row is decoded and trained on, none is "
        "extrapolated. Pages of the mapped cache, which the kernel may drop at any time, are no private memory."
    )
    return f"{machine}\n\n{_markdown(['what', 'value'], rows)}\n\n{told}"


def write_large_training(
    folder: Path, found: dict[str, Any], roofs: dict[str, float], machine: Machine, size: str
) -> None:
    """large_training.csv and its section of benchmarks.md."""
    write_table(folder / f"large_training{_suffix(machine)}.csv", pd.DataFrame([found]))
    text = large_training_markdown(found, roofs, machine_lines(machine, roofs, size))
    section = f"## A large training{_where(machine)}\n\n{text}"
    write_section(folder / "benchmarks.md", f"training{_suffix(machine)}", section)
