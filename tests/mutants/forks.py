"""A function in a process of its own, with a limit of time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any


def forked(run: Callable[[], Any], limit: float | None = None) -> tuple[str, Any]:
    """The result of a function in a copy of this process; what it prints is not shown.

    Args:
        run: Gives anything that JSON can hold.
        limit: Seconds.

    Returns:
        ``("ok", result)``, ``("died", None)`` without a result, or ``("slow", None)`` where it took too long.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        _run_and_exit(run, writing)
    os.close(writing)
    answer, ended = _answer(reading, limit)
    for end in (os.killpg, os.kill):  # what it has started as well
        with contextlib.suppress(ProcessLookupError):
            end(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if not ended:
        return "slow", None
    return ("ok", json.loads(answer)) if answer else ("died", None)


def _run_and_exit(run: Callable[[], Any], writing: int) -> None:
    try:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        answer = json.dumps(run()).encode()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer)
    finally:
        os._exit(0)


def _answer(reading: int, limit: float | None) -> tuple[bytes, bool]:
    """What was written, and whether the end was reached in time."""
    answer, end = b"", None if limit is None else time.monotonic() + limit
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], None if end is None else max(0.0, end - time.monotonic()))[0]:
            if not (part := pipe.read(1 << 16)):
                return answer, True
            answer += part
    return answer, False
