"""The getter against a server that misbehaves in every way that was seen: statuses, bodies, redirects, pace."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import decode
from artextract.data.museum import fetch
from artextract.data.museum.fetch import FetchError, Getter, fetch_all, retry_after
from tests.conftest import ROOT, jpeg

PICTURE = jpeg(1)


@dataclass
class Answer:
    """What the server says; by default an image, complete and at once."""

    status: int = 200
    body: bytes = PICTURE
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "image/jpeg"
    length: int | None = None  # a Content-Length other than the body's
    drip: float = 0.0  # seconds between two bytes
    chunked: bool = False
    endless: bool = False


class FaultServer(ThreadingHTTPServer):
    """Answers by path; the last answer of a path repeats. Everything asked for is in ``log``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {"/robots.txt": [Answer(404, b"no", kind="text/plain")]}
        self.log: list[str] = []
        self.agents: set[str] = set()

    def url(self, path: str, *answers: Answer) -> str:
        """The address of a path, with what is answered there."""
        self.answers[path] = list(answers) or [Answer()]
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def asked(self, path: str) -> int:
        return self.log.count(path)

    def handle_error(self, request: object, client_address: object) -> None:
        """The client hangs up on us on purpose: no traceback for that."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None: ...

    def do_GET(self) -> None:
        server = cast(FaultServer, self.server)
        server.log.append(self.path)
        server.agents.add(self.headers["User-Agent"])
        answers = server.answers.get(self.path, [Answer(404, b"no", kind="text/plain")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunked or answer.endless:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        while answer.endless:
            self.wfile.write(b"10000\r\n" + PICTURE[:3] + bytes(65533) + b"\r\n")
        step = 1 if answer.drip else max(1, len(answer.body))
        for start in range(0, len(answer.body), step):
            part = answer.body[start : start + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if answer.chunked else part)
            time.sleep(answer.drip)
        if answer.chunked:
            self.wfile.write(b"0\r\n\r\n")
        if answer.length is not None:
            self.close_connection = True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with FaultServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that the getter asks for, recorded instead of waited."""
    asked: list[float] = []
    monkeypatch.setattr(Getter, "_pause", lambda self, seconds: asked.append(seconds))
    return asked


class Clock:
    """Stands in for the module ``time``: sleeping moves the clock and takes no time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.during_sleep = lambda: None

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        happens, self.during_sleep = self.during_sleep, lambda: None
        happens()
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(fetch, "time", fake)
    return fake


def getter(**changes: object) -> Getter:
    settings: dict[str, object] = {"allow_loopback": True, "per_second": 1000, "deadline": 5.0}
    return Getter(**(settings | changes))  # type: ignore[arg-type]


# --- bodies


def test_complete_image_arrives_unchanged_under_our_own_name(server: FaultServer):
    assert getter().get(server.url("/a.jpg")) == PICTURE
    assert len(server.agents) == 1 and next(iter(server.agents)).startswith("ArtExtract/")


def test_chunked_and_compressed_bodies_are_taken(server: FaultServer):
    assert getter().get(server.url("/c", Answer(chunked=True))) == PICTURE
    table = b"objectid,title\r\n1,NA\r\n" * 5000
    packed = Answer(body=gzip.compress(table), headers={"Content-Encoding": "gzip"}, kind="text/csv")
    assert getter().get(server.url("/t.csv", packed), kind="table") == table


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(length=len(PICTURE) + 100), "[Ii]ncomplete"),
        (Answer(body=b""), "body of 0 bytes is incomplete"),
        (Answer(503, b"busy"), "HTTP 503"),
    ],
)
def test_failures_that_may_pass_are_tried_again_then_reported(
    server: FaultServer, pauses: list[float], answer: Answer, reason: str
):
    with pytest.raises(FetchError, match=reason) as caught:
        getter(attempts=3).get(server.url("/a.jpg", answer))
    assert "(3 attempts)" in str(caught.value)
    assert server.asked("/a.jpg") == 3
    assert pauses == [0.5, 1.0, 0.0]  # doubled from one attempt to the next; nobody waits after the last


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(body=b"<html>Sorry, too many visitors</html>"), "does not begin like an image"),
        (Answer(body=b"<html></html>", kind="text/html"), "'text/html' is not an image"),
        (Answer(body=bytes(2001)), "larger than 2,000 bytes"),
        (Answer(endless=True), "larger than 2,000 bytes"),
        (Answer(403, b"no"), "HTTP 403"),
        (Answer(206, PICTURE), "HTTP 206"),
    ],
)
def test_answers_that_will_not_get_better_are_refused_at_once(
    server: FaultServer, pauses: list[float], answer: Answer, reason: str
):
    with pytest.raises(FetchError, match=reason):
        getter(max_bytes=2000).get(server.url("/a.jpg", answer))
    assert server.asked("/a.jpg") == 1 and pauses == []


def test_compressed_bomb_meets_the_same_limit(server: FaultServer):
    bomb = Answer(body=gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}, kind="text/csv")
    with pytest.raises(FetchError, match="larger than 100,000 bytes"):
        getter(max_bytes=100_000).get(server.url("/t.csv", bomb), kind="table")


@pytest.mark.parametrize("chunked", [False, True])
def test_slow_drip_ends_at_the_deadline(server: FaultServer, chunked: bool):
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"slower than 0\.3 s"):
        getter(deadline=0.3, attempts=1).get(server.url("/a.jpg", Answer(drip=0.05, chunked=chunked)))
    assert time.monotonic() - started < 2  # the whole body would take half a minute


def test_silent_server_ends_at_the_deadline(server: FaultServer, monkeypatch: pytest.MonkeyPatch):
    release = threading.Event()
    monkeypatch.setattr(Handler, "send_response", lambda self, status: release.wait(30))
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"timed out"):
        getter(deadline=0.2, attempts=1).get(server.url("/a.jpg"))
    release.set()
    assert time.monotonic() - started < 3


def test_waiting_for_a_turn_does_not_count_against_the_deadline(server: FaultServer, clock: Clock):
    """A museum that asks for two minutes must not make a getter with a deadline of one minute give up."""
    url = server.url("/a.jpg", Answer(429, b"", {"Retry-After": "120"}), Answer())
    assert getter(deadline=60).get(url) == PICTURE
    assert clock.now >= 120 and server.asked("/a.jpg") == 2


# --- statuses, Retry-After, pace


def test_500_then_200(server: FaultServer, pauses: list[float]):
    assert getter().get(server.url("/a.jpg", Answer(500, b"oops"), Answer())) == PICTURE
    assert server.asked("/a.jpg") == 2 and pauses == [0.5]


def test_connection_refused_is_a_fetch_error(pauses: list[float]):
    with pytest.raises(FetchError, match=r"\(2 attempts\)"):
        getter(attempts=2).get("http://127.0.0.1:9/a.jpg")


@pytest.mark.parametrize("later", [2, 3600])
def test_429_with_seconds_and_with_a_date(server: FaultServer, pauses: list[float], later: int):
    import datetime

    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=later)
    for value in (str(later), format_datetime(moment, usegmt=True)):
        pauses.clear()
        assert getter().get(server.url("/a.jpg", Answer(429, b"", {"Retry-After": value}), Answer())) == PICTURE
        assert pauses == [pytest.approx(min(later, fetch.RETRY_AFTER_CAP), abs=1.5)]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), (" 7 ", 7), ("0", 0), ("-5", 0), ("100000", 300), ("9" * 400, 300), ("", 0), ("soon", 0), ("²", 0)],
)
def test_retry_after(value: str, seconds: float):
    assert retry_after(value) == seconds


def test_retry_after_of_the_past_is_no_wait():
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@given(st.one_of(st.text(max_size=40), st.from_regex(r"Mon, 0?[1-9] Jan \d{1,25} \d\d:\d\d:\d\d [+-]?\d{1,25}")))
def test_retry_after_survives_any_header(value: str):
    assert 0 <= retry_after(value) <= fetch.RETRY_AFTER_CAP


def test_pace_is_kept(clock: Clock):
    paced = Getter(per_second=5)
    for _ in range(11):
        paced._take_turn()
    assert clock.now == pytest.approx(2.0)  # eleven requests have ten gaps of 0.2 s


def test_pause_holds_back_a_worker_that_waits_for_its_turn_already(clock: Clock):
    paced = Getter(per_second=1)
    paced._take_turn()
    clock.during_sleep = lambda: paced._pause(100)  # another worker is told to wait while this one sleeps
    paced._take_turn()
    assert clock.now >= 100


def test_shorter_pause_does_not_cut_a_longer_one(clock: Clock):
    paced = Getter(per_second=1)
    paced._pause(50)
    paced._pause(1)
    paced._take_turn()
    assert clock.now == 50


# --- addresses, redirects, robots


def test_redirects_are_followed_three_times_at_most(server: FaultServer):
    for step in range(3):
        server.url(f"/{step}", Answer(302, b"", {"Location": f"/{step + 1}"}))
    end = server.url("/3")
    assert getter().get(end.removesuffix("3") + "0") == PICTURE
    loop = server.url("/loop", Answer(301, b"", {"Location": "/loop"}))
    with pytest.raises(FetchError, match="more than 3 redirects"):
        getter().get(loop)
    assert server.asked("/loop") == 4


def test_unknown_image_counts_as_missing(server: FaultServer, tmp_path: Path):
    """The museum's server answers 303 to ``<id>__300`` for an unknown id; others answer 404 or 410."""
    urls = {
        "a.jpg": server.url("/iiif/1/full", Answer(303, b"", {"Location": "/iiif/1__300/full"})),
        "b.jpg": server.url("/b", Answer(404, b"no")),
        "c.jpg": server.url("/c", Answer(410, b"no")),
        "d.jpg": server.url("/d", Answer(403, b"no")),
    }
    failed = fetch_all(urls, tmp_path, getter(), check=decode)
    assert failed == {"a.jpg": "missing", "b.jpg": "missing", "c.jpg": "missing", "d.jpg": "unreadable: HTTP 403"}
    assert server.asked("/iiif/1__300/full") == 0


@pytest.mark.parametrize(
    "location", ["http://evil.invalid/a.jpg", "https://evil.invalid/a.jpg", "file:///etc/passwd", "https://[::1"]
)
def test_redirect_to_elsewhere_is_refused(server: FaultServer, location: str):
    with pytest.raises(FetchError, match="address not allowed"):
        getter().get(server.url("/a.jpg", Answer(302, b"", {"Location": location})))


def test_body_of_a_redirect_is_not_read(server: FaultServer):
    url = server.url("/a.jpg", Answer(302, headers={"Location": "/b.jpg"}, endless=True))
    server.url("/b.jpg")
    assert getter().get(url) == PICTURE


HOSTILE = [
    "https://evil.com/a.jpg",
    "http://api.nga.gov/a.jpg",  # not encrypted
    "ftp://api.nga.gov/a.jpg",
    "https://api.nga.gov.evil.com/a.jpg",
    "https://api.nga.gov@evil.com/a.jpg",
    "https://evil.com\\@api.nga.gov/a.jpg",  # two readers of addresses see two hosts here
    "https://evil.com#@api.nga.gov/a.jpg",
    "https://[::1",
    "//api.nga.gov/a.jpg",
    "a.jpg",
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_other_hosts_are_refused_without_a_request(url: str, monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []
    monkeypatch.setattr(requests.Session, "request", lambda *args, **kwargs: asked.append(args))
    polite = Getter()
    with pytest.raises(FetchError, match="address not allowed"):
        polite.get(url)
    assert asked == []


@given(st.text(st.sampled_from("htps:/\\@#?.evilcomapingv[]%0 \t"), max_size=30))
def test_a_host_that_passes_is_the_host_that_is_asked(tail: str):
    """Whatever the address, the check and the client that sends it agree on the host."""
    url = "https://" + tail + "@api.nga.gov/x"
    try:
        Getter()._check_host(url)
    except FetchError:
        return
    from urllib3.util import parse_url

    assert parse_url(str(requests.Request("GET", url).prepare().url)).host == "api.nga.gov"


def test_loopback_is_for_tests_only(server: FaultServer):
    url = server.url("/a.jpg")
    with pytest.raises(FetchError, match="address not allowed"):
        Getter().get(url)
    assert server.log == []


def test_robots_that_forbid_are_obeyed(server: FaultServer):
    rules = b"User-agent: *\nDisallow: /private/\n"
    server.answers["/robots.txt"] = [Answer(body=rules, kind="text/plain")]
    polite = getter()
    with pytest.raises(FetchError, match=r"robots\.txt forbids"):
        polite.get(server.url("/private/a.jpg"))
    assert polite.get(server.url("/public/a.jpg")) == PICTURE
    assert server.log == ["/robots.txt", "/public/a.jpg"]  # asked for once, and the forbidden page never


def test_crawl_delay_slows_every_worker(server: FaultServer, clock: Clock):
    server.answers["/robots.txt"] = [Answer(body=b"User-agent: *\nCrawl-delay: 10\n", kind="text/plain")]
    polite = getter()
    for k in range(3):
        polite.get(server.url(f"/{k}.jpg"))
    assert polite.per_second == 0.1 and clock.now >= 20


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"no"),
        Answer(500, b"oops"),
        Answer(302, b"", {"Location": "http://evil.invalid/robots.txt"}),
        Answer(endless=True, kind="text/plain"),
        Answer(body=b"\xff\xfe\x00", kind="text/plain"),
    ],
)
def test_robots_that_say_nothing_forbid_nothing(server: FaultServer, answer: Answer, monkeypatch: pytest.MonkeyPatch):
    """No rules, and neither a foreign host nor an endless file that can be had through this door."""
    import urllib3.util.connection

    hosts = []
    connect = urllib3.util.connection.create_connection

    def note(address: tuple[str, int], *args: object, **kwargs: object) -> object:
        hosts.append(address[0])
        return connect(address, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib3.util.connection, "create_connection", note)
    server.answers["/robots.txt"] = [answer]
    assert getter(max_bytes=100_000).get(server.url("/a.jpg")) == PICTURE
    assert set(hosts) == {"127.0.0.1"}


# --- file: addresses


def test_file_addresses_are_relative_to_their_root(tmp_path: Path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a b.jpg").write_bytes(PICTURE)
    local = Getter(root=tmp_path)
    assert local.get("file:images/a%20b.jpg") == PICTURE
    with pytest.raises(FileNotFoundError):
        local.get("file:images/b.jpg")
    with pytest.raises(FetchError, match="not allowed here"):
        Getter().get("file:images/a%20b.jpg")


def test_link_out_of_the_root_is_refused(tmp_path: Path):
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "root" / "a.jpg").symlink_to(tmp_path / "secret")
    with pytest.raises(FetchError, match="leads outside"):
        Getter(root=tmp_path / "root").get("file:a.jpg")


SEGMENTS = ["..", ".", "", "%2e%2e", "%2E.", "a", "b.jpg", "secret", "root", "%00", "\\..", "%5c..", "%2f", "~"]


@given(st.lists(st.sampled_from(SEGMENTS), max_size=6))
def test_no_file_address_leaves_the_root(tmp_path_factory: pytest.TempPathFactory, segments: list[str]):
    base = tmp_path_factory.getbasetemp() / "contained"
    (base / "root" / "a").mkdir(parents=True, exist_ok=True)
    (base / "secret").write_bytes(b"secret")
    (base / "root" / "a" / "b.jpg").write_bytes(PICTURE)
    try:
        body = Getter(root=base / "root").get("file:" + "/".join(segments))
    except OSError:  # FetchError is one; so is a folder that is no file
        return
    assert body == PICTURE


# --- many files


def test_second_run_makes_no_request(server: FaultServer, tmp_path: Path):
    urls = {f"{k}.jpg": server.url(f"/{k}.jpg", Answer(body=jpeg(k))) for k in range(6)}
    first = getter()
    assert fetch_all(urls, tmp_path, first, check=decode) == {}
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {f"{k}.jpg": jpeg(k) for k in range(6)}
    before = len(server.log)
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert len(server.log) == before


def test_failures_are_named_and_the_others_kept(server: FaultServer, tmp_path: Path):
    half = PICTURE[: len(PICTURE) // 2]  # complete by its length, and yet half a picture
    urls = {"good.jpg": server.url("/good"), "half.jpg": server.url("/half", Answer(body=half))}
    failed = fetch_all(urls, tmp_path, getter(), check=decode)
    assert list(failed) == ["half.jpg"] and failed["half.jpg"].startswith("unreadable: ")
    assert [p.name for p in tmp_path.iterdir()] == ["good.jpg"]


def test_full_disk_stops_with_a_remedy_and_leaves_nothing_half_written(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    urls = {f"{k}.jpg": server.url(f"/{k}.jpg") for k in range(8)}
    with pytest.raises(ArtExtractError, match="disk is full") as caught:
        fetch_all(urls, tmp_path, getter(), check=decode)
    assert caught.value.remedy and "free some space" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys
from pathlib import Path
from typing import cast
from artextract.data.museum.fetch import Getter, fetch_all
urls = {f"{k}.jpg": f"{sys.argv[1]}/{k}.jpg" for k in range(40)}
fetch_all(urls, Path(sys.argv[2]), Getter(allow_loopback=True, per_second=50), check=len)
"""


def test_kill_leaves_whole_files_only_and_the_next_run_gets_the_rest(server: FaultServer, tmp_path: Path):
    urls = {f"{k}.jpg": server.url(f"/{k}.jpg", Answer(body=jpeg(k))) for k in range(40)}
    base = urls["0.jpg"].removesuffix("/0.jpg")
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, base, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 15
    while len(server.log) < 12 and time.monotonic() < end:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    kept = {p.name for p in tmp_path.iterdir() if not p.name.startswith(".")}
    assert 0 < len(kept) < 40
    assert all((tmp_path / name).read_bytes() == jpeg(int(name.removesuffix(".jpg"))) for name in kept)
    server.log.clear()
    assert fetch_all(urls, tmp_path, getter(), check=decode) == {}
    assert sorted(set(server.log) - {"/robots.txt"}) == sorted(f"/{name}" for name in urls if name not in kept)
    assert all((tmp_path / f"{k}.jpg").read_bytes() == jpeg(k) for k in range(40))
