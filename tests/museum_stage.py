"""The stage fetch_nga as a process of its own, in a checkout whose museum is a server on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from artextract.core.kept import is_intact
from tests.conftest import ROOT
from tests.museum import Row, link, museum, painting, person, term

COMMIT = "0123abc"
TYPES = ("Theme", "Style", "Keyword", "School", "Technique")


def whole_museum(n: int, images: Sequence[Row]) -> dict[str, Sequence[Row]]:
    """Tables of n paintings by ten painters, each with a term of every type."""
    return museum(
        [painting(k) for k in range(1, n + 1)],
        images,
        links=[link(k, k % 10 + 1) for k in range(1, n + 1)],
        people=[person(k, f"Painter {k}, A.") for k in range(1, 11)],
        terms=[term(k, kind, "x") for kind in TYPES for k in range(1, n + 1)],
    )


class MuseumCheckout:
    """A folder with the parameters of the server, and a cache of its own."""

    def __init__(self, folder: Path, base: str):
        self.folder = folder
        (folder / "data/sources").mkdir(parents=True)
        (folder / "data/sources/nga.json").write_text('{"source": "opendata"}')
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        params["nga"] |= {
            "source": "opendata",
            "commit": COMMIT,
            "tables_base": f"{base}/opendata",
            "images_base": f"{base}/iiif",
        }
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        self.env = os.environ | {"PYTHONPATH": f"{ROOT}/src:{ROOT}", "ARTEXTRACT_CACHE": str(folder / "cache")}
        self.env |= {"NO_PROXY": "127.0.0.1"}

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "stages.fetch_nga"]
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stderr=subprocess.PIPE, text=True)

    def run(self, status: int = 0) -> str:
        """What the stage says on stderr; it must end with this status."""
        process = self.start()
        _, said = process.communicate(timeout=600)
        assert process.returncode == status, said
        return said

    def kept(self) -> int:
        return sum(map(is_intact, (self.folder / "cache/nga/images").glob("*.jpg")))

    def outs(self) -> dict[str, bytes]:
        files = [*(self.folder / "data").rglob("*"), self.folder / "metrics/fetch_nga.json"]
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files if file.is_file()}
