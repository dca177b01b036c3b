"""A file gives the same projection, and what is something else is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from artextract.core.errors import ArtExtractError
from artextract.siamese.projection.projection import Projection, project, projected
from artextract.siamese.projection.saved import load_projection, save_projection
from tests.unit.siamese.projection.test_heads import IMAGES, closed, started


@pytest.mark.parametrize("net", [started(), closed()])
def test_file_gives_the_same_projection_and_the_same_bytes(net: Projection, tmp_path: Path):
    one, two = tmp_path / "a" / "p.safetensors", tmp_path / "b" / "p.safetensors"
    save_projection(one, net)
    loaded = load_projection(one)
    assert type(loaded) is type(net)
    np.testing.assert_array_equal(project(loaded, IMAGES), project(net, IMAGES))
    save_projection(two, loaded)
    assert one.read_bytes() == two.read_bytes()
    with safe_open(one, "pt") as file:
        assert len(file.metadata() or {}) <= 1  # two or more are written in another order each time


@pytest.mark.parametrize("net", [started(), closed()])
def test_embeddings_of_another_size_are_refused(net: Projection):
    np.testing.assert_array_equal(projected(net, IMAGES), project(net, IMAGES))
    np.testing.assert_array_equal(projected(net, IMAGES, 0.3), project(net, IMAGES, 0.3))
    with pytest.raises(ArtExtractError, match=r"maps 10 dimensions, and the image embedding has 9"):
        projected(net, IMAGES[:, :-1])


def test_what_is_not_a_projection_is_refused(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="no such file"):
        load_projection(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    save_file({"weight": np.zeros((3, 2), np.float32)}, tmp_path / "part.safetensors")
    save_file({"mean": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    for name in ("bad", "part", "other"):
        with pytest.raises(ArtExtractError, match="not readable as a siamese projection"):
            load_projection(tmp_path / f"{name}.safetensors")
