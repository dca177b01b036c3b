"""Runs the tests of a module on its mutants.

The tests are collected once. Each mutant is tried in a forked copy of that process: there the module is changed, and
the tests that run the changed line follow each other until one fails.
"""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.forks import forked
from tests.mutants.mutations import Mutant
from tests.mutants.patch import patch

ROOT = Path(__file__).resolve().parent.parent.parent
OPTIONS = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "-W", "ignore"]
OPTIONS += ["-m", "not long and not real"]  # slow ones too: they come last, where no other test has noticed
SPARE = 10  # seconds of the processor that the tests may take on a mutant besides four times what they take without it
ASLEEP = 300.0  # seconds by the clock after which a mutant is given up, beside twenty times the time without it
LONGEST = 600.0  # seconds that the tests of one module may take on the code as it is
Verdicts = Iterator[tuple[Mutant, str]]


def verdicts(file: str, tests: Sequence[str], mutants: Iterable[Mutant]) -> Verdicts:
    """What the tests of a module say of its mutants: killed, survived, slow (which counts as killed) or never run.

    Args:
        file: The module, relative to the repository.
        tests: Paths of its tests.
        mutants: Those to try; they are made as they are needed.

    Raises:
        RuntimeError: The tests fail on the code as it is.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                _serve(file, tests, mutants, pipe)
        finally:
            os._exit(0)
    os.close(writing)
    done = False
    try:
        with os.fdopen(reading, "rb") as pipe:
            while not done:
                try:
                    found = pickle.load(pipe)
                except EOFError:
                    break
                if isinstance(found, str):
                    raise RuntimeError(f"{file}: {found}")
                done = found is None
                if found is not None:
                    yield found
    finally:
        if not done:
            os.kill(pid, 15)
        os.waitpid(pid, 0)
    if not done:
        raise RuntimeError(f"{file}: the process with its tests has ended")


def _serve(file: str, tests: Sequence[str], mutants: Iterable[Mutant], pipe: Any) -> None:
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    os.chdir(ROOT)
    plugin = _Loop(file, mutants, pipe)
    with tempfile.TemporaryDirectory(prefix="artextract-mutants-") as folder:
        pytest.main([*OPTIONS, f"--basetemp={folder}/t", *tests], plugins=[plugin])
    pickle.dump(plugin.end, pipe)


class _Loop:
    """Pytest plugin: collects as usual, and then runs the tests again and again."""

    def __init__(self, file: str, mutants: Iterable[Mutant], pipe: Any):
        self.file, self.mutants, self.pipe = str(ROOT / file), mutants, pipe
        self.name = file.removeprefix("src/").removesuffix(".py").replace("/", ".")
        self.end: str | None = "its tests cannot be collected"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings

        # The first example that fails is enough.
        settings.register_profile("mutants", settings.default, phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed or not session.items:
            return True
        module = importlib.import_module(self.name)
        items = {item.nodeid: item for item in session.items}
        state, found = forked(lambda: _baseline(session, self.file), LONGEST)
        if state != "ok" or found["failed"]:
            self.end = f"its tests fail on the code as it is ({state}): {found and found['failed']}"
            return True
        seconds, lines = found["seconds"], found["lines"]
        for mutant in self.mutants:
            tests = [test for test in seconds if any(mutant.line <= at <= mutant.last for at in lines[test])]
            if not mutant.inside:
                tests = list(seconds)  # it runs on import
            tests.sort(key=seconds.__getitem__)
            says = "never run"
            if tests:
                usual = sum(seconds[test] for test in tests)
                run = partial(self._try, session, module, mutant, [items[t] for t in tests], usual)
                state, survived = forked(run, 20 * usual + ASLEEP)
                says = {"died": "killed", "slow": "slow"}.get(state, "survived" if survived else "killed")
            pickle.dump((mutant, says), self.pipe)
            self.pipe.flush()
        self.end = None
        return True

    def _try(
        self, session: pytest.Session, module: Any, mutant: Mutant, items: list[pytest.Item], usual: float
    ) -> bool:
        """Whether all tests pass on a mutant; one that runs on for long is ended by the system, and so does not."""
        most = int(time.process_time() + 4 * usual) + SPARE
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        try:
            patch(module, mutant.source)
        except Exception:  # the module cannot be imported
            return False
        for item, after in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if session.testsfailed:
                return False
        return True


def _baseline(session: pytest.Session, file: str) -> dict[str, Any]:
    """Processor seconds of each test, and lines of the module that it runs.

    A fixture that several tests share is made by the first of them; the lines that it runs count for all of them.
    """
    from coverage import Coverage

    seconds: dict[str, float] = {}
    coverage = Coverage(data_file=None, include=[file], config_file=False)
    shared = _Shared(coverage)
    session.config.pluginmanager.register(shared)
    coverage.start()
    for item, after in zip(session.items, [*session.items[1:], None], strict=True):
        coverage.switch_context(item.nodeid)
        start = time.process_time()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        seconds[item.nodeid] = time.process_time() - start
    coverage.stop()
    lines: dict[str, set[int]] = {item.nodeid: set() for item in session.items}
    for line, contexts in coverage.get_data().contexts_by_lineno(file).items():
        for context in contexts:
            for test in shared.tests.get(context, [context]):
                lines.setdefault(test, set()).add(line)
    return {
        "failed": session.testsfailed,
        "seconds": seconds,
        "lines": {test: sorted(found) for test, found in lines.items()},
    }


class _Shared:
    """Pytest plugin: lines that run in wide fixtures count for all tests that use them."""

    def __init__(self, coverage: Any):
        self.coverage, self.tests = coverage, dict[str, list[str]]()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any):
        if fixturedef.scope == "function" or fixturedef.argname.startswith("tmp_"):
            return (yield)
        name = f"fixture {fixturedef.baseid} {fixturedef.argname}"
        known = {item.nodeid: item._fixtureinfo.name2fixturedefs for item in request.session.items}
        self.tests[name] = [test for test, made in known.items() if fixturedef in made.get(fixturedef.argname, ())]
        self.coverage.switch_context(name)
        try:
            return (yield)
        finally:
            self.coverage.switch_context(request._pyfuncitem.nodeid if hasattr(request, "_pyfuncitem") else "")
