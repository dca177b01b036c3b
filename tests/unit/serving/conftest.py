"""One server for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from artextract.serving.folder import Explorer
from tests.unit.serving.serving_toys import Client, served, toy_explorer


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    with pytest.MonkeyPatch.context() as patch:
        yield toy_explorer(tmp_path_factory.mktemp("repository"), patch)


@pytest.fixture(scope="module")
def static(explorer: Explorer) -> Iterator[Client]:
    """A server without networks."""
    with served(explorer) as client:
        yield client
