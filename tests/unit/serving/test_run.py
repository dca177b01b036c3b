"""The commands from their start to Ctrl-C, and where they listen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.explorer.names import save_names
from artextract.serving import address, run
from artextract.serving.address import Access, access_to, address_of, is_loopback, listen
from tests.command import artextract
from tests.unit.serving.serving_toys import Client, served, toy_explorer

ROOT = Path(__file__).resolve().parents[3]


def test_where_it_listens():
    with listen("127.0.0.1", 0) as opened:
        port = opened.getsockname()[1]
        assert address_of(opened, "127.0.0.1") == f"http://127.0.0.1:{port}/" == address_of(opened, "0.0.0.0")
        assert address_of(opened, "::1") == f"http://[::1]:{port}/"
        with pytest.raises(ArtExtractError, match=rf"another program already listens on port {port}.*\n.*--port 0"):
            listen("127.0.0.1", port)
    for host in ("203.0.113.9", "no such host", "a" * 300):
        with pytest.raises(ArtExtractError, match="is not an address of this machine"):
            listen(host, 0)


def test_the_usual_port_is_left_to_whoever_has_it(monkeypatch: pytest.MonkeyPatch):
    with listen("127.0.0.1", 0) as first:
        monkeypatch.setattr(address, "USUAL_PORT", first.getsockname()[1])
        with listen("127.0.0.1", None) as second:
            assert second.getsockname()[1] != first.getsockname()[1]


def test_who_may_ask():
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert (
            is_loopback(host)
            and not access_to(host).token
            and access_to(host).knows(f"{host}:80" if ":" not in host else "[::1]")
        )
    everyone = access_to("0.0.0.0")
    assert len(everyone.token) > 40 and everyone.token != access_to("0.0.0.0").token
    assert everyone.knows("192.168.1.5:8080") and everyone.knows("[fe80::1]:8080")
    assert everyone.knows(socket.gethostname()) and not everyone.knows("evil.example")
    one = access_to("192.168.1.5")
    assert one.token and one.knows("192.168.1.5:8080") and not one.knows("192.168.1.6")
    assert not Access(frozenset()).knows("")


def test_a_browser_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "HEADER_SECONDS", 0.3)
    with served(toy_explorer(tmp_path, monkeypatch)) as client:
        for said in (b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "):
            with socket.create_connection(("127.0.0.1", client.port), timeout=10) as slow:
                slow.sendall(said)
                assert slow.recv(100) == b""  # closed by the server
        assert client.ask("/").status == 200


def test_what_is_missing_is_said_with_the_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    explorer = toy_explorer(tmp_path, monkeypatch)
    manifest = explorer.folder / "data" / "manifest.json"
    manifest.write_text('{"format": 2}')
    assert artextract("explore", "--no-browser") == 2
    assert "the explorer has format 2, this program 1\nRemedy: `dvc repro explorer`" in capsys.readouterr().err
    manifest.unlink()
    assert artextract("serve", "--no-browser") == 2
    assert "the explorer is not built yet\nRemedy: `dvc repro explorer`" in capsys.readouterr().err
    assert artextract("explore", "--collection", "mine") == 2
    assert "no collection is called 'mine'" in capsys.readouterr().err
    (tmp_path / "collections" / "mine").mkdir(parents=True)
    (tmp_path / "collections" / "mine" / "dvc.yaml").write_text("")
    assert artextract("explore", "--collection", "mine") == 2
    assert "Remedy: `cd collections/mine && dvc repro explorer`" in capsys.readouterr().err


def test_saved_for_a_web_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    explorer = toy_explorer(tmp_path, monkeypatch)
    kept = tmp_path / "kept.js"
    kept.write_text("linked")
    (explorer.folder / "js" / "linked.js").symlink_to(kept)
    save_names(explorer.names, {"1": "Ships"})
    site = tmp_path / "site"
    for _ in range(2):  # the second one replaces the first
        assert artextract("explore", "--save", site) == 0
        assert f"4 works: {site}" in capsys.readouterr().out
        assert (site / "index.html").read_text() == (explorer.folder / "index.html").read_text()
        manifest = read_json(site / "data" / "manifest.json")
        assert manifest["api"] is False and [c["name"] for c in manifest["clusters"]] == ["Ships", ""]
        assert not (site / "js" / "linked.js").is_symlink() and (site / "js" / "linked.js").read_text() == "linked"
        (site / "js" / "old.js").write_text("")
    assert (site / "js" / "old.js").exists() and not list(tmp_path.glob(".site*"))
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("precious")
    assert artextract("explore", "--save", other) == 2
    assert "this is not empty" in capsys.readouterr().err and (other / "mine.txt").exists()
    assert artextract("explore", "--save", explorer.folder / "inside") == 2


def test_a_browser_is_opened_only_where_there_is_a_screen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not run.can_show_a_page()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert run.can_show_a_page()


START = """
import sys
from pathlib import Path
from artextract.core import collections
from artextract.serving import app, folder
for module in (collections, folder, app):
    module.repository = lambda: Path(sys.argv[1])
from artextract.cli.app import run
sys.exit(run(["explore", "--no-browser", "--port", "0"]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals):
    toy_explorer(tmp_path, monkeypatch)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.readline()
    place = said.split()[-1]
    assert said.startswith("The explorer, 4 works: http://127.0.0.1:")
    for _ in range(100):
        try:
            with urllib.request.urlopen(place, timeout=10) as answer:
                assert b"<title>" in answer.read()
            break
        except ConnectionError:
            time.sleep(0.05)
    process.send_signal(number)
    rest, error = process.communicate(timeout=20)
    assert (rest.splitlines()[-1], error, process.returncode) == ("Stopped.", "", 0)


BUSY = START.replace(
    "sys.exit(run(",
    """
import time
from artextract.serving import pictures
pictures.image_embedder = lambda recorded: lambda image: time.sleep(1000)
sys.exit(run(""",
).replace('"explore"', '"serve"')


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first picture is being prepared, which takes forever here."""
    toy_explorer(tmp_path, monkeypatch)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", BUSY, str(tmp_path)]
    process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert "http://127.0.0.1:" in process.stdout.readline() and process.stdout.readline() == "Ctrl-C stops it.\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    rest, error = process.communicate(timeout=20)
    assert (rest.strip(), error, process.returncode) == ("Stopped.", "", 0)


def test_a_connection_may_ask_again(static: Client):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", static.port, timeout=10)
    for path in ("/", "/js/main.js", "/none"):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()
