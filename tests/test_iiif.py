"""The whole stage against a real IIIF server that limits requests: kills do not change what comes out in the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from artextract.core.kept import is_intact
from tests.conftest import ROOT, jpeg
from tests.iiif_server import IIIFServer, iiif_server, missing_programs
from tests.museum import link, museum, painting, person, table_text, term, view

pytestmark = pytest.mark.long
IMAGES, KILLS, RATE = 300, 20, 4  # the getter asks for five in a second: some are refused
TYPES = ("Theme", "Style", "Keyword", "School", "Technique")
COMMIT = "0123abc"


def name_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """The server, with the museum's tables under /opendata."""
    if missing := missing_programs():
        pytest.skip(f"programs missing: {', '.join(missing)} (Debian: iipimage-server nginx-light libvips-tools)")
    folder, numbers = tmp_path_factory.mktemp("museum"), range(1, IMAGES + 1)
    with iiif_server(folder, {name_of(k): jpeg(k, 900, 700) for k in numbers}, rate=RATE) as running:
        size = {"width": 900, "height": 700}
        images = [view(k, uuid=name_of(k), iiifurl=f"https://api.nga.gov/iiif/{name_of(k)}", **size) for k in numbers]
        tables = museum(
            [painting(k) for k in numbers],
            images,
            links=[link(k, k % 10 + 1) for k in numbers],
            people=[person(k, f"Painter {k}, A.") for k in range(1, 11)],
            terms=[term(k, kind, "x") for kind in TYPES for k in numbers],
        )
        data = folder / "opendata" / COMMIT / "data"
        data.mkdir(parents=True)
        for name, rows in tables.items():
            (data / f"{name}.csv").write_text(table_text(name, rows))
        yield running


class Checkout:
    """A folder with the parameters of the server, and a cache of its own."""

    def __init__(self, folder: Path, server: IIIFServer):
        self.folder, self.server = folder, server
        (folder / "data/sources").mkdir(parents=True)
        (folder / "data/sources/nga.json").write_text('{"source": "opendata"}')
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        params["nga"] |= {
            "source": "opendata",
            "commit": COMMIT,
            "tables_base": f"{server.base}/opendata",
            "images_base": f"{server.base}/iiif",
        }
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        self.env = os.environ | {"PYTHONPATH": f"{ROOT}/src:{ROOT}", "ARTEXTRACT_CACHE": str(folder / "cache")}
        self.env |= {"NO_PROXY": "127.0.0.1"}

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "stages.fetch_nga"]
        return subprocess.Popen(command, cwd=self.folder, env=self.env, stderr=subprocess.PIPE, text=True)

    def run(self) -> None:
        process = self.start()
        _, said = process.communicate(timeout=600)
        assert process.returncode == 0, said

    def kept(self) -> int:
        return sum(map(is_intact, (self.folder / "cache/nga/images").glob("*.jpg")))

    def outs(self) -> dict[str, bytes]:
        files = [*(self.folder / "data").rglob("*"), self.folder / "metrics/fetch_nga.json"]
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files if file.is_file()}


def test_twenty_kills_end_like_an_undisturbed_run_and_nothing_kept_is_asked_for_again(
    server: IIIFServer, tmp_path: Path
):
    killed, moments = Checkout(tmp_path / "killed", server), random.Random(2)
    lost = 0
    for _ in range(KILLS):
        before, kept = len(server.asked()), killed.kept()
        process = killed.start()
        end = time.monotonic() + 60
        while len(server.asked()) == before and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        images = [path for path in server.asked()[before:] if path.startswith("/iiif/")]
        lost += len(images) - (killed.kept() - kept)  # answered, and killed before they were kept
    killed.run()
    asked = Counter(path for path in server.asked() if path.startswith("/iiif/"))
    assert len(asked) == IMAGES
    assert sum(asked.values()) == IMAGES + lost  # so nothing that was kept was asked for again
    assert lost <= 4 * KILLS  # no more than what was under way
    assert len([path for path in server.asked() if path.startswith("/opendata/")]) <= 5 + KILLS
    assert server.asked(429), "the server never refused: the test shows less than it should"
    assert not list((tmp_path / "killed/cache").rglob(".*.tmp"))

    undisturbed = Checkout(tmp_path / "undisturbed", server)
    undisturbed.run()
    assert killed.outs() == undisturbed.outs()
    before = len(server.asked()) + len(server.asked(429))
    undisturbed.run()
    assert len(server.asked()) + len(server.asked(429)) == before  # the second run asks for nothing
