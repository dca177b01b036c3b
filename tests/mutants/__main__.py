"""``python -m tests.mutants``: try mutants, and write a table."""

from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

from tests.mutants.run import ALIVE, Verdict, chosen, killed, modules, verdicts
from tests.mutants.worker import ROOT


def main() -> int:
    """Exit status 1 if fewer than 95% are killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "--only", default="", help="modules whose path contains one of these words, with commas between"
    )
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random from all chosen modules")
    parser.add_argument("--each", type=int, help="so many mutants of each chosen module, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="stop after so long; modules then follow each other at random")
    parser.add_argument("--out", type=Path, default=ROOT / "mutants", help="folder for the tables")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # a process that has started threads cannot be forked safely
    files = [file for file in modules() if any(word in file for word in args.only.split(","))]
    numbers, until = chosen(files, args.sample, args.seed, args.each), None
    if args.minutes is not None:
        until = time.monotonic() + 60 * args.minutes
        numbers = {file: numbers[file] for file in random.Random(args.seed).sample(sorted(numbers), len(numbers))}
    found: list[Verdict] = []
    for file in numbers:
        part: list[Verdict] = []
        for v in verdicts({file: numbers[file]}, until):
            part.append(v)
            if v.says in ALIVE:
                print(f"  {v.mutant.line} {v.says}: {v.mutant.was}\n     -> {v.mutant.becomes}", flush=True)
        if not part:
            break
        found += part
        print(f"{file}: {_counts(part)}", flush=True)
        _write(args.out, found)
    print(f"all: {_counts(found)}")
    return int(killed(found) < 0.95)


def _counts(found: list[Verdict]) -> str:
    counts = Counter(v.says for v in found)
    listed = ", ".join(f"{counts[name]} {name}" for name in ("killed", "slow", "survived", "never run", "accepted"))
    return f"{len(found)} mutants, {listed}: {killed(found):.1%}"


def _write(folder: Path, found: list[Verdict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "mutants.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["file", "line", "verdict", "was", "becomes"])
        writer.writerows([v.mutant.file, v.mutant.line, v.says, v.mutant.was, v.mutant.becomes] for v in found)


if __name__ == "__main__":
    sys.exit(main())
