from __future__ import annotations

from pathlib import Path

import pytest

from artextract.core import memory
from artextract.core.errors import ArtExtractError

MB = 1 << 20


@pytest.fixture
def system(tmp_path: Path) -> Path:
    write(tmp_path, {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 4096 kB\nSwapFree: 1024 kB\n"})
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_free_memory_is_that_of_the_machine(system: Path) -> None:
    assert memory.free_memory(system) == 5 * MB


@pytest.mark.parametrize(
    "files",
    [
        {  # version 2: the limit of the group above, and pages that the kernel may drop
            "proc/self/cgroup": "0::/slice/job",
            "sys/fs/cgroup/slice/job/memory.max": "max",
            "sys/fs/cgroup/slice/job/memory.current": "1",
            "sys/fs/cgroup/slice/memory.max": str(5 * MB),
            "sys/fs/cgroup/slice/memory.current": str(4 * MB),
            "sys/fs/cgroup/slice/memory.stat": f"anon 1\ninactive_file {MB}\n",
        },
        {  # version 1, in a container that does not see its own path
            "proc/self/cgroup": "3:cpu:/x\n2:memory:/docker/abc",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(3 * MB),
            "sys/fs/cgroup/memory/memory.usage_in_bytes": str(MB),
        },
    ],
)
def test_the_limit_of_a_container_counts(system: Path, files: dict[str, str]) -> None:
    write(system, files)
    assert memory.free_memory(system) == 2 * MB


def test_work_that_does_not_fit_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 10**9)
    memory.require_memory(10**9, "work", "less")
    with pytest.raises(ArtExtractError, match=r"work takes about 26\.0 GB of memory, and 1\.0 GB are free\n.*: less"):
        memory.require_memory(26e9, "work", "less")
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    memory.require_memory(26e9, "work", "less")
