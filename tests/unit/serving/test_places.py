"""A picture's place on a map of many works: by its nearest works and a sample of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from artextract.core.compute import unit_rows
from artextract.explorer.positions import Frame
from artextract.search.index import ExactIndex
from artextract.serving import places
from artextract.serving.places import Places


def test_a_sample_of_the_others_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    """Twelve groups of fifty works, on a ring; a picture of a group comes to lie in it, with 600 works as with 90."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(12), 50)
    centres = rng.standard_normal((12, 16))
    vectors = unit_rows(centres[group] + 0.3 * rng.standard_normal((600, 16)))
    angle = group * np.pi / 6
    positions = 40 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.standard_normal((600, 2))
    frame = Frame.around(positions)
    (tmp_path / "data").mkdir()
    frame.inside(positions).tofile(tmp_path / "data" / "positions.bin")
    manifest = {"maps": [{"key": "image", "frame": frame.described()}]}
    explorer: Any = SimpleNamespace(manifest=lambda: manifest, works=600, folder=tmp_path)
    spaces: Any = SimpleNamespace(there=lambda: ["image"], compared=lambda space, query: (ExactIndex(vectors), query))
    for sample in (2000, 40):
        monkeypatch.setattr(places, "SAMPLE", sample)
        for one in (0, 3, 7):
            picture = unit_rows(centres[one] + 0.3 * rng.standard_normal((1, 16)))
            place = frame.outside(np.array([Places(explorer, cast(Any, spaces)).of(picture)["image"]]))[0]
            assert np.linalg.norm(place - positions[group == one].mean(axis=0)) < 6  # groups are 20 apart
