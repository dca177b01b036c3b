from __future__ import annotations

import tokenize

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.readable import readable


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (ValueError("first\nsecond"), "not readable as JSON: first\nRemedy"),
        (KeyError("mean"), "'mean' is missing"),
        (tokenize.TokenError("EOF", (1, 0)), "EOF"),
        (RecursionError(), "RecursionError"),
        (OSError("Couldn't deserialize thrift"), "thrift"),  # Arrow's, without a number
    ],
)
def test_what_a_library_raises_becomes_a_sentence(raised: Exception, said: str):
    with pytest.raises(ArtExtractError, match=said) as caught, readable("a.json", "JSON", "write it again"):
        raise raised
    assert (caught.value.where, caught.value.remedy) == ("a.json", "write it again")
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("raised", [FileNotFoundError("gone"), PermissionError(13, "no"), OSError(5, "disk")])
def test_what_the_system_says_is_left_as_it_is(raised: OSError):
    with pytest.raises(type(raised)) as caught, readable("a.json", "JSON"):
        raise raised
    assert caught.value is raised
