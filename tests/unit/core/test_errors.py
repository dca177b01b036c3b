from __future__ import annotations

import pytest

from artextract.core.errors import ArtExtractError


@pytest.mark.parametrize(
    ("where", "remedy", "message"),
    [
        (None, None, "too few rows"),
        ("index.parquet", None, "index.parquet: too few rows"),
        (None, "add rows", "too few rows\nRemedy: add rows"),
        ("index.parquet", "add rows", "index.parquet: too few rows\nRemedy: add rows"),
    ],
)
def test_message_says_what_where_and_remedy(where: str | None, remedy: str | None, message: str) -> None:
    assert str(ArtExtractError("too few rows", where=where, remedy=remedy)) == message


def test_parts_stay_readable() -> None:
    error = ArtExtractError("p", where="w", remedy="r")
    assert (error.problem, error.where, error.remedy) == ("p", "w", "r")
