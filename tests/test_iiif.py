"""The whole stage against a real IIIF server that limits requests: kills do not change what comes out in the end."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import jpeg
from tests.iiif_server import IIIFServer, iiif_server, missing_programs
from tests.museum import table_text, view
from tests.museum_stage import COMMIT, MuseumCheckout, whole_museum

pytestmark = pytest.mark.long
IMAGES, KILLS, RATE = 300, 20, 4  # the getter asks for five in a second: some are refused


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
        tables = whole_museum(IMAGES, images)
        data = folder / "opendata" / COMMIT / "data"
        data.mkdir(parents=True)
        for name, rows in tables.items():
            (data / f"{name}.csv").write_text(table_text(name, rows))
        yield running


def test_twenty_kills_end_like_an_undisturbed_run_and_nothing_kept_is_asked_for_again(
    server: IIIFServer, tmp_path: Path
):
    killed, moments = MuseumCheckout(tmp_path / "killed", server.base), random.Random(2)
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

    undisturbed = MuseumCheckout(tmp_path / "undisturbed", server.base)
    undisturbed.run()
    assert killed.outs() == undisturbed.outs()
    before = len(server.asked()) + len(server.asked(429))
    undisturbed.run()
    assert len(server.asked()) + len(server.asked(429)) == before  # the second run asks for nothing
