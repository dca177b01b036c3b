"""Ends a stage when DVC, which started it, is gone: no orphan writes into a checkout.

Needs only the standard library, and is armed before anything else is imported. Linux sends a signal when the parent
dies. A thread looks for what that does not reach: a shell between DVC and the stage, and other systems.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.25  # seconds
STARTED_BY_DVC = "DVC_STAGE"  # in the environment of what DVC starts
GONE = -1  # in place of a process
GRACE = 3.0  # seconds in which an orphan may remove its half-written files
_started_by = os.getppid()
_armed = _dvc_has_ended = False
_forked_by_main_thread = True


def by_dvc() -> bool:
    """Whether DVC has started this process, as it does with stages."""
    return STARTED_BY_DVC in os.environ


def end_with_parent() -> None:
    """Let this process, and those that it forks, end with its parent; end at once where DVC is gone already."""
    global _started_by, _armed
    if _armed:
        return
    _armed, _started_by = True, os.getppid()
    _arm()
    dvc = _dvc() if by_dvc() else None
    if os.getppid() != _started_by or dvc == GONE:
        sys.stderr.write("this stage was started by a DVC that is gone: it ends before it reads or writes anything\n")
        sys.stderr.flush()
        os._exit(1)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_note_thread, after_in_child=_arm_child)
    _watch(dvc)


def end_with_this_process() -> None:
    """Let a program that this process starts end with it (Linux): ``preexec_fn`` of ``subprocess``."""
    _arm()


def is_orphan() -> bool:
    """True if the process that this one was started by is gone, or DVC above it."""
    return _dvc_has_ended or os.getppid() != _started_by


def _arm() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _note_thread() -> None:
    # Linux takes the thread that forks for the parent: a child of a thread that ends would end with it.
    global _forked_by_main_thread
    import threading

    _forked_by_main_thread = threading.current_thread() is threading.main_thread()


def _arm_child() -> None:
    if _forked_by_main_thread:
        _arm()


def _parent_of(pid: int) -> int:
    """The parent of a process; 0 where it is gone or cannot be seen."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as handle:
            return int(handle.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        pass
    if os.path.isdir("/proc/self"):
        return 0
    try:
        import psutil  # comes with DVC

        return psutil.Process(pid).ppid()
    except Exception:  # psutil's own errors, or there is no psutil
        return 0


def _ancestors() -> list[int]:
    found: list[int] = []
    pid = os.getppid()
    while pid > 0 and pid not in found:
        found.append(pid)
        pid = _parent_of(pid)
    return found


def checkout_root(folder: str | None = None) -> str | None:
    """The nearest folder, from the working directory upwards, that DVC keeps its own files in."""
    folder = os.getcwd() if folder is None else folder
    while not os.path.isdir(os.path.join(folder, ".dvc")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _lock_holders(root: str | None) -> set[int]:
    """Processes of DVC that hold files of this checkout, as DVC itself records them while a stage runs."""
    import json

    try:
        with open(os.path.join(root or "", ".dvc", "tmp", "rwlock"), encoding="utf-8") as handle:
            held = json.load(handle)
        writers = list(held.get("write", {}).values())
        readers = [info for infos in held.get("read", {}).values() for info in infos]
        return {int(info["pid"]) for info in writers + readers}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def living_lock_holders(root: str | os.PathLike[str]) -> set[int]:
    """Processes of DVC that run in a checkout now.

    Args:
        root: Root of the checkout.
    """
    return {pid for pid in _lock_holders(os.fspath(root)) if _is_alive(pid)}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        pass
    return True


def _dvc() -> int | None:
    """The process of DVC that started this stage; ``GONE``, or None where DVC has left no record.

    A DVC that was killed leaves its entries behind; a living one is among the ancestors.
    """
    holders = _lock_holders(checkout_root())
    unknown = GONE if holders else None
    return next((pid for pid in _ancestors() if pid in holders or _runs_dvc(pid)), unknown)


def _runs_dvc(pid: int) -> bool:
    """True if a process was started as ``dvc`` or ``python -m dvc``."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as handle:
            words = handle.read().split(b"\0")
    except OSError:
        return False
    return b"dvc" in words[1:3] or any(os.path.basename(word) == b"dvc" for word in words[:2])


def _watch(dvc: int | None) -> None:
    """Look every now and then whether the parents are still those of the start.

    Args:
        dvc: The process of DVC; a shell may be between it and the stage.
    """
    import threading

    threading.Thread(target=_look, args=(dvc,), name="parent", daemon=True).start()


def _look(dvc: int | None) -> None:
    import time

    global _dvc_has_ended
    absent = 0
    while not is_orphan():
        time.sleep(LOOK_EVERY)
        absent = absent + 1 if dvc is not None and dvc not in _ancestors() else 0
        _dvc_has_ended = absent == 2  # not on one look: a shell in between may be ending, too
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    _kill_children()
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_children() -> None:
    from contextlib import suppress

    with suppress(Exception):  # none to be seen: the end of this process is all that can be done
        import psutil

        for child in psutil.Process().children(recursive=True):
            child.kill()
