"""How much memory this process may still take, and a refusal in words where work would not fit.

The kernel ends a process that takes more than there is, and says nothing: DVC reports "exited with -9".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from artextract.core.errors import ArtExtractError

GB = 1e9


def _fields(path: Path) -> dict[str, int]:
    """The numbers of a file whose lines are a name and a number; those of meminfo in kilobytes."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return {words[0].rstrip(":"): int(words[1]) for line in lines if len(words := line.split()) > 1}
    except (OSError, ValueError):
        return {}


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there, or "max"
        return None


def _left_in_groups(root: Path) -> Iterator[int]:
    """Bytes left under each memory limit of the control groups that this process is in, of both versions."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        mount, limit, used = (
            (root / "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            if kinds
            else (root / "sys/fs/cgroup", "memory.max", "memory.current")
        )
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):  # a limit of a group above counts too
            if not folder.is_relative_to(mount):
                break
            most, now = _number(folder / limit), _number(folder / used)
            if most is not None and now is not None:
                stat = _fields(folder / "memory.stat")  # pages of files that the kernel drops when it needs room
                yield most - now + stat.get("inactive_file", stat.get("total_inactive_file", 0))


def _left_of_limits() -> Iterator[int]:
    """Bytes left under the limits of a shell (``ulimit -v``)."""
    try:
        import resource

        import psutil  # comes with DVC

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            yield most - psutil.Process().memory_info().vms
    except (ImportError, AttributeError, OSError):
        return


def free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that this process may still take; None where the system does not say.

    Args:
        root: Root of the file system, for tests.
    """
    info = _fields(root / "proc/meminfo")
    if "MemAvailable" in info:
        left = [(info["MemAvailable"] + info.get("SwapFree", 0)) * 1024]
    else:
        try:
            import psutil

            left = [psutil.virtual_memory().available + psutil.swap_memory().free]
        except (ImportError, OSError):
            left = []
    left += [*_left_in_groups(root), *_left_of_limits()]
    return max(0, min(left)) if left else None


def require_memory(needed: float, what: str, remedy: str) -> None:
    """Stop before work that would not fit into memory.

    Args:
        needed: Bytes at the peak of the work.
        what: The work, for the message: "comparing 20,000 works with each other".
        remedy: What the user can do.

    Raises:
        ArtExtractError: It needs more than is free.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise ArtExtractError(
            f"{what} takes about {needed / GB:.1f} GB of memory, and {free / GB:.1f} GB are free", remedy=remedy
        )
