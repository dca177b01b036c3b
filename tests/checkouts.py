"""A copy of this checkout, and the commands that a user types in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.closure import ROOT


class Checkout:
    """A copy of the committed project, and the commands that a user would type in it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.committed: dict[str, dict] = {}
        self.first_output = ""
        self.env = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ARTEXTRACT_CACHE": str(folder.parent / "cache"),
            "HF_HUB_OFFLINE": "1",
            **{f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def metrics(self) -> dict[str, dict]:
        return {p.stem: json.loads(p.read_text()) for p in sorted((self.folder / "metrics").glob("*.json"))}

    def stages_run(self, output: str) -> list[str]:
        """The stages of dvc.yaml that ran; those that look at outside data run every time and are left out."""
        names = [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]
        return [name for name in names if ":" not in name]


def copy_of_this_checkout(folder: Path) -> Checkout:
    """Copy the tracked files of this checkout, as they are now, and commit them in a new repository."""
    target = folder / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().rstrip("\0").split("\0"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    project = Checkout(target)
    project.run("git", "init", "-q", "-b", "main")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "start")
    return project
