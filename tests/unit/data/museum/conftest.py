"""A misbehaving server, and a clock that takes no time, for the tests of the getter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from artextract.data.museum import getter as getter_module
from artextract.data.museum import pace, servers
from artextract.data.museum.getter import Getter
from artextract.data.museum.servers import Server
from tests.fault_server import FaultServer, fault_server


@pytest.fixture(autouse=True)
def own_pace(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of other tests have the same names: each test has a pace of its own."""
    monkeypatch.setenv(pace.VARIABLE, str(tmp_path_factory.mktemp("pace")))


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with fault_server() as running:
        yield running


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that the getter asks for, recorded instead of waited."""
    asked: list[float] = []
    monkeypatch.setattr(Server, "pause", lambda self, seconds: asked.append(seconds))
    return asked


class Clock:
    """Stands in for the module ``time``: sleeping moves the clock and takes no time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.during_sleep = lambda: None

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1e9 + self.now

    def sleep(self, seconds: float) -> None:
        happens, self.during_sleep = self.during_sleep, lambda: None
        happens()
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    fake = Clock()
    monkeypatch.setattr(servers, "time", fake)
    monkeypatch.setattr(pace, "time", fake)
    monkeypatch.setattr(getter_module, "time", fake)
    return fake


def getter(**changes: object) -> Getter:
    settings: dict[str, object] = {"allow_loopback": True, "per_second": 1000, "deadline": 5.0}
    return Getter(**(settings | changes))  # type: ignore[arg-type]
