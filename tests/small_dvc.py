"""A small checkout under DVC, its stages started by forks, and what can befall it.

DVC runs as it is; only the command of a stage is started by a fork in place of a shell, which takes milliseconds in
place of seconds.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests import forks
from tests.closure import ROOT
from tests.points import Points, arm
from tests.small_site import digests, params, without_code, write_museum, write_params, write_wikiart

RUN = ["prepare_artgan", "compute_class_weights", "fetch_nga"]


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


HOW: dict[str, Callable[[bytearray, random.Random], bytearray]] = {
    "flipped": _flip,
    "cut": lambda data, rng: data[: len(data) // 2],
    "emptied": lambda data, rng: bytearray(),
    "zeroed": lambda data, rng: bytearray(len(data)),
    "garbage": lambda data, rng: bytearray(rng.randbytes(len(data))),
    "removed": lambda data, rng: data,
}


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.is_file() and not path.is_symlink())


@dataclass
class Plan:
    """What will befall the next commands of DVC.

    Attributes:
        stage_at: The stage is killed at this of its points (0 = not).
        parent_at: DVC is killed at this point of the stage (0 = not).
        dvc_at: DVC is killed at this of its own points (0 = not).
        power: Together with ``stage_at``: what was not flushed is cut.
        bytes: No file of the stage can grow beyond this size (0 = any), as on a full disk.
    """

    stage_at: int = 0
    parent_at: int = 0
    dvc_at: int = 0
    power: bool = False
    bytes: int = 0


def _note_modules(place: Path | None) -> None:
    """Add to a file what this process has imported."""
    if place is not None:
        with place.open("a") as handle:
            handle.write(" ".join(sys.modules) + " ")


@contextlib.contextmanager
def _past_the_limit(log: Path) -> Iterator[Path]:
    """A pipe that another process copies into a file, since a limit on the size of files holds for the log too."""
    reader, writer = os.pipe()
    with log.open("ab") as handle, subprocess.Popen(["cat"], stdin=reader, stdout=handle, close_fds=True):
        os.close(reader)
        try:
            yield Path(f"/proc/self/fd/{writer}")
        finally:
            os.close(writer)


@dataclass
class Small:
    """A small checkout under DVC: ``site``, its ``cache`` of kept work, and a ``remote``."""

    folder: Path
    env: dict[str, str]
    rng: random.Random = field(default_factory=random.Random)
    steps: list[str] = field(default_factory=list)

    @property
    def site(self) -> Path:
        return self.folder / "site"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def copy(self, folder: Path) -> Small:
        """The same checkout in another place."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Small(folder, self.env)

    def lock(self) -> dict[str, Any]:
        """The outs of dvc.lock by stage."""
        stages = yaml.safe_load((self.site / "dvc.lock").read_text())["stages"]
        return {name: stage["outs"] for name, stage in stages.items()}

    def outs(self) -> dict[str, str]:
        """The bytes of all outs."""
        return digests(self.site, ("data", "metrics", "plots"))

    def start(self, *command: str, plan: Plan | None = None, tell: Path | None = None) -> int:
        """Start a command of DVC in a child; its process id."""
        return forks.start(partial(self._dvc, command, plan or Plan(), tell), self.site, self._named(), self.log)

    def _named(self) -> dict[str, str]:
        return self.env | {
            "ARTEXTRACT_CACHE": str(self.folder / "cache"),
            "DVC_SITE_CACHE_DIR": str(self.folder / "dvc-site"),
            "DVC_GLOBAL_CONFIG_DIR": str(self.folder / "dvc-config"),
            "DVC_SYSTEM_CONFIG_DIR": str(self.folder / "dvc-config"),
        }

    def dvc(self, *command: str, plan: Plan | None = None, tell: Path | None = None) -> int:
        """Run a command of DVC to its end; its exit status."""
        return forks.ended(self.start(*command, plan=plan, tell=tell))

    def forced(self) -> list[str]:
        """One time in two, the option that runs everything; otherwise what is stale."""
        return self.rng.choice([[], ["--force"]])

    def tell(self, more: object) -> None:
        """Note a detail of the step under way."""
        self.steps[-1] += f" ({more})"

    def damage(self, places: tuple[str, ...]) -> None:
        """Damage or remove a file in one of these places, if there is one; often without a change of its times."""
        files = [path for place in places for path in _files(self.folder / place) if path.suffix != ".lock"]
        if not files:
            return
        path, how = self.rng.choice(files), self.rng.choice([*HOW])
        keep = self.rng.random() < 0.5
        self.tell(f"{path.relative_to(self.folder)} {how}{', times kept' if keep else ''}")
        before = path.stat()
        path.chmod(before.st_mode | stat.S_IWUSR)
        if how == "removed":
            path.unlink()
            return
        path.write_bytes(HOW[how](bytearray(path.read_bytes()), self.rng))
        if keep:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        path.chmod(before.st_mode)

    def verify(self, *, repair: bool, tell: Path | None = None) -> int:
        """What `artextract verify [--repair]` does, in a child; its exit status."""

        def work() -> int:
            from artextract.runs.verify import Options, verify

            print(f"\n$ artextract verify{' --repair' if repair else ''}")
            done = verify(self.site, [self.site], Options(repair), lambda items, what: items)
            print(*done.findings, *done.notes, sep="\n")
            _note_modules(tell)
            return int(not done.is_whole)

        return forks.run(work, self.site, self._named(), self.log)

    def _dvc(self, command: tuple[str, ...], plan: Plan, tell: Path | None) -> int:
        import dvc.stage.run
        from dvc.cli import main

        print(f"\n$ dvc {' '.join(command)}  {plan}", flush=True)
        dvc.stage.run._run = partial(self._stage, plan, tell)
        if plan.dvc_at:
            arm(Points((str(self.site), str(self.folder / "remote")), plan.dvc_at, False, self.folder / "points"))
        status = main(list(command))
        _note_modules(tell)
        return status

    def _stage(self, plan: Plan, tell: Path | None, executable: str, cmd: str, **given: Any) -> None:
        """In place of the shell that DVC starts: the same command, environment and folder, in a fork."""
        from dvc.stage.exceptions import StageCmdFailedError

        name, *arguments = cmd.removeprefix("python -m ").split()
        dvc = os.getpid()

        def work() -> None:
            os.closerange(3, 512)
            if plan.bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (plan.bytes, resource.RLIM_INFINITY))
            if plan.stage_at or plan.parent_at:
                roots = (str(self.site), str(self.folder / "cache"))
                points = Points(roots, plan.stage_at or plan.parent_at, plan.power, self.folder / "points")
                points.victim = dvc if plan.parent_at else 0
                arm(points)
            try:
                forks.stage(name.removeprefix("stages."), *arguments)
            finally:
                _note_modules(tell)

        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        with _past_the_limit(self.log) as log:
            status = forks.run(work, Path(given["cwd"]), given["env"], log)
        signal.signal(signal.SIGINT, before)
        if status:
            raise StageCmdFailedError(cmd, status)


def make_template(folder: Path) -> Small:
    """A small checkout in which nothing has run, its outside data beside it; what runs need is imported."""
    write_wikiart(folder / "wikiart", 24)
    write_museum(folder / "museum", 20)
    env = {"ARTEXTRACT_WIKIART": str(folder / "wikiart"), "ARTEXTRACT_NGA": str(folder / "museum")}
    env |= {"ARTEXTRACT_THREADS": "1", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "DVC_NO_ANALYTICS": "1"}
    env |= {f"GIT_{who}_{what}": "t@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    small = Small(folder / "template", env)
    for part in ("site/.dvc", "site/data/sources", "site/metrics", "cache", "remote"):
        (small.folder / part).mkdir(parents=True)
    write_params(small.site, params())
    stages = {name: without_code(name) for name in RUN}
    (small.site / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    for name in ("data/sources/dvc.yaml", "data/.gitignore", ".dvc/config", ".dvc/.gitignore", ".gitignore"):
        shutil.copy2(ROOT / name, small.site / name)
    with (small.site / ".dvc/config").open("a") as config:
        config.write("    remote = store\n['remote \"store\"']\n    url = ../../remote\n")
    command = "git init -q && git add . && git commit -qm start"
    subprocess.run(command, shell=True, cwd=small.site, check=True, env=os.environ | env)
    warm = small.copy(folder / "warm")
    names = warm.folder / "modules"
    status = warm.dvc("repro", tell=names) or warm.dvc("push", tell=names) or warm.verify(repair=True, tell=names)
    assert status == 0, warm.log.read_text()[-4000:]
    forks.preload(names.read_text().split())
    shutil.rmtree(warm.folder)
    return small


@dataclass
class Fresh:
    """What a fresh run gives: the outs of dvc.lock, and the bytes of all files."""

    small: Small
    lock: dict[str, Any]
    files: dict[str, str]


def fresh_run(template: Small, folder: Path) -> Fresh:
    """Run the pipeline in a copy of the template, and push what it made."""
    small = template.copy(folder)
    for command in ("repro", "push"):
        assert small.dvc(command) == 0, small.log.read_text()[-4000:]
    return Fresh(small, small.lock(), small.outs())
