"""The whole stage against a museum whose server misbehaves: what is wrong ends it in words, and nothing of it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import jpeg
from tests.fault_server import Answer, fault_server
from tests.museum import table_text, view
from tests.museum_stage import COMMIT, MuseumCheckout, whole_museum

pytestmark = pytest.mark.slow
WORKS = 52  # shares of fewer than fifty paintings are not looked at


def test_a_cut_table_and_a_damaged_image_are_mended_by_the_next_run(tmp_path: Path):
    views = [view(k, iiifurl=f"https://api.nga.gov/iiif/u{k}", width=90, height=60) for k in range(1, WORKS + 1)]
    texts = {name: table_text(name, rows).encode() for name, rows in whole_museum(WORKS, views).items()}
    with fault_server() as server:
        for name, text in texts.items():
            server.url(f"/opendata/{COMMIT}/data/{name}.csv", Answer(body=text, kind="text/csv"))
        for k in range(1, WORKS + 1):
            server.url(f"/iiif/u{k}/full/!90,90/0/default.jpg", Answer(body=jpeg(k, 90, 60)))
        half = b"".join(texts["objects_terms"].splitlines(keepends=True)[: 2 * WORKS + 30])
        terms = f"/opendata/{COMMIT}/data/objects_terms.csv"
        whole, server.answers[terms] = server.answers[terms], [Answer(body=half, kind="text/csv")]
        checkout = MuseumCheckout(tmp_path, server.base)
        assert "objects_terms.csv, at least 10% are expected: it is cut" in checkout.run(status=2)
        server.answers[terms] = whole
        checkout.run()
        first = checkout.outs()
        assert len(server.agents) == 1 and "(+http" in next(iter(server.agents))
        image = sorted((tmp_path / "cache/nga/images").glob("*.jpg"))[3]
        image.write_bytes(image.read_bytes()[:-40])
        server.log.clear()
        checkout.run()
        assert len(server.log) == 2 and "/robots.txt" in server.log  # the damaged one alone
        assert checkout.outs() == first
