"""The mutants of all modules: which ones to try, what became of them, and what may survive."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.mutants.mutations import Module, Mutant
from tests.mutants.worker import ROOT
from tests.mutants.worker import verdicts as try_all

HERE = Path(__file__).resolve().parent
ALIVE = ("survived", "never run")


@dataclass(frozen=True)
class Verdict:
    """One mutant and what the tests said: killed, slow, survived, never run, or accepted (alive, but listed)."""

    mutant: Mutant
    says: str


def modules() -> dict[str, list[str]]:
    """Each module, relative to the repository, and its tests."""
    listed = yaml.safe_load((HERE / "modules.yaml").read_text(encoding="utf-8"))
    found = {}
    for name, more in listed.items():
        room, _, module = name.rpartition("/")
        own = f"tests/unit/{room}/test_{module}.py"
        tests = [own] * (ROOT / own).is_file() + [f"tests/unit/{test}.py" for test in more or []]
        found[f"src/artextract/{name}.py"] = tests
    return found


def accepted() -> dict[tuple[str, str, str], str]:
    """Mutants that may survive, by their key, and the reason."""
    listed = yaml.safe_load((HERE / "accepted.yaml").read_text(encoding="utf-8")) or {}
    return {
        (f"src/artextract/{name}.py", entry["was"], becomes): entry["reason"]
        for name, entries in listed.items()
        for entry in entries
        for becomes in ([entry["becomes"]] if isinstance(entry["becomes"], str) else entry["becomes"])
    }


def chosen(files: Sequence[str], most: int | None, seed: int, each: int | None = None) -> dict[str, list[int]]:
    """Numbers of the mutants to try by module: all, or a sample.

    Args:
        files: Modules.
        most: Size of the sample of all modules together.
        seed: Seed of the draw.
        each: Size of the sample of each module.
    """
    every = [(file, i) for file in files for i in _some(range(len(Module.read(ROOT, file))), each, seed)]
    if most is not None and most < len(every):
        every = random.Random(seed).sample(every, most)
    found: dict[str, list[int]] = {}
    for file, i in sorted(every):
        found.setdefault(file, []).append(i)
    return found


def _some(numbers: Sequence[int], most: int | None, seed: int) -> Sequence[int]:
    return numbers if most is None or most >= len(numbers) else random.Random(seed).sample(numbers, most)


def verdicts(numbers: dict[str, list[int]], until: float | None = None) -> Iterator[Verdict]:
    """Try mutants, module by module.

    Args:
        numbers: By module, those of ``chosen``.
        until: ``time.monotonic()`` at which to stop.
    """
    tests, allowed = modules(), accepted()
    for file, some in numbers.items():
        if until is not None and time.monotonic() > until:
            return
        module = Module.read(ROOT, file)
        mutants = (mutant for number in some if (mutant := module.mutant(number)) is not None)
        for mutant, says in try_all(file, tests[file], mutants):
            yield Verdict(mutant, "accepted" if says in ALIVE and mutant.key in allowed else says)
            if until is not None and time.monotonic() > until:
                return


def killed(found: Sequence[Verdict]) -> float:
    """Share of mutants that the tests notice, of those that are not accepted."""
    counts = Counter(v.says for v in found)
    noticed = counts["killed"] + counts["slow"]
    return noticed / max(1, noticed + counts["survived"] + counts["never run"])
