"""Runs a stage: takes a lock, stops when DVC stops, fixes the number of threads, and turns user errors into words."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType

from artextract.core.declared import check_inputs, committed_outs_kept, settle_outs, sweep_outs
from artextract.core.errors import ArtExtractError
from artextract.core.parent import end_with_parent
from artextract.core.stage_lock import stage_lock
from artextract.core.terminal import guard_output
from artextract.core.words import in_words

INTERRUPTED = 130  # exit status of a command that Ctrl-C ended, as shells have it
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def threads() -> int:
    """Threads for numerical work: ``ARTEXTRACT_THREADS``, else 2.

    Fixed rather than taken from the machine, since the order of float additions, and so the last digits of a
    metric, depends on it.
    """
    value = os.environ.get("ARTEXTRACT_THREADS", "2")
    if not value.isdecimal() or int(value) < 1:
        raise ArtExtractError(
            f"ARTEXTRACT_THREADS is {value!r}", remedy="set it to a whole number of threads, 1 or more"
        )
    return int(value)


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for the next tensor instead of returning it to the kernel.

    Activations of a network are megabytes, each mapped and zeroed anew by default: without this, embedding with
    EfficientNet-Lite2 spends a third of its time in the kernel (28 against 47 images/s on two cores).
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
            mallopt(M_MMAP_MAX, 0)


def prepare_environment() -> None:
    """Set what libraries read once, at their import."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads())
    # A thread that waits for the other one sleeps after some microseconds, and does not spin for milliseconds: where
    # other programs compute too, the 174 works of the sample took t-SNE 40 s in place of 8. Results are the same.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it a GPU refuses to be deterministic
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def end_in_words() -> None:
    """Let Ctrl-C, and the SIGTERM that DVC sends, end this process with one line, whatever it is doing.

    Both raise ``KeyboardInterrupt``, so that half-written files are removed. Stages call this before their imports,
    which take seconds.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.excepthook = _excepthook


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Ctrl-C ends the parent too, and Linux then sends SIGTERM (core/parent.py): it must not cut the end short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    name = Path(sys.argv[0]).stem
    print(
        f"\n{name}: interrupted; finished work is kept: start the same command again, and it goes on from there",
        file=sys.stderr,
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)  # sys.exit would wait for threads, and they for the network


def run_stage(main: Callable[[], None], *, helps: bool = False) -> None:
    """Run a stage's ``main``; a user's problem becomes a message and exit status 2 instead of a traceback.

    A second run of the same stage in the same checkout is refused while the first one lives. Ctrl-C ends it with a
    message and exit status 130.

    Args:
        main: Does the work.
        helps: This process is one of several of one run, and another one writes: it leaves lock and outs to that one.
    """
    name = Path(sys.argv[0]).stem
    guard_output()
    end_in_words()
    end_with_parent()
    keep_freed_memory()
    try:
        prepare_environment()
        if helps:
            check_inputs(name)
            main()
            return
        with stage_lock(name), committed_outs_kept(name):
            sweep_outs(name)
            check_inputs(name)
            main()
            settle_outs(name)
    except Exception as error:
        told = in_words(error)  # a user's problem, the disk, permissions or memory
        if told is None:
            raise
        print(f"\n{name}: {told}", file=sys.stderr)
        sys.exit(2)
