"""Ends a stage at every point at which it changes a file, and looks whether the next run makes good what was left.

A point is a moment before a file is opened for writing, written, flushed, renamed, removed, or before a folder is made
or removed, in the checkout or in the cache. At point n the process kills itself; of a write, half is done before. With
``power`` the machine loses its power as well: files whose bytes were not flushed to the disk are cut.

    python -m tests.crash_points compute_class_weights          # every point
    python -m tests.crash_points explorer --sample 20 --power odd
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from artextract.core.fingerprint import sha256_bytes
from artextract.core.kept import is_intact
from tests import forks
from tests.fault_server import Answer, FaultServer, fault_server
from tests.points import Points, arm
from tests.small_site import (
    CODE,
    STAGES,
    digests,
    outs_of,
    params,
    without_code,
    write_museum,
    write_params,
    write_wikiart,
)  # fmt: skip

COMMIT, WORKS_SERVED = "abcdef0", 12
ORDER = [
    "prepare_artgan", "compute_class_weights", "train_multitask", "evaluate_auc", "fetch_nga", "embed_images",
    "embed_titles", "train_siamese", "similarity_eval", "explorer",
]  # fmt: skip


@dataclass
class Trial:
    """A stage, the folders that it starts from, and what its undisturbed run gives.

    Attributes:
        stage: Its name.
        start: Folder with ``site`` and ``cache`` as they are before the run.
        env: Environment variables that name outside data.
        points: Lines of all points of the undisturbed run.
        outs: SHA-256 by file of the outs.
        names: All files of site and cache after it.
        server: The museum's server, where the stage fetches.
    """

    stage: str
    start: Path
    env: dict[str, str]
    points: list[str]
    outs: dict[str, str]
    names: set[str]
    server: FaultServer | None = None


def _copy(start: Path, target: Path) -> Path:
    shutil.copytree(start, target, symlinks=True)
    return target


def _run(stage: str, place: Path, env: dict[str, str], kill_at: int = 0, power: bool = False) -> tuple[int, list[str]]:
    """Remove the outs, as DVC does, and run the stage; its exit status and the lines of its points."""
    site, said = place / "site", place / "points"
    for out in outs_of(stage):
        shutil.rmtree(site / out, ignore_errors=True)
        (site / out).unlink(missing_ok=True)
    said.unlink(missing_ok=True)
    points = Points((str(site), str(place / "cache")), kill_at, power, said)

    def work() -> None:
        arm(points)
        forks.stage(stage)

    status = forks.run(work, site, env | {"ARTEXTRACT_CACHE": str(place / "cache")}, place / "log")
    return status, said.read_text().splitlines() if said.exists() else []


def _names(place: Path) -> set[str]:
    return {name for name in digests(place, ("site", "cache")) if not name.endswith(".lock")}


def undisturbed(stage: str, start: Path, env: dict[str, str], keep: Path) -> Trial:
    """Run a stage to its end, twice: once to import what it imports, once to count.

    Args:
        stage: Its name.
        start: Folder with ``site`` and ``cache``.
        env: Environment variables that name outside data.
        keep: New folder for site and cache as they are after the run.
    """
    warm = _copy(start, keep.with_name(f"{keep.name}-warm"))
    named = env | {"ARTEXTRACT_CACHE": str(warm / "cache")}
    _, modules = forks.modules_of(partial(forks.stage, stage), warm / "site", named, warm / "log")
    forks.preload(modules)
    shutil.rmtree(warm)
    place = _copy(start, keep)
    status, points = _run(stage, place, env)
    assert status == 0, (place / "log").read_text()[-4000:]
    return Trial(stage, start, env, points, digests(place / "site", outs_of(stage)), _names(place))


def problems_after(trial: Trial, kill_at: int, *, power: bool, twice: bool = False) -> list[str]:
    """What is wrong after a kill at a point and a run to the end; nothing is what it should be.

    Args:
        trial: The stage.
        kill_at: Number of the point.
        power: Cut what was not flushed.
        twice: The run after the kill is killed as well, at the same number.
    """
    with tempfile.TemporaryDirectory(dir=trial.start.parent) as folder:
        place = _copy(trial.start, Path(folder) / "trial")
        reached: list[str] = []
        for _ in range(1 + twice):
            status, reached = _run(trial.stage, place, trial.env, kill_at, power)
            if status != -signal.SIGKILL:  # threads take turns: a run may have a point more or less
                break
        where = reached[-1] if reached else "before the first point"
        again = _fetched(trial.server, place)
        status, _ = _run(trial.stage, place, trial.env)
        if status:
            return [f"{where}: the next run ended with {status}: {(place / 'log').read_text()[-1500:]}"]
        outs = digests(place / "site", outs_of(trial.stage))
        other = sorted(name for name in outs.keys() | trial.outs.keys() if outs.get(name) != trial.outs.get(name))
        left = sorted(_names(place) - trial.names)
        lost = sorted(trial.names - _names(place))
        found = (("other bytes", other), ("left over", left), ("not there", lost), ("fetched twice", again()))
        return [f"{where}: {what}: {', '.join(names[:4])}" for what, names in found if names]


def _fetched(server: FaultServer | None, place: Path) -> Callable[[], list[str]]:
    """What is fetched from now on although it is kept already, in the cache and with its seal."""
    if server is None:
        return list
    folder = place / "cache/nga"
    kept = {path.name for path in folder.rglob("*") if path.is_file() and is_intact(path)}
    server.log.clear()

    def again() -> list[str]:
        names = {
            path: {Path(path).name, f"{sha256_bytes((server.base + path).encode())[:32]}.jpg"} for path in server.log
        }
        return [path for path, of in names.items() if of & kept]

    return again


@contextmanager
def served(folder: Path) -> Iterator[FaultServer]:
    """A server of a museum's tables and images."""
    with fault_server() as server:
        write_museum(folder, works=WORKS_SERVED, iiif="https://museum.example/iiif")
        for path in folder.glob("*.csv"):
            server.url(f"/tables/{COMMIT}/data/{path.name}", Answer(body=path.read_bytes(), kind="text/csv"))
        for path in (folder / "images").glob("*.jpg"):
            place = f"/iiif/uuid-{path.stem}/full/!40,40/0/default.jpg"
            server.url(place, Answer(body=path.read_bytes()))
        yield server


@contextmanager
def pipeline(stages: Sequence[str], server: FaultServer | None = None) -> Iterator[Callable[[str], Trial]]:
    """A small site; the function runs the next stage on it and gives its trial. Stages go in the pipeline's order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        networks = _networks(folder / "networks") if set(stages) - set(ORDER[:5]) else None
        write_wikiart(folder / "wikiart", 48 if networks else 24)
        write_museum(folder / "museum", 40 if networks else 20)
        env = {"ARTEXTRACT_WIKIART": str(folder / "wikiart"), "ARTEXTRACT_NGA": str(folder / "museum")}
        env |= {"ARTEXTRACT_THREADS": "1", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
        start = folder / "start"
        for part in ("site/data/names", "cache"):
            (start / part).mkdir(parents=True)
        (start / "site/data/names/clusters.yaml").write_text("{}\n")
        values = params(networks)
        if server is not None:
            bases = {"tables_base": f"{server.base}/tables", "images_base": f"{server.base}/iiif"}
            values["nga"] |= bases | {"source": "opendata", "commit": COMMIT}
        write_params(start / "site", values)
        (start / "site/dvc.yaml").write_text(yaml.safe_dump({"stages": {name: without_code(name) for name in ORDER}}))
        for section in ("artgan", "nga"):
            log = start / "log"
            status = forks.run(
                partial(forks.stage, "source", section),
                start / "site",
                env | {"ARTEXTRACT_CACHE": str(start / "cache")},
                log,
            )
            assert status == 0, log.read_text()
        done = {"place": start}

        def following(stage: str) -> Trial:
            trial = undisturbed(stage, done["place"], env, folder / f"after-{stage}")
            trial.server = server
            done["place"] = folder / f"after-{stage}"
            return trial

        yield following


def _networks(folder: Path) -> Path:
    from artextract.encoders.torchvision_cure import import_torchvision
    from tests.tiny_models import tiny_sentence_transformer, tiny_timm

    import_torchvision()

    def write() -> None:
        tiny_timm(folder / "image")
        tiny_sentence_transformer(folder / "title")

    folder.mkdir()
    status = forks.run(write, folder, {}, folder.with_suffix(".log"))
    assert status == 0, folder.with_suffix(".log").read_text()
    return folder


def chosen(n: int, sample: int, seed: int) -> list[int]:
    """Numbers of points: all of n, or a sample of them with the last one."""
    if not sample or sample >= n:
        return list(range(1, n + 1))
    return sorted({n, *random.Random(seed).sample(range(1, n), sample - 1)})


def try_points(trial: Trial, sample: int, *, power: str, seed: int = 0) -> tuple[int, list[str]]:
    """Kill a stage at points; how many were tried, and the problems. ``power``: yes, no, or with odd numbers."""
    numbers = chosen(len(trial.points), sample, seed)
    cut = {"yes": set(numbers), "no": set(), "odd": {n for n in numbers if n % 2}}[power]
    found = [line for n in numbers for line in problems_after(trial, n, power=n in cut, twice=n % 3 == 0)]
    return len(numbers), [f"{trial.stage} {line}" for line in found]


def needed(stages: Sequence[str]) -> list[str]:
    """The stages and all that they read from, in the pipeline's order."""
    wanted, made = set(stages), {out: name for name in ORDER for out in outs_of(name)}
    for name in reversed(ORDER):
        if name in wanted:
            read = [dep for dep in STAGES[name]["deps"] if not dep.startswith(CODE)]
            wanted |= {stage for out, stage in made.items() for dep in read if within(dep, out) or within(out, dep)}
    return [name for name in ORDER if name in wanted]


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(f"{folder}/")


def main() -> None:
    """Try points of stages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="+", choices=ORDER, metavar="STAGE")
    parser.add_argument("--sample", type=int, default=0, help="so many points of each stage in place of all")
    parser.add_argument("--power", choices=["yes", "no", "odd"], default="no", help="what was not flushed is cut")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="only list the points")
    parser.add_argument("--served", action="store_true", help="fetch_nga fetches from a server on this machine")
    given = parser.parse_args()
    problems: list[str] = []
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(served(place)) if given.served else None
        following = stack.enter_context(pipeline(needed(given.stages), server))
        for name in needed(given.stages):
            trial, began = following(name), time.monotonic()
            if name not in given.stages:
                continue
            if given.list:
                print(*trial.points, sep="\n")
                continue
            tried, found = try_points(trial, given.sample, power=given.power, seed=given.seed)
            problems += found
            took = f"{time.monotonic() - began:.0f} s"
            print(f"{name}: {tried} of {len(trial.points)} points tried, {len(found)} problems, {took}", flush=True)
    print(*problems, sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
