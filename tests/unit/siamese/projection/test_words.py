"""The cross-modal head finds unseen paintings by words, and is the file that the search reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.siamese.projection.words import fit_head, known_item_rank, save_head, words_vectors
from tests.unit.siamese_toys import two_subjects

IMAGES = np.eye(3, 4, dtype=np.float32)


def test_words_find_unseen_works_of_their_subject(tmp_path: Path):
    images, titles, index, subject = two_subjects(faint=2.0)
    path = tmp_path / "new" / "h.safetensors"
    head = fit_head(index, images, titles, np.arange(90), 1.0)
    save_head(path, head)
    places = words_vectors(images, path)
    sea = unit_rows(np.array([[0.1, 1.0]])) @ places.T
    assert (subject[90:] == (sea[0, 90:] > 0)).mean() > 0.9
    first = path.read_bytes()
    save_head(path, head)
    assert path.read_bytes() == first


def test_the_mean_title_ranks_nothing():
    images, titles, index, _ = two_subjects()
    rows = np.arange(90)
    head = fit_head(index, images, titles, rows, 1.0)
    np.testing.assert_allclose(head["weight"] @ titles[rows].mean(axis=0), 0, atol=1e-6)
    assert head["mean"].dtype == head["weight"].dtype == np.float32
    assert head["mean"].shape == (16,) and head["weight"].shape == (16, 2)


def test_untitled_works_teach_nothing():
    images, titles, index, _ = two_subjects()
    rows = np.arange(40)
    index.loc[:9, "title"] = "Untitled"
    one, two = (fit_head(index, images, titles, r, 1.0) for r in (rows, rows[10:]))
    np.testing.assert_array_equal(one["weight"], two["weight"])


def test_known_item_rank_by_hand():
    words = np.eye(3)
    places = unit_rows(np.array([[1, 0.5, 0], [1, 0.9, 0], [1, 0, 0.1]]))
    queries = np.arange(3)
    assert known_item_rank(words, places, queries, queries).tolist() == [2, 1, 1]
    assert known_item_rank(words, places, queries, np.array([0, 1, 0])).tolist() == [1, 1, 1]  # 2 is of its group
    equal = np.ones((3, 3))
    assert known_item_rank(words, equal, queries, queries).tolist() == [3, 3, 3]  # a tie is no find


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
