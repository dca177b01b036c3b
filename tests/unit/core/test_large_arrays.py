"""A large array that is freed is no longer in memory, also after the setting that keeps freed memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
import psutil
from artextract.core.large_arrays import give_back
from artextract.core.runtime import keep_freed_memory

keep_freed_memory()
if sys.argv[1] == "give back":
    give_back()
first = np.ones(25_000_000)
behind = np.ones(1000)  # keeps the heap from shrinking
held = psutil.Process().memory_info().rss
del first
print((held - psutil.Process().memory_info().rss) // 1_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
@pytest.mark.parametrize(("setting", "returned"), [("keep", False), ("give back", True)])
def test_two_hundred_megabytes_are_returned_when_they_are_freed(setting: str, returned: bool):
    done = subprocess.run([sys.executable, "-c", PROGRAM, setting], capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 190) == returned
