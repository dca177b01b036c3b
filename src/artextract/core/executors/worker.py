"""A process that computes shards of a job: names from its input, or its part of a list where Slurm has started it.

``python -m artextract.core.executors.worker FOLDER`` reads names, and writes each when it is done.
``... FOLDER LIST TASKS`` computes every TASKS-th name of a file, from the ``SLURM_ARRAY_TASK_ID``-th on.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from artextract.core.parent import end_with_parent
from artextract.core.runtime import end_in_words, keep_freed_memory, prepare_environment


def main() -> None:
    """Compute what is asked for."""
    end_in_words()
    keep_freed_memory()
    prepare_environment()
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        _part(folder, Path(sys.argv[2]), int(sys.argv[3]))
        return
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the stage too, which ends this process
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin:
        _compute(folder, line.strip())
        print(line.strip(), file=answers, flush=True)


def _part(folder: Path, names: Path, tasks: int) -> None:
    os.environ.pop("ARTEXTRACT_EXECUTOR", None)
    os.environ["TQDM_DISABLE"] = "1"
    mine = int(os.environ["SLURM_ARRAY_TASK_ID"])
    for name in names.read_text(encoding="utf-8").split()[mine::tasks]:
        _compute(folder, name)


def _compute(folder: Path, name: str) -> None:
    from artextract.core.executors.job import compute  # numpy reads the number of threads at its import

    compute(folder, name)


if __name__ == "__main__":
    main()
