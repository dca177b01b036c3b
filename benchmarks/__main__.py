"""``python -m benchmarks [--quick] [NAME ...]``, or ``scaling``, ``encoders``, ``training`` in place of the names."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from artextract.core.errors import ArtExtractError
from artextract.core.runtime import keep_freed_memory, threads
from benchmarks.measure import SIZES, Benchmark, Result, Size, Skipped, measure

MODULES = ("embedding", "titles", "decoding", "classification", "siamese", "retrieval", "peers")
ROOT = Path(__file__).resolve().parent.parent
RESULTS, PARTIAL = ROOT / "docs" / "results", Path("benchmarks-results")


def all_benchmarks() -> dict[str, Benchmark]:
    """All benchmarks by name, in the order of the results table."""
    benchmarks = [benchmark for name in MODULES for benchmark in import_module(f"benchmarks.{name}").BENCHMARKS]
    return {benchmark.name: benchmark for benchmark in benchmarks}


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def _selected(names: list[str], known: list[str]) -> list[str]:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ArtExtractError(f"no such benchmark: {', '.join(unknown)}", remedy=f"choose from {', '.join(known)}")
    return names or known


def folder_of(given: argparse.Namespace, size: Size) -> Path:
    """Folder that results are written to: only a complete run at full size may replace the committed results."""
    if given.out is not None:
        return given.out
    whole = given.names in ([], ["scaling"], ["training"], ["encoders"], ["stages"]) and size.name == "full"
    whole = whole and given.rows is None and given.works is None
    return RESULTS if whole else PARTIAL


def run_benchmarks(names: list[str], size: Size, folder: Path) -> None:
    """Run the named benchmarks, or all of them, and write the table, the page and the plot."""
    from benchmarks import machine, report

    known = all_benchmarks()
    roofs = machine.roofs()
    results: list[Result] = []
    skipped: dict[str, str] = {}
    for name in _selected(names, list(known)):
        try:
            result = measure(known[name], size)
        except Skipped as reason:
            skipped[name] = str(reason)
            print(f"{name}: skipped, {reason}", flush=True)
            continue
        results.append(result)
        unit, (naive, ours) = result.benchmark.unit, result.rates()
        print(
            f"{name}: naive {naive:.4g}, ours {ours:.4g} {unit} per second ({result.pair.clock} time), ratio "
            f"{result.ratio:.2f} (wall {result.wall_ratio:.2f}); {result.agreement}",
            flush=True,
        )
    if results:
        report.write_benchmarks(folder, results, roofs, machine.describe(), size.name, skipped)
        print(folder / "benchmarks.md")


def run_scaling(names: list[str], size: Size, folder: Path) -> None:
    """Measure how cost grows with the number of works, and write the table, the page and the plot."""
    from benchmarks import machine, report, scaling

    counts = {name: scaling.counts_of(name, size.name) for name in _selected(names, list(scaling.WORKS))}
    roofs = machine.roofs()
    points = scaling.measure_growth(counts)
    report.write_growth(folder, points, scaling.summarise(points), roofs, machine.describe(), size.name)
    print(folder / "benchmarks.md")


def run_training(rows: int | None, size: Size, folder: Path) -> None:
    """Measure one training epoch over as many paintings as WikiArt has, and write its section of the page."""
    from benchmarks import large_training, machine, sections

    roofs = machine.roofs()
    rows = rows or large_training.ROWS[size.name]
    measured = large_training.in_a_process(rows)
    sections.write_large_training(folder, measured, roofs, machine.describe(), f"{rows:,} rows")
    print(folder / "benchmarks.md")


def run_encoders(names: list[str], size: Size, folder: Path) -> None:
    """Measure what image encoders cost, and write the table and its section of the page."""
    from benchmarks import encoders, machine, sections

    chosen = _selected(names, list(encoders.ENCODERS))
    roofs = machine.roofs()
    sections.write_encoders(folder, encoders.measure_encoders(chosen, size.name), roofs, machine.describe(), size.name)
    print(folder / "benchmarks.md")


def run_stages(names: list[str], counts: list[int] | None, size: Size, folder: Path) -> None:
    """Measure how the cost of whole stages grows with the number of works, and write table, section and plot."""
    import tempfile

    from benchmarks import machine, sections, whole_stages

    stages, counts = _selected(names, list(whole_stages.STAGES)), counts or whole_stages.COUNTS[size.name]
    roofs = machine.roofs()
    with tempfile.TemporaryDirectory(prefix="artextract-benchmarks-") as scratch:
        points = whole_stages.measure_stages(stages, counts, Path(scratch), partial(print, flush=True))
    sections.write_stages(folder, points, roofs, machine.describe(), size.name)
    print(folder / "benchmarks.md")


def main(arguments: list[str] | None = None) -> None:
    """Run the command with these arguments, by default those of the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="names of benchmarks (default: all that --list names), or `scaling` with names of its pieces of work "
        "(default: all), or `encoders` with names of encoders (default: all), or `stages` with names of "
        "stages (default: the two that compare works with each other), or `training`",
    )
    parser.add_argument(
        "--works",
        type=lambda text: [_positive(part) for part in text.split(",")],
        metavar="N,N",
        help="numbers of works for `stages` (default: 1,000 to 100,000)",
    )
    parser.add_argument("--rows", type=_positive, help="number of paintings for `training` (default: 81,446)")
    parser.add_argument("--quick", action="store_true", help="run at small sizes, for a first look")
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="folder for the results (default: docs/results for a complete run at full size, else benchmarks-results)",
    )
    parser.add_argument("--list", action="store_true", help="list the benchmarks and stop")
    given = parser.parse_args(arguments)
    size = SIZES["tiny" if given.tiny else "quick" if given.quick else "full"]
    folder = folder_of(given, size)
    # The project requires deterministic results, and cuBLAS gives them only with a workspace of fixed size.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        threads()
        keep_freed_memory()
        if given.list:
            for name, benchmark in all_benchmarks().items():
                print(f"{name}: {benchmark.work}")
        elif given.names[:1] == ["scaling"]:
            run_scaling(given.names[1:], size, folder)
        elif given.names[:1] == ["encoders"]:
            run_encoders(given.names[1:], size, folder)
        elif given.names[:1] == ["stages"]:
            run_stages(given.names[1:], given.works, size, folder)
        elif given.names == ["training"]:
            run_training(given.rows, size, folder)
        else:
            run_benchmarks(given.names, size, folder)
    except ArtExtractError as error:
        print(f"\nbenchmarks: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
