"""The pipeline of a user's collection follows from that of the repository."""

from __future__ import annotations

import yaml

from artextract.collections.pipeline import CODE, SOURCE, TASK_1, as_text, repository_pipeline, sections
from tests.conftest import ROOT

REPOSITORY = yaml.safe_load((ROOT / "dvc.yaml").read_text())
OWN = repository_pipeline(ROOT)


def test_it_has_every_stage_but_those_of_task_1_and_the_look_at_the_source():
    assert list(OWN["stages"]) == [SOURCE, *[name for name in REPOSITORY["stages"] if name not in TASK_1]]
    assert OWN["stages"][SOURCE]["always_changed"]


def test_code_is_two_folders_up_and_data_are_next_to_the_pipeline():
    for name, stage in OWN["stages"].items():
        assert stage["cmd"].startswith("PYTHONPATH=../.. python -m stages."), name
        for dep in stage.get("deps", []):
            assert not dep.startswith(CODE)
            assert not dep.startswith("../../") or (ROOT / dep.removeprefix("../../")).exists(), dep


def test_no_stage_waits_for_what_task_1_makes():
    made = {"data/artgan", "data/class_weights.json", "data/model", "data/evaluation", "metrics/auc.json"}
    made.add("data/sources/artgan.json")
    for stage in OWN["stages"].values():
        assert not [d for d in stage.get("deps", []) if any(d == m or d.startswith(f"{m}/") for m in made)]


def test_plots_are_those_of_its_own_stages():
    text = yaml.safe_dump(OWN["plots"])
    assert "plots/similarity" in text and "plots/siamese" in text
    assert "plots/classification" not in text and "plots/training" not in text


def test_the_text_is_the_content_and_sections_are_all_that_stages_read():
    assert yaml.safe_load(as_text(OWN)) == OWN
    assert {"nga", "image_encoder", "seed"} <= set(sections(OWN["stages"]))
    assert "train" not in sections(OWN["stages"])
