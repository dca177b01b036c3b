"""Every reader of a file from outside reads what is bad as something valid, or refuses it in words; see parsers.py."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import UnreadableImage
from tests.parsers import all_parsers

PARSERS = all_parsers()
QUICK, MANY = 8, 300  # examples of each parser in the fast and in the long tests
CHECKS = [
    HealthCheck.too_slow,
    HealthCheck.function_scoped_fixture,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
]
SECONDS = 5.0  # of the processor, whatever else the machine does


def read_or_refuse(name: str, folder: Path, data: bytes) -> None:
    parser = PARSERS[name]
    path = folder / parser.file
    path.write_bytes(data)
    began = time.process_time()
    try:
        parser.read(path)
    except ArtExtractError as error:
        assert error.problem and len(str(error)) < 20_000
    except UnreadableImage:
        pass
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("name", PARSERS)
def test_a_bad_file_is_read_or_refused(name: str, tmp_path: Path):
    (tmp_path / PARSERS[name].file).write_bytes(PARSERS[name].good)
    PARSERS[name].read(tmp_path / PARSERS[name].file)

    @settings(max_examples=QUICK, suppress_health_check=CHECKS)
    @given(data=st.data())
    def bad(data: st.DataObject) -> None:
        read_or_refuse(name, tmp_path, data.draw(PARSERS[name].bad()))

    bad()


@pytest.mark.long
@pytest.mark.parametrize("name", PARSERS)
def test_many_bad_files_are_read_or_refused(name: str, tmp_path: Path):
    @settings(max_examples=MANY, derandomize=False, suppress_health_check=CHECKS)
    @given(data=st.data())
    def bad(data: st.DataObject) -> None:
        read_or_refuse(name, tmp_path, data.draw(PARSERS[name].bad()))

    bad()
