"""Runs the tests of one module on its mutants, each in a forked process that has the large packages loaded already."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.mutations import Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
QUIET = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "--no-header", "-W", "ignore"]
UNIT = "not slow and not long and not real"
SPARE = 10.0  # seconds that a mutant may take besides four times the time of the tests


@dataclass
class Baseline:
    """What a run of the tests on the code as it is showed.

    Attributes:
        seconds: By test.
        lines: Lines of the module that each test ran; a line that is run on import is not among them.
        modules: Names of all modules that were loaded.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)

    def covering(self, line: int, last: int) -> list[str]:
        """Tests that run any of the lines from one to another, the quickest first."""
        found = [test for test, lines in self.lines.items() if any(line <= at <= last for at in lines)]
        return sorted(found, key=self.seconds.__getitem__)


class _Watch:
    """Pytest plugin: which test runs which line of a file, and for how long.

    A fixture that several tests share is made by the first of them; the lines that it ran count for all of them.
    """

    def __init__(self, file: Path):
        self.file, self.found = str(file), Baseline()
        self.now: set[int] = set()
        self.shared: dict[str, set[int]] = {}

    def trace(self, frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != self.file or frame.f_code.co_name == "<module>":
            return None
        if event == "line":
            self.now.add(frame.f_lineno)
        return self.trace

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item):
        self.now, start = set(), time.perf_counter()
        sys.settrace(self.trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.found.seconds[item.nodeid] = time.perf_counter() - start
            lines = self.now.union(*(self.shared.get(name, set()) for name in self._wide(item)))
            self.found.lines[item.nodeid] = sorted(lines)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item):
        result = yield
        for name in self._wide(item):
            self.shared.setdefault(name, set()).update(self.now)
        return result

    def _wide(self, item: Any) -> list[str]:
        known = item._fixtureinfo.name2fixturedefs
        return [name for name, made in known.items() if made[-1].scope != "function" and not name.startswith("tmp_")]


class _Chosen:
    """Pytest plugin: some tests, in a given order, and hypothesis without the search for a smaller example."""

    def __init__(self, tests: Sequence[str]):
        self.rank = {test: i for i, test in enumerate(tests)}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile("mutants", settings.default, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.rank), key=lambda item: self.rank[item.nodeid])


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutated source for one module."""

    def __init__(self, name: str, file: Path, source: str):
        self.name, self.file, self.source = name, file, source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name == self.name:
            return importlib.util.spec_from_file_location(name, self.file, loader=self)  # type: ignore[arg-type]
        return None

    def exec_module(self, module: Any) -> None:
        exec(compile(self.source, str(self.file), "exec"), module.__dict__)


def forked(run: Callable[[], Any], limit: float | None = None) -> tuple[str, Any]:
    """The result of a function in a process of its own.

    Returns:
        ``("ok", result)``, ``("died", status)`` or ``("slow", None)`` where it took longer than ``limit`` seconds.
    """
    reading, writing = os.pipe()
    gc.freeze()
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        os.close(reading)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        try:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(json.dumps(run()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    answer, end = b"", None if limit is None else time.monotonic() + limit
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            if not select.select([pipe], [], [], left)[0]:
                break
            if not (part := pipe.read(1 << 16)):
                end = None
                break
            answer += part
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if end is not None:
        return "slow", None
    return ("ok", json.loads(answer)) if answer else ("died", status)


class Worker:
    """The tests of one module."""

    def __init__(self, file: str, tests: Sequence[str]):
        """Run the tests on the code as it is, and load what they load.

        Args:
            file: The module, relative to the repository.
            tests: Paths of its tests.

        Raises:
            RuntimeError: The tests fail on the code as it is.
        """
        self.file, self.tests = ROOT / file, [str(ROOT / test) for test in tests]
        self.name = file.removeprefix("src/").removesuffix(".py").replace("/", ".")
        state, found = forked(self._baseline)
        if state != "ok" or found["code"]:
            raise RuntimeError(f"{file}: its tests fail on the code as it is: {state} {found}")
        self.baseline = Baseline(found["seconds"], found["lines"], found["modules"])
        for module in self.baseline.modules:
            if module.split(".")[0] not in ("artextract", "tests", "conftest", "stages") and module not in sys.modules:
                with contextlib.suppress(Exception):
                    importlib.import_module(module)

    def _baseline(self) -> dict[str, Any]:
        watch = _Watch(self.file)
        code = self._pytest([watch], self.tests)
        return {
            "code": int(code),
            "seconds": watch.found.seconds,
            "lines": watch.found.lines,
            "modules": list(sys.modules),
        }

    def _pytest(self, plugins: list[Any], what: Sequence[str]) -> int:
        os.chdir(ROOT)
        with tempfile.TemporaryDirectory(prefix="artextract-mutants-") as folder:
            return int(pytest.main([*QUIET, f"--basetemp={folder}/t", "-m", UNIT, *what], plugins=plugins))

    def says(self, mutant: Mutant) -> str:
        """What the tests say of a mutant: killed, survived, slow (which counts as killed), or never run.

        Only tests that run a changed line are tried, the quickest first. A line outside functions runs when the module
        is imported, so all tests are tried on it.
        """
        tests = self.baseline.covering(mutant.line, mutant.last)
        if not tests and mutant.inside:
            return "never run"
        return self._try(mutant.source, tests or sorted(self.baseline.seconds, key=self.baseline.seconds.__getitem__))

    def _try(self, source: str, tests: Collection[str]) -> str:
        limit = 4 * sum(self.baseline.seconds[test] for test in tests) + SPARE
        files = sorted({str(ROOT / test.partition("::")[0]) for test in tests})

        def run() -> int:
            sys.meta_path.insert(0, _Mutated(self.name, self.file, source))
            return self._pytest([_Chosen(list(tests))], files)

        state, code = forked(run, limit)
        survived = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        return {"ok": "survived" if survived else "killed", "died": "killed", "slow": "slow"}[state]
