"""Runs the pipeline of a collection."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from artextract.core.errors import ArtExtractError


def reproduce(folder: Path) -> None:
    """``dvc repro`` in a collection's folder; its output goes to the terminal.

    Raises:
        ArtExtractError: A stage failed; it has said why.
    """
    environment = {**os.environ, "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
    done = subprocess.run([sys.executable, "-m", "dvc", "repro"], cwd=folder, env=environment)
    if done.returncode:
        raise ArtExtractError(
            "the pipeline of the collection stopped; the message is above",
            where=str(folder),
            remedy=f"mend what it says, then `cd {folder} && dvc repro`: finished stages are kept",
        )
