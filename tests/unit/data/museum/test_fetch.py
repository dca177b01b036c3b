"""Many addresses into files of the cache: once each, whole, and gone on with after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import decode
from artextract.data.museum import servers
from artextract.data.museum.fetch import fetch_all
from tests.conftest import ROOT, jpeg
from tests.fault_server import PICTURE, Answer, FaultServer
from tests.unit.data.museum.conftest import Clock, getter


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jpg")}


def test_second_run_makes_no_request(faulty: FaultServer, tmp_path: Path):
    urls = {f"{k}.jpg": faulty.url(f"/{k}.jpg", Answer(body=jpeg(k))) for k in range(6)}
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert kept(tmp_path) == {f"{k}.jpg": jpeg(k) for k in range(6)}
    before = len(faulty.log)
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert len(faulty.log) == before


def test_damaged_files_are_fetched_anew_and_they_alone(
    faulty: FaultServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    urls = {f"{k}.jpg": faulty.url(f"/{k}.jpg", Answer(body=jpeg(k))) for k in range(7)}
    fetch_all(urls, tmp_path, getter(), check=decode)
    paths = [tmp_path / f"{k}.jpg" for k in range(7)]
    paths[0].write_bytes(b"")
    paths[1].write_bytes(jpeg(1)[:300])
    paths[2].write_bytes(jpeg(2)[:-3] + b"?" + jpeg(2)[-2:])  # decodes
    paths[3].unlink()
    paths[3].mkdir()
    paths[4].unlink()
    (tmp_path / "5.jpg.seal").unlink()
    faulty.log.clear()
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert kept(tmp_path) == {f"{k}.jpg": jpeg(k) for k in range(7)}
    assert sorted(set(faulty.log) - {"/robots.txt"}) == [f"/{k}.jpg" for k in range(6)]
    said = capsys.readouterr().err
    assert said.count("was damaged; it is made anew") == 4 and said.count("has no seal") == 1


def test_failures_are_named_and_the_others_kept(faulty: FaultServer, tmp_path: Path):
    half = PICTURE[: len(PICTURE) // 2]  # complete by its length, and yet half a picture
    urls = {
        "good.jpg": faulty.url("/good"),
        "half.jpg": faulty.url("/half", Answer(body=half)),
        "b.jpg": faulty.url("/b", Answer(404, b"no")),
        "c.jpg": faulty.url("/c", Answer(410, b"no")),
        "d.jpg": faulty.url("/d", Answer(403, b"no")),
    }
    failed = fetch_all(urls, tmp_path, getter(), check=decode)
    assert failed.pop("half.jpg").startswith("unreadable: ")
    assert failed == {"b.jpg": "missing", "c.jpg": "missing", "d.jpg": "unreadable: not_fetched: HTTP 403"}
    assert list(kept(tmp_path)) == ["good.jpg"]


def test_a_server_that_goes_down_ends_it_in_words_and_the_next_run_goes_on(
    faulty: FaultServer, tmp_path: Path, clock: Clock
):
    urls = {f"{k}.jpg": faulty.url(f"/{k}.jpg", Answer(body=jpeg(k))) for k in range(40)}
    up = dict(list(urls.items())[:10])
    fetch_all(up, tmp_path, getter(), check=decode)
    good, faulty.answers = faulty.answers, {"/robots.txt": [Answer(404, b"no")]}
    faulty.otherwise = Answer(502, b"down")
    faulty.log.clear()
    began = clock.now
    with pytest.raises(ArtExtractError, match=r"10 of 40 files are fetched and kept\. http.*HTTP 502") as caught:
        fetch_all(urls, tmp_path, getter(), check=decode)
    assert caught.value.remedy and "goes on from there" in caught.value.remedy
    assert servers.PATIENCE <= clock.now - began < 2 * servers.PATIENCE and len(faulty.log) < 100
    faulty.answers = good
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert len(kept(tmp_path)) == 40


def test_nothing_that_listens_is_told_soon(tmp_path: Path, clock: Clock):
    began = clock.now
    with pytest.raises(ArtExtractError, match=r"0 of 9 files .*robots\.txt cannot be read.*the connection was refused"):
        fetch_all({f"{k}.jpg": f"http://127.0.0.1:9/{k}" for k in range(9)}, tmp_path, getter(), check=decode)
    assert clock.now - began < servers.PATIENCE


def test_a_few_bad_images_do_not_end_it(faulty: FaultServer, tmp_path: Path, clock: Clock):
    urls = {f"{k}.jpg": faulty.url(f"/{k}.jpg", Answer(500 if k % 4 == 0 else 200)) for k in range(24)}
    failed = fetch_all(urls, tmp_path, getter(), check=decode)
    assert failed == {f"{k}.jpg": "unreadable: not_fetched: HTTP 500 (5 attempts)" for k in range(0, 24, 4)}


def test_full_disk_stops_with_a_remedy_and_leaves_nothing_half_written(
    faulty: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("artextract.core.atomic.os.fsync", full)
    urls = {f"{k}.jpg": faulty.url(f"/{k}.jpg") for k in range(8)}
    with pytest.raises(ArtExtractError, match="disk is full") as caught:
        fetch_all(urls, tmp_path, getter(), check=decode)
    assert caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["all.lock"]


KILLED = """
import sys
from pathlib import Path
from artextract.data.museum.fetch import Getter, fetch_all
urls = {f"{k}.jpg": f"{sys.argv[1]}/{k}.jpg" for k in range(40)}
fetch_all(urls, Path(sys.argv[2]), Getter(allow_loopback=True, per_second=50), check=len)
"""


def test_kill_leaves_whole_files_only_and_the_next_run_gets_the_rest(faulty: FaultServer, tmp_path: Path):
    urls = {f"{k}.jpg": faulty.url(f"/{k}.jpg", Answer(body=jpeg(k))) for k in range(40)}
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, faulty.base, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 15
    while len(faulty.log) < 12 and time.monotonic() < end:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    names = set(kept(tmp_path))
    assert 0 < len(names) < 40
    faulty.log.clear()
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert sorted(set(faulty.log) - {"/robots.txt"}) == sorted(f"/{name}" for name in urls if name not in names)
    assert kept(tmp_path) == {f"{k}.jpg": jpeg(k) for k in range(40)}
    assert not list(tmp_path.glob(".*.tmp"))
