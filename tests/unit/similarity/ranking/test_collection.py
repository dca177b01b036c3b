from __future__ import annotations

import pytest

from artextract.core import memory
from artextract.core.errors import ArtExtractError
from artextract.similarity.ranking.collection import require_room_for_pairs


def test_more_works_than_fit_are_refused_with_the_parameter_that_limits_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 22_500_000_000)
    for works in (174, 5_000, 10_000):  # measured: 2.5 and 7 GB
        require_room_for_pairs(works)
    with pytest.raises(
        ArtExtractError, match=r"24,000 works .* 42\.2 GB .* 22\.5 GB are free\n.*max_objects"
    ):
        require_room_for_pairs(24_000)
    monkeypatch.setattr(memory, "free_memory", lambda: 100_000_000)
    require_room_for_pairs(174)
