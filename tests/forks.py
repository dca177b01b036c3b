"""Stages in forked children: what takes seconds to import is imported once, and a run starts in milliseconds."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from artextract.core import parent  # noqa: E402

parent._armed = True  # this process is no stage: it may outlive what started it

import stages  # noqa: E402, F401

SHARD = 6  # images in a shard, so that a small corpus fills several


def start(work: Callable[[], Any], folder: Path, env: Mapping[str, str], log: Path) -> int:
    """Run ``work`` in a child, in ``folder``, what it prints in ``log``; the child's process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(target, 1)
        os.dup2(target, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(env)
        os.chdir(folder)
        status = work() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def ended(child: int) -> int:
    """Wait for a child; its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(work: Callable[[], Any], folder: Path, env: Mapping[str, str], log: Path) -> int:
    """Run ``work`` in a child to its end; its exit status."""
    return ended(start(work, folder, env, log))


def stage(name: str, *arguments: str) -> None:
    """Run a stage in this process, as ``python -m stages.NAME`` would."""
    from artextract.core.runtime import run_stage
    from artextract.data.images import shard_writer
    from artextract.data.museum.download import museum_getter

    parent._armed = False  # as in a process that has just begun
    shard_writer.IMAGES_PER_SHARD = SHARD
    module = importlib.import_module(f"stages.{name}")
    if hasattr(module, "museum_getter"):  # nobody is disturbed on this machine

        def fast(params: Any) -> Any:
            getter = museum_getter(params)
            getter.per_second = 1000
            return getter

        module.museum_getter = fast  # type: ignore[attr-defined]
    sys.argv = [str(ROOT / "stages" / f"{name}.py"), *arguments]
    run_stage(module.main)


def preload(names: list[str]) -> None:
    """Import modules that an earlier child had imported; one that cannot be imported alone is left out."""
    if "torchvision" in names:
        from artextract.encoders.torchvision_cure import import_torchvision

        import_torchvision()
    for name in names:
        if name not in sys.modules and not name.startswith(("__", "tests.")):
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def modules_of(work: Callable[[], Any], folder: Path, env: Mapping[str, str], log: Path) -> tuple[int, list[str]]:
    """Run ``work`` in a child; its exit status, and the modules that it had imported by its end."""
    place = log.with_suffix(".modules")

    def told() -> Any:
        try:
            return work()
        finally:
            place.write_bytes(pickle.dumps(sorted(sys.modules)))

    status = run(told, folder, env, log)
    return status, pickle.loads(place.read_bytes()) if place.exists() else []
