"""What workers share about a server: pace, pauses, robots.txt, and when it counts as down."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from artextract.data.museum import servers
from artextract.data.museum.failures import FetchError, ServerDown
from artextract.data.museum.robots import read_rules
from artextract.data.museum.servers import Server
from tests.fault_server import PICTURE, Answer, FaultServer
from tests.unit.data.museum.conftest import Clock, getter

# --- pace


def test_pace_is_kept(clock: Clock):
    began, paced = clock.now, Server("s", 0.2)
    for _ in range(11):
        paced.take_turn()
    assert clock.now - began == pytest.approx(2.0)  # eleven requests have ten gaps of 0.2 s


def test_pause_holds_back_a_worker_that_waits_for_its_turn_already(clock: Clock):
    began, paced = clock.now, Server("s", 1.0)
    paced.take_turn()
    clock.during_sleep = lambda: paced.pause(100)  # another worker is told to wait while this one sleeps
    paced.take_turn()
    assert clock.now - began >= 100


def test_shorter_pause_does_not_cut_a_longer_one(clock: Clock):
    began, paced = clock.now, Server("s", 1.0)
    paced.pause(50)
    paced.pause(1)
    paced.take_turn()
    assert clock.now - began == pytest.approx(50)


def test_a_server_that_limits_requests_is_asked_more_slowly_and_then_faster_again(clock: Clock):
    server = Server("s", 0.2)
    for _ in range(4):  # one wave: the workers' requests that were under way
        server.too_fast()
    assert server.interval == 0.4
    clock.now += 2
    server.too_fast()
    assert server.interval == 0.8
    clock.now += 2
    server.answered()
    clock.now += 2
    server.too_fast()  # perhaps one bad address among good ones
    assert server.interval == pytest.approx(0.98)
    for _ in range(100):
        server.answered()
    assert server.interval == 0.2


def test_images_behind_a_limit_all_arrive(faulty: FaultServer, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    """One request in four seconds is answered, and no wait is named."""
    allowed = [0.0]

    def limited(path: str) -> Answer | None:
        if clock.now < allowed[0]:
            return Answer(503, b"too many")
        allowed[0] = clock.now + 4
        return None

    faulty.gate = limited
    one = getter(per_second=5)
    urls = [faulty.url(f"/{k}.jpg") for k in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(one.get, urls)) == {PICTURE}
    assert len(faulty.log) < 80


# --- a server that is down


def test_one_that_only_fails_is_down_after_a_minute_and_a_waiting_worker_learns_it(clock: Clock):
    server = Server("https://m.example", 0.2)
    server.take_turn()
    for k in range(20):  # in ten seconds: that may pass
        clock.now += 0.5
        server.failed(f"/{k}", "HTTP 500")
    clock.now += 51
    server.pause(300)

    def another_worker_fails() -> None:
        with pytest.raises(ServerDown):
            server.failed("/x", "HTTP 500")

    clock.during_sleep = another_worker_fails
    with pytest.raises(ServerDown, match=r"https://m\.example: no good answer for 61 s, in the end: HTTP 500"):
        server.take_turn()


def test_few_bad_addresses_and_one_good_answer_do_not_make_it_down(clock: Clock):
    server = Server("s", 0.2)
    server.take_turn()
    for k in range(100):
        clock.now += 30
        server.failed(f"/{k % 2}", "HTTP 500")  # two addresses, whatever happens to them
    for k in range(100):
        clock.now += 30
        server.failed(f"/{k}", "HTTP 500")
        if k % 5 == 0:
            server.answered()
    server.check_up()


def test_one_that_asks_for_waits_is_given_more_time_and_not_all(clock: Clock):
    server = Server("s", 0.2)
    server.take_turn()
    for k in range(15):
        clock.now += 120
        server.failed(f"/{k % 4}", "HTTP 429", told_to_wait=True)
    with pytest.raises(ServerDown):
        server.failed("/4", "HTTP 429", told_to_wait=True)


def test_one_that_refuses_everything_is_left_alone(faulty: FaultServer):
    faulty.otherwise = Answer(body=b"<html>log in</html>", kind="text/html")
    one, reasons = getter(), set()
    for k in range(servers.REFUSALS + 20):
        with pytest.raises(FetchError) as caught:
            one.get(f"{faulty.base}/{k}")
        reasons.add(type(caught.value))
    assert reasons == {FetchError, ServerDown} and len(faulty.log) == servers.REFUSALS + 1
    assert "'text/html' is not an image" in one.down()[0]


# --- robots.txt


def ask(faulty: FaultServer, rules: bytes | Answer, path: str = "/a.jpg", **changes: object) -> bytes:
    faulty.answers["/robots.txt"] = [rules if isinstance(rules, Answer) else Answer(body=rules, kind="text/plain")]
    return getter(**changes).get(faulty.url(path))


@pytest.mark.parametrize(
    "rules",
    [
        b"User-agent: *\nDisallow: /private/\n",
        b"User-agent: *\nDisallow: /*/3.jpg\n",
        b"User-agent: *\nDisallow: /*.jpg$\nAllow: /private/$\n",
        b"\xef\xbb\xbfuser-agent: ArtExtract\r\ndisallow: /\r\n\r\nuser-agent: *\r\nallow: /\r\n",
        b"User-agent: Artextract\nUser-agent: other\nDisallow: /p\n",
    ],
)
def test_rules_that_forbid_are_obeyed(faulty: FaultServer, rules: bytes):
    with pytest.raises(FetchError, match=r"robots\.txt forbids"):
        ask(faulty, rules, "/private/3.jpg")
    assert faulty.log == ["/robots.txt"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"no"),
        Answer(403, b"no"),
        Answer(401, b"no"),
        Answer(body=b"", kind="text/plain"),
        Answer(302, b"", {"Location": "http://evil.invalid/robots.txt"}),
        Answer(302, b"", {"Location": "/robots.txt"}),
        Answer(endless=True, kind="text/plain"),
        Answer(body=b"\xff\xfe\x00", kind="text/plain"),
        Answer(body=b"<html>hello</html>"),
        Answer(body=b"User-agent: *\nDisallow: /private\nAllow: /\nUser-agent: Other\nDisallow: /\n"),
    ],
)
def test_rules_that_say_nothing_forbid_nothing(faulty: FaultServer, answer: Answer, monkeypatch: pytest.MonkeyPatch):
    """No rules, and neither a foreign host nor an endless file that can be had through this door."""
    import urllib3.util.connection

    hosts = []
    connect = urllib3.util.connection.create_connection

    def note(address: tuple[str, int], *args: object, **kwargs: object) -> object:
        hosts.append(address[0])
        return connect(address, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(urllib3.util.connection, "create_connection", note)
    assert ask(faulty, answer) == PICTURE
    assert set(hosts) == {"127.0.0.1"}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_rules_that_cannot_be_read_forbid_everything(faulty: FaultServer, clock: Clock, status: int):
    with pytest.raises(ServerDown, match=rf"robots\.txt cannot be read.*RFC 9309.*HTTP {status}"):
        ask(faulty, Answer(status, b"busy", {"Retry-After": "7"}))
    assert set(faulty.log) == {"/robots.txt"} and len(faulty.log) >= 5


def test_rules_that_come_late_are_waited_for(faulty: FaultServer, clock: Clock):
    faulty.answers["/robots.txt"] = [Answer(503, b"", {"Retry-After": "40"}), Answer(404, b"no")]
    began = clock.now
    assert getter().get(faulty.url("/a.jpg")) == PICTURE
    assert clock.now - began >= 40


@pytest.mark.parametrize(
    ("rules", "seconds"),
    [
        (b"User-agent: *\nCrawl-delay: 10\n", 10),
        (b"User-agent: *\nCrawl-delay: 0.5\n", 0.5),
        (b"User-agent: *\nRequest-rate: 1/4s\n", 4),
        (b"User-agent: *\nRequest-rate: 2/1m\nCrawl-delay: 3\n", 30),
        (b"User-agent: *\nCrawl-delay: soon\n", 0.001),
        (b"User-agent: *\nCrawl-delay: -4\n", 0.001),
        (b"User-agent: *\nCrawl-delay: inf\n", 0.001),
        (b"User-agent: *\nCrawl-delay: nan\nRequest-rate: 0/0\n", 0.001),
    ],
)
def test_pace_of_the_rules_slows_every_worker(faulty: FaultServer, clock: Clock, rules: bytes, seconds: float):
    faulty.answers["/robots.txt"] = [Answer(body=rules, kind="text/plain")]
    polite, began = getter(), clock.now
    for k in range(3):
        polite.get(faulty.url(f"/{k}.jpg"))
    assert clock.now - began == pytest.approx(3 * seconds)


def test_rules_are_asked_for_once_by_all_workers(faulty: FaultServer):
    one, begin = getter(), threading.Barrier(4)
    urls = [faulty.url(f"/{k}.jpg") for k in range(4)]

    def work(url: str) -> bytes:
        begin.wait()
        return one.get(url)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, urls)) == {PICTURE}
    assert faulty.asked("/robots.txt") == 1


def test_rules_hold_for_where_a_redirect_leads(faulty: FaultServer):
    faulty.answers["/robots.txt"] = [Answer(body=b"User-agent: *\nDisallow: /private/\n", kind="text/plain")]
    with pytest.raises(FetchError, match=r"robots\.txt forbids"):
        getter().get(faulty.url("/a.jpg", Answer(302, b"", {"Location": "/private/a.jpg"})))
    assert faulty.asked("/private/a.jpg") == 0


def test_of_a_long_file_the_first_500_kib_count():
    rules = read_rules((b"User-agent: *\nDisallow: /p\n" + b"# no\n" * 10**5)[: 500 * 2**10])
    assert not rules.allow("https://m.example/p/1") and rules.allow("https://m.example/q")
