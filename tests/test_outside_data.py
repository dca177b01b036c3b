"""Data outside the repository are part of DVC's key: real DVC in a copy of this checkout, small folders of data."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from artextract.core.tasks import TASKS
from artextract.data.wikiart.lists import SPLITS
from tests.checkouts import Checkout, copy_of_this_checkout
from tests.conftest import jpeg
from tests.museum import museum, painting, view, write_tables

pytestmark = pytest.mark.slow


class Project(Checkout):
    """A copy of this checkout whose sources are folders, and what the first stage of a task made of them."""

    def set(self, old: str, new: str) -> None:
        path = self.folder / "params.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def point(self, variable: str, value: Path | str) -> None:
        self.env[variable] = str(value)

    def repro(self, stage: str, *options: str) -> str:
        return self.run("dvc", "repro", *options, stage)

    def index(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "data" / name / "index.parquet")

    def record(self, stage: str) -> dict:
        return json.loads((self.folder / "metrics" / f"{stage}.json").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = copy_of_this_checkout(tmp_path)
    project = Project(made.folder)
    project.set("  source: met         # met: the sample | folder: ArtGAN", "  source: folder  #")
    project.set("  source: met         # met: the sample | folder: tables", "  source: folder  #")
    project.set("max_missing_fraction: 0.0", "max_missing_fraction: 0.5")
    project.run("git", "commit", "-qam", "folders")
    return project


def write_museum(folder: Path, titles: list[str]) -> None:
    numbers = range(1, len(titles) + 1)
    tables = museum([painting(k, title=title) for k, title in zip(numbers, titles, strict=True)])
    write_tables(folder, tables | {"published_images": [view(k) for k in numbers]})
    (folder / "images").mkdir()
    for k in numbers:
        (folder / "images" / f"{k}.jpg").write_bytes(jpeg(k))


def replace_keeping_size_and_times(path: Path, data: bytes) -> None:
    """As ``cp -p`` would: only the inode and the change time tell."""
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(data.ljust(before.st_size, b"\0"))  # a JPEG may be followed by anything
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_size == before.st_size


def test_a_museums_folder_is_looked_at_at_every_run(project: Project, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_museum(first, ["Harbour", "Portrait", "Apples"])
    write_museum(second, ["Harbour", "Portrait", "Apples", "Boats", "Trees"])
    smaller, larger = sorted((jpeg(1), jpeg(30)), key=len)
    (first / "images" / "1.jpg").write_bytes(larger)

    project.point("ARTEXTRACT_NGA", first)
    assert project.stages_run(project.repro("fetch_nga")) == ["fetch_nga"]
    index, record = project.index("nga"), project.record("fetch_nga")
    files = sum(path.is_file() for path in first.rglob("*"))
    assert (record["source"], record["source_files"], len(index)) == ("folder", files, 3)
    assert str(tmp_path) not in json.dumps(record)
    assert project.stages_run(project.repro("fetch_nga")) == []

    project.point("ARTEXTRACT_NGA", second)
    assert project.stages_run(project.repro("fetch_nga", "-f")) == ["fetch_nga"]  # no entry under the first folder
    assert len(project.index("nga")) == 5

    project.point("ARTEXTRACT_NGA", first)
    project.repro("fetch_nga")
    pd.testing.assert_frame_equal(project.index("nga"), index)

    copy = tmp_path / "copy"
    shutil.copytree(first, copy)
    os.utime(copy / "objects.csv")
    project.point("ARTEXTRACT_NGA", copy)
    assert project.stages_run(project.repro("fetch_nga")) == []

    replace_keeping_size_and_times(copy / "images" / "1.jpg", smaller)
    assert project.stages_run(project.repro("fetch_nga")) == ["fetch_nga"]
    hashes = project.index("nga")["sha256"]
    assert (hashes != index["sha256"]).tolist() == [True, False, False]

    (copy / "images" / "1.jpg").write_bytes(larger)
    (copy / "objects.csv").write_text((copy / "objects.csv").read_text().replace("Portrait", "Hortrait"))
    assert project.stages_run(project.repro("fetch_nga")) == ["fetch_nga"]
    assert project.index("nga")["title"].tolist() == ["Harbour", "Hortrait", "Apples"]

    project.run("git", "restore", ".")
    project.run("dvc", "checkout", "--force", check=False)  # other stages have never run here
    project.point("ARTEXTRACT_NGA", first)
    project.repro("fetch_nga")
    pd.testing.assert_frame_equal(project.index("nga"), index)


@pytest.mark.long
def test_labels_experiments_and_relative_paths(project: Project) -> None:
    folder = project.folder / "mine"
    write_museum(folder, ["Harbour", "Portrait", "Apples"])
    (folder / "motifs.csv").write_text("objectid,motif\n1,ship\n2,face\n3,dog\n")
    project.point("ARTEXTRACT_NGA", "mine")
    labels = ["-S", "nga.labels_file=motifs.csv", "-S", "nga.labels=[motif]"]
    project.run("dvc", "exp", "run", *labels, "fetch_nga")
    assert project.index("nga")["label.motif"].tolist() == ["ship", "face", "dog"]

    (folder / "motifs.csv").write_text("objectid,motif\n1,ship\n2,face\n3,cat\n")
    project.run("dvc", "exp", "run", *labels, "fetch_nga")
    assert project.index("nga")["label.motif"].tolist() == ["ship", "face", "cat"]

    project.run("git", "restore", ".")
    (folder / "motifs.csv").write_text("objectid,motif\n1,ship\n2,face\n3,owl\n")
    output = project.run("dvc", "exp", "run", "--temp", "--name", "apart", *labels, "fetch_nga")
    assert "Ran experiment" in output
    project.run("dvc", "exp", "apply", "apart", check=False)  # it lacks the data of stages that have never run
    project.run("dvc", "checkout", "--force", "data/nga")
    assert project.index("nga")["label.motif"].tolist() == ["ship", "face", "owl"]
    shutil.rmtree(folder)


def test_a_stage_alone_never_reads_data_that_dvc_has_not_seen(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "museum"
    write_museum(folder, ["Harbour", "Portrait"])
    project.point("ARTEXTRACT_NGA", folder)
    project.repro("fetch_nga")
    (folder / "objects.csv").write_text((folder / "objects.csv").read_text().replace("Portrait", "Apples"))
    output = project.run("dvc", "repro", "-s", "-f", "fetch_nga", check=False)
    assert "exited with 2" in output and "without -s" in output and "Traceback" not in output
    project.repro("fetch_nga")
    assert project.index("nga")["title"].tolist() == ["Harbour", "Apples"]


def write_wikiart(images: Path, lists: Path) -> None:
    """Twelve pictures of two classes; every third is validation."""
    names = [f"Style{i % 2}/painter{i}_work.jpg" for i in range(12)]
    for i, name in enumerate(names):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_bytes(jpeg(i))
    for task in TASKS:
        folder = lists / task.capitalize()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{task}_class").write_text("0 one\n1 two\n")
        for split in SPLITS:
            rows = [f"{name},{i % 2}" for i, name in enumerate(names) if (i % 3 == 0) == (split == "val")]
            (folder / f"{task}_{split}.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.long
def test_wikiarts_images_lists_and_manifest_are_looked_at_at_every_run(project: Project, tmp_path: Path) -> None:
    images, lists = tmp_path / "images", tmp_path / "lists"
    write_wikiart(images, lists)
    project.point("ARTEXTRACT_WIKIART", images)
    project.point("ARTEXTRACT_ARTGAN_LISTS", lists)
    assert project.stages_run(project.repro("prepare_artgan")) == ["prepare_artgan"]
    index, record = project.index("artgan"), project.record("prepare_artgan")
    assert (record["source"], record["source_files"]) == ("folder", 12 + 9)
    assert project.stages_run(project.repro("prepare_artgan")) == []

    path = images / "Style1" / "painter1_work.jpg"
    original = path.read_bytes()
    replace_keeping_size_and_times(path, jpeg(100, quality=30))
    assert project.stages_run(project.repro("prepare_artgan")) == ["prepare_artgan"]
    assert (project.index("artgan")["sha256"] != index["sha256"]).sum() == 1
    path.write_bytes(original)

    train = lists / "Style" / "style_train.csv"
    text = train.read_text()
    train.write_text(text.replace("painter1_work.jpg,1", "painter1_work.jpg,0"))
    assert project.stages_run(project.repro("prepare_artgan")) == ["prepare_artgan"]
    assert (project.index("artgan")["style"] != index["style"]).sum() == 1
    train.write_text(text)

    (images / "manifest.csv").write_text("path,geometry\nStyle1/painter1_work.jpg,square\n")
    assert project.stages_run(project.repro("prepare_artgan")) == ["prepare_artgan"]
    assert project.index("artgan")["stratum"].notna().sum() == 1
    (images / "manifest.csv").unlink()

    project.repro("prepare_artgan")
    pd.testing.assert_frame_equal(project.index("artgan"), index)
