"""What happens to a checkout in months, in seconds and in any order: runs, kills, damage, edits, a full disk, and more.

A schedule is a random list of such steps on a small checkout with DVC, drawn from a seed. Whatever they were, at the
end `artextract verify --repair` and `dvc repro` must give the bytes of a fresh run.

    python -m tests.schedules 200 --first 1000      # seeds 1000 to 1199
    python -m tests.schedules 1 --first 1017 --tell # one of them again, with its steps
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests import forks
from tests.small_dvc import Fresh, Plan, Small, fresh_run, make_template
from tests.small_site import params, write_params

EDITS = [
    ("class_weights", "scheme", "sqrt_inverse"), ("artgan", "select_fraction", 0.4), ("nga", "near_duplicate_bits", 4),
    ("nga", "max_objects", 30), ("artgan", "guard", False),
]  # fmt: skip
STAGE_POINTS, DVC_POINTS = 250, 160  # about as many as there are


Step = Callable[[Small], object]


def repro(small: Small) -> None:
    """Run what is stale."""
    small.dvc("repro")


def killed_stage(small: Small) -> None:
    """The stage is killed, or the machine loses its power."""
    plan = Plan(stage_at=small.rng.randint(1, STAGE_POINTS), power=small.rng.random() < 0.5)
    small.tell(plan)
    small.dvc("repro", *small.forced(), plan=plan)


def killed_dvc(small: Small) -> None:
    """DVC is killed while a stage works."""
    plan = Plan(parent_at=small.rng.randint(1, STAGE_POINTS))
    small.tell(plan)
    small.dvc("repro", *small.forced(), plan=plan)
    time.sleep(0.3)  # the stage has to end as well: nothing waits for it here


def killed_in_dvc(small: Small) -> None:
    """DVC is killed while it moves results into its cache."""
    plan = Plan(dvc_at=small.rng.randint(1, DVC_POINTS))
    small.tell(plan)
    small.dvc("repro", *small.forced(), plan=plan)


def ended_by_signal(small: Small) -> None:
    """Somebody presses Ctrl-C, or the machine is shut down."""
    child = small.start("repro", *small.forced())
    time.sleep(small.rng.uniform(0.1, 1.5))
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, small.rng.choice([signal.SIGINT, signal.SIGTERM]))
    forks.ended(child)


def full_disk(small: Small) -> None:
    """No file can grow beyond some size."""
    plan = Plan(bytes=small.rng.choice([1, 512, 3000, 20_000, 60_000]))
    small.tell(plan)
    small.dvc("repro", *small.forced(), plan=plan)


def two_at_once(small: Small) -> None:
    """Two runs are started in one checkout."""
    both = [small.start("repro", *small.forced()) for _ in range(2)]
    for child in both:
        forks.ended(child)


def edit(small: Small) -> None:
    """A parameter gets another value, and the pipeline runs."""
    section, key, value = small.rng.choice(EDITS)
    small.tell(key)
    write_params(small.site, params() | {section: params()[section] | {key: value}})
    if small.rng.random() < 0.7:
        repro(small)


def edit_back(small: Small) -> None:
    """All parameters get their first values."""
    write_params(small.site, params())
    if small.rng.random() < 0.5:
        repro(small)


def damage_outs(small: Small) -> None:
    """A file that a stage has written is damaged or lost."""
    small.damage(("site/data/artgan", "site/data/nga", "site/metrics", "site/data/class_weights.json", "site/plots"))
    if small.rng.random() < 0.5:
        repro(small)


def damage_cache(small: Small) -> None:
    """An object in DVC's cache is damaged or lost; its times and its mode stay."""
    small.damage(("site/.dvc/cache/files",))
    if small.rng.random() < 0.5:
        small.dvc("checkout", "--force")


def damage_kept(small: Small) -> None:
    """Kept work is damaged or lost."""
    small.damage(("cache",))


def lose(small: Small) -> None:
    """A whole folder is lost."""
    name = small.rng.choice(
        ["cache", "site/.dvc/cache", "site/.dvc/tmp", "site/data/artgan", "dvc-site", "site/metrics"]
    )
    small.tell(name)
    shutil.rmtree(small.folder / name, ignore_errors=True)


def pull(small: Small) -> None:
    """Results come from the remote."""
    small.dvc("pull", *small.rng.choice([[], ["--force"]]))


def push(small: Small) -> None:
    """Results go to the remote."""
    small.dvc("push")


def collect_garbage(small: Small) -> None:
    """Objects that dvc.lock does not name are removed from the cache."""
    small.dvc("gc", "--workspace", "--force")


def checkout(small: Small) -> None:
    """Outs come from the cache."""
    small.dvc("checkout", "--force")


STEPS: dict[Step, int] = {
    repro: 2, killed_stage: 4, killed_dvc: 2, killed_in_dvc: 2, ended_by_signal: 1, full_disk: 2, two_at_once: 2,
    edit: 3, edit_back: 2, damage_outs: 3, damage_cache: 3, damage_kept: 3, lose: 2, pull: 1, push: 1,
    collect_garbage: 1, checkout: 1,
}  # fmt: skip


def play(fresh: Fresh, template: Small, seed: int, folder: Path) -> list[str]:
    """One schedule; what is wrong at its end.

    Args:
        fresh: What it must end like.
        template: A checkout in which nothing has run.
        seed: Decides everything.
        folder: New folder to work in.
    """
    rng = random.Random(seed)
    small = (fresh.small if rng.random() < 0.7 else template).copy(folder)
    small.rng = rng
    for step in rng.choices([*STEPS], [*STEPS.values()], k=rng.randint(3, 8)):
        small.steps.append(step.__name__)
        step(small)
    problems = finish(small, fresh)
    log = small.log.read_text(errors="replace")
    if "Traceback" in log:
        at = log.index("Traceback")
        problems.append(f"a traceback: {log[max(0, at - 300) : at + 1500]}")
    if problems:
        problems = [f"seed {seed}: {', '.join(small.steps)}", *problems]
    return problems


def finish(small: Small, fresh: Fresh) -> list[str]:
    """Repair, run to the end, and compare with the fresh run."""
    write_params(small.site, params())
    small.verify(repair=True)
    if status := small.dvc("repro") or small.verify(repair=False):
        return [f"the last run ended with {status}: {small.log.read_text(errors='replace')[-2500:]}"]
    found, lock = small.outs(), small.lock()
    names = found.keys() | fresh.files.keys()
    problems = [f"other bytes: {name}" for name in sorted(names) if found.get(name) != fresh.files.get(name)]
    problems += [f"other in dvc.lock: {name}" for name in fresh.lock if lock.get(name) != fresh.lock[name]]
    left = [path for part in ("site", "cache") for path in (small.folder / part).rglob(".*.tmp")]
    return problems + [f"left over: {path.relative_to(small.folder)}" for path in left if ".dvc" not in path.parts]


def main() -> None:
    """Play schedules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--first", type=int, default=0, help="seed of the first one")
    parser.add_argument("--tell", action="store_true", help="print the steps, and what the commands print")
    given = parser.parse_args()
    wrong, began = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        template = make_template(Path(name))
        fresh = fresh_run(template, Path(name) / "fresh")
        for seed in range(given.first, given.first + given.count):
            folder = Path(name) / str(seed)
            found = play(fresh, template, seed, folder)
            wrong += bool(found)
            if found:
                print(*found, sep="\n  ", flush=True)
            if given.tell:
                print((folder / "log").read_text(errors="replace"))
            shutil.rmtree(folder)
    print(f"{given.count} schedules, {wrong} with problems, {time.monotonic() - began:.0f} s")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
