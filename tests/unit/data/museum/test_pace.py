"""The pace of a server over several processes: kept at all times, whoever is killed."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.museum.pace import FORGOTTEN, FORM, LONGEST_PAUSE, Pace
from tests.unit.data.museum.conftest import Clock

SERVER = "https://m.example:443"
# Takes turns, and writes when each was granted by the very look at the clock that decided; now and then it asks for a
# pause. Lines of less than 4 KiB are appended whole.
ASKER = """
import os, random, sys, time
from pathlib import Path
from artextract.data.museum import pace
class Clock:
    monotonic, sleep = staticmethod(time.monotonic), staticmethod(time.sleep)
    def time(self):
        self.last = time.time()
        return self.last
clock = pace.time = Clock()
folder, log, interval, turns, seed = sys.argv[1:]
one, chance = pace.Pace("https://m.example:443", Path(folder)), random.Random(int(seed))
log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for turn in range(int(turns)):
    while wait := one.take(float(interval)):
        time.sleep(min(wait, 0.01))
    os.write(log, f"turn {clock.last!r} {interval} {seed}\\n".encode())
    if chance.random() < 0.05:
        one.pause(0.1)
        os.write(log, f"pause {clock.last!r} 0.1 {seed}\\n".encode())
"""


def start(folder: Path, log: Path, interval: float, turns: int, seed: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-c", ASKER, str(folder), str(log), str(interval), str(turns), str(seed)]
    return subprocess.Popen(words)


@pytest.mark.slow
def test_the_spacing_is_kept_by_several_processes_some_of_which_are_killed(tmp_path: Path):
    log, chance = tmp_path / "log", random.Random(0)
    intervals = [0.010, 0.015, 0.020, 0.010, 0.015, 0.020]
    askers = [start(tmp_path / "pace", log, interval, 40, seed) for seed, interval in enumerate(intervals)]
    while not log.exists() or log.read_text().count("turn") < 20:
        time.sleep(0.01)
    for asker in askers[:3]:
        time.sleep(chance.uniform(0.0, 0.1))
        asker.kill()
    assert [asker.wait(timeout=60) for asker in askers[3:]] == [0, 0, 0]
    lines = [line.split() for line in log.read_text().splitlines()]
    turns = sorted((float(at), float(interval)) for kind, at, interval, _ in lines if kind == "turn")
    for (before, _), (now, interval) in itertools.pairwise(turns):
        assert now - before >= interval - 1e-6  # a double has steps of 2e-7 s today
    done = [seed for kind, _, _, seed in lines if kind == "turn"]
    assert [done.count(str(seed)) for seed in (3, 4, 5)] == [40, 40, 40]
    pauses = [float(at) for kind, at, _, _ in lines if kind == "pause"]
    assert pauses and not [at for at, _ in turns for begin in pauses if begin < at < begin + 0.1 - 1e-6]
    for asker in askers[:3]:
        asker.wait()


HOLDER = """
import sys, time
from pathlib import Path
from artextract.data.museum.pace import Pace
with Pace("https://m.example:443", Path(sys.argv[1]))._held() as state:
    state.last = 7.0
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_holder_that_is_killed_does_not_block_the_others(tmp_path: Path):
    words = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        log = tmp_path / "log"
        waiting = start(tmp_path, log, 0.001, 1, 1)
        while not log.exists():  # it opens its log, and then wants its turn
            time.sleep(0.01)
        time.sleep(0.3)
        assert waiting.poll() is None and log.read_text() == ""
        holder.kill()
        assert waiting.wait(timeout=30) == 0 and log.read_text().startswith("turn ")


def test_another_process_learns_of_refusals_and_of_pauses(tmp_path: Path, clock: Clock):
    one, other = Pace(SERVER, tmp_path), Pace(SERVER, tmp_path)
    assert one.take(0.2) == 0
    assert other.take(0.2) == pytest.approx(0.2)
    one.slow_down(0.2, 2.0, most=30.0, once_in=1.0)
    other.slow_down(0.2, 2.0, most=30.0, once_in=1.0)  # of the same wave
    assert other.take(0.2) == pytest.approx(0.4) and other.slowed_to == pytest.approx(0.4)
    one.pause(3)
    other.pause(1)
    assert other.take(0.2) == pytest.approx(3)
    clock.now += 3
    assert other.take(0.2) == 0
    for _ in range(50):
        other.recover(0.9)
    assert one.take(0.2) == pytest.approx(0.2)


def test_the_slower_of_two_wishes_counts_for_whoever_has_it(tmp_path: Path, clock: Clock):
    one, other = Pace(SERVER, tmp_path), Pace(SERVER, tmp_path)
    one.take(0.2)
    clock.now += 1
    assert other.take(10) == pytest.approx(9)
    assert one.take(0.2) == 0


def test_another_server_has_a_pace_of_its_own(tmp_path: Path, clock: Clock):
    assert Pace(SERVER, tmp_path).take(5) == Pace("https://m.example:8443", tmp_path).take(5) == 0


def test_refusals_of_another_day_are_forgotten(tmp_path: Path, clock: Clock):
    one = Pace(SERVER, tmp_path)
    one.take(0.2)
    one.slow_down(0.2, 100.0, most=30.0, once_in=1.0)
    clock.now += 30
    assert one.take(0.2) == pytest.approx(0) and one.slowed_to == pytest.approx(20)
    clock.now += FORGOTTEN + 1
    assert one.take(0.2) == 0 and one.slowed_to == 0
    clock.now += 0.3
    assert one.take(0.2) == 0


def test_a_clock_that_is_wrong_makes_nobody_wait_for_it(tmp_path: Path, clock: Clock):
    one = Pace(SERVER, tmp_path)
    one.take(0.2)
    one.file.write_bytes(FORM.pack(clock.time() + 1e6, clock.time() + LONGEST_PAUSE + 5, 0.0, 0.0))
    assert one.take(0.2) == pytest.approx(0.2)
    clock.now += 0.21
    assert one.take(0.2) == 0


@pytest.mark.parametrize("content", [b"", b"\1", FORM.pack(float("nan"), 0, 0, 0), FORM.pack(-1, 0, 0, 0)])
def test_a_damaged_file_says_nothing(tmp_path: Path, clock: Clock, content: bytes):
    one = Pace(SERVER, tmp_path)
    one.file.write_bytes(content)
    assert one.take(0.2) == 0 and one.take(0.2) == pytest.approx(0.2)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtExtractError, match=r"file"):
        Pace(SERVER, tmp_path / "file").take(0.2)


def test_a_folder_without_locks_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import errno

    from artextract.data.museum import pace

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(pace.fcntl, "flock", refuse)
    with pytest.raises(ArtExtractError, match=r"(?s)cannot be locked: No locks.*ARTEXTRACT_PACE"):
        Pace(SERVER, tmp_path).take(0.2)
