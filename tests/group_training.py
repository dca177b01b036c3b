"""A toy training by several processes: ``python -m tests.group_training FOLDER CHANGES [KILL]``.

The process that leads writes FOLDER/result.pt. CHANGES are knobs as JSON. KILL, as RANK:EPOCH, ends that process by
SIGKILL in the middle of that epoch.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from artextract.classification.network.group import training_group
from artextract.classification.network.inputs import Inputs
from artextract.classification.network.trainer import Trainer
from artextract.classification.network.training_rows import Data
from artextract.core.compute import set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.parent import end_with_parent
from tests.toys import CLASSES, toy_data, toy_params

WEIGHTS = {task: torch.linspace(0.5, 2, k) for task, k in CLASSES.items()}


def main(folder: Path, changes: str, kill: str = "") -> None:
    end_with_parent()
    set_threads()
    params = toy_params(**({"epochs": 3, "lr": 0.01} | json.loads(changes)))
    train, select = toy_data(21, 0), toy_data(9, 1)  # the last batch of 8 has 5 rows, of 4 it has 1
    with training_group() as group:
        if kill:
            _kill_in_the_middle(kill, group.rank)
        trainer = Trainer(params, CLASSES, WEIGHTS, folder, group=group)
        trainer.fit(train, select)
    if group.leads:
        torch.save({"history": trainer.history, "state": trainer.shown.state_dict()}, folder / "result.pt")


def _kill_in_the_middle(kill: str, rank: int) -> None:
    victim, fatal = map(int, kill.split(":"))
    batch, train_epoch = Inputs.batch, Trainer._train_epoch
    now = -1

    def noted(self: Trainer, epoch: int, data: Data) -> dict[str, float]:
        nonlocal now
        now = epoch
        return train_epoch(self, epoch, data)

    def deadly(self: Inputs, *arguments: Any, **named: Any) -> Any:
        if now == fatal and rank == victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch(self, *arguments, **named)

    Trainer._train_epoch, Inputs.batch = noted, deadly


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), *sys.argv[2:])
    except ArtExtractError as error:
        print(f"in words: {error}", file=sys.stderr)
        sys.exit(2)
