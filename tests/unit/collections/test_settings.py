"""The parameters of a user's collection: sections that act there, values that suit it, comments kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from artextract.collections.pipeline import repository_pipeline, sections
from artextract.collections.settings import blocks, changed, completed, params_text
from artextract.params.reading import load_params, read_params
from tests.conftest import ROOT

TEXT = (ROOT / "params.yaml").read_text(encoding="utf-8")
KEYS = sections(repository_pipeline(ROOT)["stages"])


def test_every_key_of_the_file_is_a_block():
    assert set(blocks(TEXT)) == set(read_params(ROOT / "params.yaml").model_dump())


@pytest.mark.parametrize("works", [1, 5, 174, 5000])
def test_it_is_valid_and_holds_no_section_of_task_1(tmp_path: Path, works: int):
    path = tmp_path / "params.yaml"
    path.write_text(params_text(TEXT, KEYS, works=works, labels=['"Schule", x', "b"]), encoding="utf-8")
    found = load_params(*KEYS, path=path)
    assert found.nga.source == "own" and found.nga.labels == ['"Schule", x', "b"]
    assert found.explorer.parts == ["siamese", "similarity"]
    assert found.image_encoder == read_params(ROOT / "params.yaml").image_encoder
    assert "train:" not in path.read_text(encoding="utf-8")
    assert "# stored images are reduced" in path.read_text(encoding="utf-8")


def test_another_encoder_comes_from_the_hub(tmp_path: Path):
    path = tmp_path / "params.yaml"
    path.write_text(params_text(TEXT, KEYS, works=50, labels=[], encoder="tf_efficientnet_b7"), encoding="utf-8")
    encoder = load_params("image_encoder", path=path).image_encoder
    assert (encoder.name, encoder.weights, encoder.sha256) == ("tf_efficientnet_b7", "hub", "")


def test_a_key_that_is_not_there_is_not_invented():
    with pytest.raises(KeyError):
        changed("nga:\n  source: met\n", {"surce": "own"})


def test_sections_and_keys_that_came_later_are_added_and_the_rest_stays():
    old = params_text(TEXT, KEYS, works=50, labels=["school"])
    nga, tsne = blocks(old)["nga"], blocks(old)["tsne"]
    older = old.replace(nga, "\n".join(line for line in nga.splitlines() if "near_dup" not in line) + "\n").replace(
        tsne, ""
    )
    older = older.replace("max_side: 640", "max_side: 320")
    made = yaml.safe_load(completed(older, TEXT, KEYS, works=50))
    wanted = yaml.safe_load(old)
    wanted["nga"]["max_side"] = 320
    assert made == wanted and completed(old, TEXT, KEYS, works=50) == old
