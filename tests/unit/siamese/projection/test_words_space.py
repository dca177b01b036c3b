"""The cross-modal head: applied as written, refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from artextract.core.errors import ArtExtractError
from artextract.siamese.projection.words_space import words_vectors

IMAGES = np.eye(3, 4, dtype=np.float32)


def test_by_hand(tmp_path: Path):
    weight = np.array([[2, 0], [0, 3], [0, 0], [0, 0]], dtype=np.float32)
    save_file({"mean": np.zeros(4, dtype=np.float32), "weight": weight}, tmp_path / "h.safetensors")
    np.testing.assert_array_equal(words_vectors(IMAGES, tmp_path / "h.safetensors"), [[1, 0], [0, 1], [0, 0]])
    save_file({"mean": IMAGES[0], "weight": weight}, tmp_path / "h.safetensors")
    np.testing.assert_allclose(
        words_vectors(IMAGES, tmp_path / "h.safetensors")[1], np.array([-2, 3]) / np.sqrt(13), atol=1e-6
    )


def test_missing_broken_or_another_head(tmp_path: Path):
    path = tmp_path / "h.safetensors"
    with pytest.raises(ArtExtractError, match=r"h\.safetensors: the cross-modal head, .* is missing") as caught:
        words_vectors(IMAGES, path)
    assert caught.value.remedy == "`dvc repro train_siamese`"
    path.write_bytes(b"nothing")
    with pytest.raises(ArtExtractError, match="not readable as safetensors"):
        words_vectors(IMAGES, path)
    save_file({"weight": np.ones((4, 2), dtype=np.float32)}, path)
    with pytest.raises(ArtExtractError, match="no cross-modal head"):
        words_vectors(IMAGES, path)
    save_file({"mean": np.ones(5, dtype=np.float32), "weight": np.ones((5, 2), dtype=np.float32)}, path)
    with pytest.raises(ArtExtractError, match="maps 5 dimensions, and the image embedding has 4"):
        words_vectors(IMAGES, path)
