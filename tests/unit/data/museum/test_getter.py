"""The getter against a server that misbehaves in every way that was seen: statuses, bodies, redirects, time."""

from __future__ import annotations

import gzip
import socket
import time
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.museum import answers
from artextract.data.museum.addresses import check_host
from artextract.data.museum.answers import retry_after
from artextract.data.museum.failures import FetchError, MissingError
from artextract.data.museum.getter import HOSTS, Getter
from artextract.data.museum.robots import Rules
from tests.fault_server import PICTURE, Answer, FaultServer
from tests.unit.data.museum.conftest import Clock, getter

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20) + b"IEND\xaeB\x60\x82"
TABLE = b"objectid,title\r\n1,NA\r\n" * 5000

# --- bodies


def test_complete_image_arrives_unchanged_under_a_name_with_an_address_to_write_to(faulty: FaultServer):
    assert getter().get(faulty.url("/a.jpg")) == PICTURE
    getter(contact="me@museum.example").get(faulty.url("/a.jpg"))
    assert all(agent.startswith("ArtExtract/") for agent in faulty.agents)
    assert sorted(agent.partition(" ")[2][:6] for agent in faulty.agents) == ["(+http", "(+me@m"]


def test_no_password_and_no_cookie_is_told(faulty: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    one = getter()
    for path in ("/a", "/b"):
        one.get(faulty.url(path, Answer(headers={"Set-Cookie": "id=1"})))
    assert not any({"Authorization", "Cookie"} & set(headers) for headers in faulty.headers)


def test_chunked_and_compressed_bodies_are_taken(faulty: FaultServer):
    assert getter().get(faulty.url("/c", Answer(chunked=True))) == PICTURE
    for body in (gzip.compress(TABLE), gzip.compress(TABLE[:22]) + gzip.compress(TABLE[22:])):
        packed = Answer(body=body, headers={"Content-Encoding": "gzip"}, kind="text/csv")
        assert getter().get(faulty.url("/t.csv", packed), kind="table") == TABLE


@pytest.mark.parametrize(
    "kind", ["image/jpeg", "Image/JPEG", "IMAGE/jpeg; charset=binary", "image/jpg", "application/octet-stream", ""]
)
def test_types_of_images_are_known_in_any_case(faulty: FaultServer, kind: str):
    assert getter().get(faulty.url("/a", Answer(kind=kind))) == PICTURE


ZIPPED = gzip.compress(TABLE)
PACKED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(length=len(PICTURE) + 100), "image", "the body is incomplete"),
        (Answer(body=b""), "image", "the body is empty"),
        (Answer(body=PICTURE[:-2], length=-1), "image", "the image has no end"),
        (Answer(body=PNG[:-3], length=-1), "image", "the image has no end"),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\xff\xd8\xff12\r\n"),
            "image",
            "incomplete",
        ),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), "image", "no answer by HTTP|closed the connection"),
        (Answer(body=TABLE[:99], length=-1, kind="text/csv"), "table", "does not say how long"),
        (Answer(body=ZIPPED[:-9], headers=PACKED, chunked=True), "table", "compressed body is incomplete"),
        (
            Answer(body=ZIPPED[:50] + b"?" + ZIPPED[51:], headers=PACKED),
            "table",
            "compressed body is incomplete or damaged",
        ),
        *(
            (Answer(status, b"busy"), "image", f"HTTP {status}")
            for status in (408, 425, 500, 502, 504, 520, 522, 524, 529)
        ),
    ],
)
def test_failures_that_may_pass_are_tried_again_then_reported(
    faulty: FaultServer, pauses: list[float], answer: Answer, kind: str, reason: str
):
    with pytest.raises(FetchError, match=reason) as caught:
        getter(attempts=3).get(faulty.url("/a.jpg", answer), kind=kind)
    assert "(3 attempts)" in str(caught.value) and "0x" not in str(caught.value)
    assert faulty.asked("/a.jpg") == 3
    assert pauses == [0.5, 1.0]  # doubled from one attempt to the next; nobody waits after the last


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(body=b"<html>Sorry, too many visitors</html>"), "not begin like an image, but with a web page"),
        (Answer(body=b"<html></html>", kind="text/html"), "'text/html' is not an image"),
        (Answer(body=bytes(2001)), "larger than 2,000 bytes"),
        (Answer(length=10**12), "larger than 2,000 bytes"),
        (Answer(endless=True), "larger than 2,000 bytes"),
        (Answer(headers={"Content-Encoding": "br"}), "'br', which was not asked for"),
        (Answer(403, b"no"), "HTTP 403"),
        (Answer(206, PICTURE), "HTTP 206"),
        (Answer(501, PICTURE), "HTTP 501"),
    ],
)
def test_answers_that_will_not_get_better_are_refused_at_once(
    faulty: FaultServer, pauses: list[float], answer: Answer, reason: str
):
    with pytest.raises(FetchError, match=reason):
        getter(max_bytes=2000).get(faulty.url("/a.jpg", answer))
    assert faulty.asked("/a.jpg") == 1 and pauses == []


def test_compressed_bomb_meets_the_same_limit(faulty: FaultServer):
    bomb = Answer(body=gzip.compress(bytes(50_000_000)), headers=PACKED, kind="text/csv")
    with pytest.raises(FetchError, match="larger than 100,000 bytes"):
        getter(max_bytes=100_000).get(faulty.url("/t.csv", bomb), kind="table")


def test_a_table_with_a_known_hash_needs_no_length(faulty: FaultServer):
    assert getter().get(faulty.url("/t", Answer(body=TABLE, length=-1)), kind="table", sure=True) == TABLE


# --- time

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(drip=0.02),
        Answer(drip=0.02, chunked=True),
        Answer(raw=OK + b"X-Wait: " + b"z" * 5000, drip=0.02),
        Answer(raw=OK + b"X-Wait: z\r\n", drip=0.001, endless=True),
        Answer(raw=b"HTTP/1.1 100 Continue\r\n\r\n", drip=0.0005, endless=True),
        Answer(raw=OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0" + b"n" * 5000, drip=0.02),
        Answer(302, headers={"Location": "/b"}, body=b""),
    ],
    ids=["body", "chunks", "header", "headers", "continue", "gzip", "redirect"],
)
def test_a_request_is_over_in_time_whatever_the_server_stretches(faulty: FaultServer, answer: Answer):
    faulty.url("/b", Answer(drip=0.02))
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"slower than 0\.2 s|no answer by HTTP"):
        getter(deadline=0.2, attempts=1).get(faulty.url("/a.jpg", answer))
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_accepts_and_is_silent_ends_too(scheme: str):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(FetchError, match=r"timed out|slower than"):
            address = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
            one = getter(deadline=0.2, attempts=1)
            one._server(address).rules = Rules()
            one.get(f"{address}/a.jpg")
        assert time.monotonic() - started < 1.5


def test_the_look_up_of_a_name_ends_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(5))
    one = getter(deadline=0.2, attempts=1)
    one._server("https://api.nga.gov").rules = Rules()
    started = time.monotonic()
    with pytest.raises(FetchError, match=r"timed out|slower than"):
        one.get("https://api.nga.gov/a.jpg")
    assert time.monotonic() - started < 1.5


def test_slow_body_is_given_up_before_the_end_of_a_long_deadline(faulty: FaultServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answers, "SLOW_AFTER", 0.1)
    with pytest.raises(FetchError, match="slower than 1,000 bytes a second"):
        getter(deadline=60, attempts=1).get(faulty.url("/t", Answer(body=TABLE, drip=0.01)), kind="table")


def test_waiting_for_a_turn_does_not_count_against_the_deadline(faulty: FaultServer, clock: Clock):
    """A museum that asks for two minutes must not make a getter with a deadline of one minute give up."""
    url = faulty.url("/a.jpg", Answer(429, b"", {"Retry-After": "120"}), Answer())
    began = clock.now
    assert getter(deadline=60).get(url) == PICTURE
    assert clock.now - began >= 120 and faulty.asked("/a.jpg") == 2


# --- statuses and Retry-After


def test_500_then_200(faulty: FaultServer, pauses: list[float]):
    assert getter().get(faulty.url("/a.jpg", Answer(500, b"oops"), Answer())) == PICTURE
    assert faulty.asked("/a.jpg") == 2 and pauses == [0.5]


@pytest.mark.parametrize("status", [429, 503])
def test_one_request_too_many_counts_half(faulty: FaultServer, pauses: list[float], status: int):
    with pytest.raises(FetchError, match=rf"HTTP {status} \(6 attempts\)"):
        getter(attempts=3).get(faulty.url("/a.jpg", Answer(status, b"busy")))
    assert pauses == [0.5, 0.5, 1.0, 1.0, 2.0]


@pytest.mark.parametrize("later", [2, 3600])
def test_429_with_seconds_and_with_a_date(faulty: FaultServer, pauses: list[float], later: int):
    import datetime

    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=later)
    for value in (str(later), format_datetime(moment, usegmt=True)):
        pauses.clear()
        assert getter().get(faulty.url("/a.jpg", Answer(429, b"", {"Retry-After": value}), Answer())) == PICTURE
        assert pauses == [pytest.approx(min(later, answers.RETRY_AFTER_CAP), abs=1.5)]


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
    assert 0 <= retry_after(value) <= answers.RETRY_AFTER_CAP


# --- addresses and redirects


def test_redirects_are_followed_three_times_at_most(faulty: FaultServer):
    for step in range(3):
        faulty.url(f"/{step}", Answer(302, b"", {"Location": f"/{step + 1}"}))
    end = faulty.url("/3")
    assert getter().get(end.removesuffix("3") + "0") == PICTURE
    loop = faulty.url("/loop", Answer(301, b"", {"Location": "/loop"}))
    with pytest.raises(FetchError, match="more than 3 redirects"):
        getter().get(loop)
    assert faulty.asked("/loop") == 4


@pytest.mark.parametrize(
    "location", ["http://evil.invalid/a.jpg", "https://evil.invalid/a.jpg", "file:///etc/passwd", "https://[::1"]
)
def test_redirect_to_elsewhere_is_refused(faulty: FaultServer, location: str):
    with pytest.raises(FetchError, match="address not allowed"):
        getter().get(faulty.url("/a.jpg", Answer(302, b"", {"Location": location})))


def test_body_of_a_redirect_is_not_read(faulty: FaultServer):
    url = faulty.url("/a.jpg", Answer(302, headers={"Location": "/b.jpg"}, endless=True))
    faulty.url("/b.jpg")
    assert getter().get(url) == PICTURE


def test_unknown_image_of_the_museum_counts_as_missing(faulty: FaultServer):
    with pytest.raises(MissingError):
        getter().get(faulty.url("/iiif/1/full", Answer(303, b"", {"Location": "/iiif/1__300/full"})))
    assert faulty.asked("/iiif/1__300/full") == 0


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
        check_host(url, HOSTS, loopback=False)
    except FetchError:
        return
    from urllib3.util import parse_url

    assert parse_url(str(requests.Request("GET", url).prepare().url)).host == "api.nga.gov"


def test_this_machine_is_asked_only_where_that_is_allowed(faulty: FaultServer):
    url = faulty.url("/a.jpg")
    with pytest.raises(FetchError, match="address not allowed"):
        Getter().get(url)
    assert faulty.log == []


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


def test_a_folder_that_the_user_linked_into_the_root_is_followed(tmp_path: Path):
    (tmp_path / "root").mkdir()
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.jpg").write_bytes(PICTURE)
    (tmp_path / "root" / "images").symlink_to(tmp_path / "disk")
    assert Getter(root=tmp_path / "root").get("file:images/a.jpg") == PICTURE


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
