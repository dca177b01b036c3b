"""The tests of the modules that results come from notice when these modules are broken."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from tests.mutants.mutations import Module
from tests.mutants.patch import patch
from tests.mutants.run import ROOT, accepted, modules

MINUTES, EACH, LEAST = 8, 25, 100  # minutes at most, mutants of each module, mutants that a run must reach
TOY = '''"""A module."""
LIMIT = 3


def scaled(x: list[int], by: int = 2, *, sign: bool = False) -> list[int]:
    """Twice as many."""
    if not x:
        raise ValueError("nothing" + str(by))
    x = sorted(x, reverse=sign)
    return [value * by for value in x if value > LIMIT]
'''


def test_every_part_of_a_function_is_changed_but_its_words() -> None:
    module = Module("toy.py", TOY)
    found = [mutant for i in range(len(module)) if (mutant := module.mutant(i)) is not None]
    assert {(m.line, m.becomes, m.inside) for m in found} == {
        (2, "LIMIT = 4", False),
        (5, "def scaled(x: list[int], by: int = 3, *, sign: bool = False) -> list[int]:", False),
        (5, "def scaled(x: list[int], by: int = 2, *, sign: bool = True) -> list[int]:", False),
        (7, "if True:", True),
        (7, "if False:", True),
        (7, "if x:", True),
        (9, "pass", True),
        (9, "x = sorted(None, reverse=sign)", True),
        (9, "x = sorted(x, )", True),
        (10, "return [value / by for value in x if value > LIMIT]", True),
        (10, "return [value * by for value in x if value >= LIMIT]", True),
        (10, "return [value * by for value in x]", True),
    }
    assert all(m.source.splitlines()[m.line - 1].strip() == m.becomes for m in found)


def test_what_may_survive_is_in_the_code_and_has_a_reason() -> None:
    listed, text = accepted(), {}
    assert {file for file, _, _ in listed} <= set(modules())
    for file, was, becomes in listed:
        text.setdefault(file, [line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()])
        assert was in text[file] or was in " ".join(text[file]), f"{file} has no line {was}"
        assert was != becomes and len(listed[file, was, becomes].split()) > 2


def test_listed_modules_have_tests() -> None:
    for file, tests in modules().items():
        assert (ROOT / file).is_file(), file
        assert tests and all((ROOT / test).is_file() for test in tests), (file, tests)


def test_constants_of_any_type_and_functions_are_changed_where_they_were_imported() -> None:
    old = """
import re
from pathlib import Path
PATTERN, LIMIT, TABLE = re.compile("[ab]"), 3, {"a": 1}
def keep(text: str, most: int = 1) -> bool:
    return len(text) <= most and PATTERN.search(text) is None
"""
    module, other = types.ModuleType("toys.patched"), types.ModuleType("toys.other")
    module.__file__ = "patched.py"
    exec(old, module.__dict__)
    vars(other).update({name: vars(module)[name] for name in ("PATTERN", "LIMIT", "TABLE", "keep", "Path")})
    with pytest.MonkeyPatch.context() as context:
        for one in (module, other):
            context.setitem(sys.modules, one.__name__, one)
        patch(module, old.replace("[ab]", "[c]").replace("3", "4").replace("most: int = 1", "most: int = 2"))
        assert other.PATTERN.pattern == "[c]" and other.LIMIT == 4 and other.TABLE == {"a": 1} and other.Path is Path
        assert other.keep("ab") and not other.keep("c") and not other.keep("xyz")


@pytest.mark.long
def test_nineteen_of_twenty_mutants_are_noticed(tmp_path: Path) -> None:
    """A sample of every module, as many modules as fit into the time; the same ones at every run.

    In a process of its own: one that has started threads cannot be forked.
    """
    options = ["--each", str(EACH), "--minutes", str(MINUTES), "--out", str(tmp_path)]
    command = [sys.executable, "-m", "tests.mutants", *options]
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    with (tmp_path / "mutants.csv").open(newline="", encoding="utf-8") as handle:
        assert len(list(csv.DictReader(handle))) >= LEAST, done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
