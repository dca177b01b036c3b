"""Seconds of each stage in two checkouts, turn by turn: ``python -m benchmarks.pipeline BEFORE AFTER [STAGE ...]``.

Both checkouts have run `dvc repro` once. Every round forces each stage in BEFORE and then in AFTER
(`dvc repro -f -s`), each with an empty cache of its own for the round; `--imports` measures `import stages.STAGE` in a
fresh process instead. Wall and processor seconds are medians over the rounds; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

STAGES = (
    "prepare_artgan", "compute_class_weights", "train_multitask", "evaluate_auc", "fetch_nga", "embed_images",
    "embed_titles", "train_siamese", "similarity_eval", "explorer",
)  # fmt: skip
Seconds = tuple[float, float]  # wall, processor


def command_of(stage: str, imports: bool) -> list[str]:
    """The command that is measured, in the folder of a checkout."""
    if imports:
        return [sys.executable, "-c", f"import stages.{stage}"]
    return [sys.executable, "-m", "dvc", "repro", "-f", "-s", stage]


def seconds_of(command: Sequence[str], checkout: Path, cache: Path) -> Seconds:
    """Wall and processor seconds of a command and of everything that it starts.

    Raises:
        subprocess.CalledProcessError: It failed; its output is shown.
    """
    own = {"PYTHONPATH": str(checkout / "src"), "ARTEXTRACT_CACHE": str(cache)}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=checkout, env=os.environ | own, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(found: Mapping[str, Mapping[str, Sequence[Seconds]]]) -> str:
    """Rounds of each checkout by stage, as a table in Markdown with a line for their sum.

    Args:
        found: Stage to checkout (``before``, ``after``) to rounds.
    """
    lines = [
        "| stage | before: wall, processor | after: wall, processor | ratio: wall, processor |",
        "|---|---|---|---|",
    ]
    totals = {side: [0.0, 0.0] for side in ("before", "after")}
    for stage, sides in found.items():
        medians = {side: [median(one[k] for one in sides[side]) for k in (0, 1)] for side in totals}
        for side in totals:
            totals[side] = [total + own for total, own in zip(totals[side], medians[side], strict=True)]
        lines.append(_line(stage, medians))
    return "\n".join([*lines, _line("all", totals)])


def _line(name: str, seconds: Mapping[str, Sequence[float]]) -> str:
    before, after = seconds["before"], seconds["after"]
    ratios = ", ".join(f"{one / two:.2f}" for one, two in zip(before, after, strict=True))
    return f"| {name} | {before[0]:.2f}, {before[1]:.2f} | {after[0]:.2f}, {after[1]:.2f} | {ratios} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--imports", action="store_true")
    given = parser.parse_args(arguments)
    stages = given.stages or STAGES
    found: dict[str, dict[str, list[Seconds]]] = {stage: {"before": [], "after": []} for stage in stages}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as caches:
            for stage in stages:
                for side in ("before", "after"):
                    checkout = getattr(given, side).resolve()
                    seconds = seconds_of(command_of(stage, given.imports), checkout, Path(caches) / side)
                    found[stage][side].append(seconds)
                    print(f"{stage}, {side}: {seconds[0]:.2f} s, {seconds[1]:.2f} processor s", file=sys.stderr)
    print(table(found))


if __name__ == "__main__":
    main()
