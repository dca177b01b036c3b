from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.data.images.failures import report_failures


def stored(*errors: str | None) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"a/{i}.jpg" for i in range(len(errors))], "error": list(errors)})


def report(table: pd.DataFrame, folder: Path, limit: float) -> dict[str, int]:
    return report_failures(table, folder, limit, where="the images", remedy="get them")


def test_failures_are_listed_and_counted(tmp_path: Path) -> None:
    table = stored(None, "missing", "unreadable: empty file", None, "missing")
    assert report(table, tmp_path, 0.6) == {"images_listed": 5, "images_stored": 2, "missing": 2, "unreadable": 1}
    assert (tmp_path / "missing.csv").read_text() == "path,reason\na/1.jpg,missing\na/4.jpg,missing\n"
    assert (tmp_path / "unreadable.csv").read_text() == "path,reason\na/2.jpg,unreadable: empty file\n"


def test_no_failure_leaves_empty_reports(tmp_path: Path) -> None:
    assert report(stored(None, None), tmp_path, 0.0)["images_stored"] == 2
    for name in ("missing.csv", "unreadable.csv"):
        assert (tmp_path / name).read_text() == "path,reason\n"


def test_paths_that_look_like_formulas_are_defused(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": ["=cmd()", "b"], "error": ["missing", None]})
    report(table, tmp_path, 0.5)
    assert (tmp_path / "missing.csv").read_text() == "path,reason\n'=cmd(),missing\n"


def test_over_the_limit_says_how_many_which_where_and_what_to_do(tmp_path: Path) -> None:
    table = stored("missing", None, "unreadable: half", "missing", "missing", *[None] * 15)
    with pytest.raises(ArtExtractError) as caught:
        report(table, tmp_path, 0.1)
    message = str(caught.value)
    assert "the images: 3 images are missing and 1 unreadable of 20, more than the limit of 10.0%" in message
    assert "First: a/0.jpg (missing), a/2.jpg (unreadable: half), a/3.jpg (missing)." in message
    assert f"{tmp_path}/missing.csv" in message and message.endswith("Remedy: get them")
    assert len(pd.read_csv(tmp_path / "missing.csv")) == 3  # the whole list is there to act upon


def test_nothing_stored_is_an_error_at_any_limit(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match="2 images are missing"):
        report(stored("missing", "missing"), tmp_path, 0.999999)
    with pytest.raises(ArtExtractError, match="of 0"):
        report(stored(), tmp_path, 0.5)


@given(st.integers(1, 120), st.integers(0, 120), st.integers(0, 99))
@example(100, 29, 29)  # .29 * 100 is 28.999999999999996
def test_limit_is_the_largest_accepted_share(
    tmp_path_factory: pytest.TempPathFactory, total: int, failed: int, percent: int
) -> None:
    failed = min(failed, total)
    table = stored(*["missing"] * failed, *[None] * (total - failed))
    accepted = Fraction(failed, total) <= Fraction(percent, 100) and failed < total
    folder = tmp_path_factory.mktemp("reports")
    if accepted:
        assert report(table, folder, percent / 100)["missing"] == failed
    else:
        with pytest.raises(ArtExtractError, match="more than the limit"):
            report(table, folder, percent / 100)
