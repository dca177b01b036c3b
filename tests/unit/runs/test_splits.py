from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart.lists import SPLITS
from artextract.runs import splits
from tests.command import artextract as command
from tests.conftest import ROOT, test_data
from tests.wikiart import section

NAMES = ["image_disjoint.csv", "painter_disjoint.csv", "splits.json"]


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """Sixty images by twelve painters, a third of them validation; the first one has a copy in another folder."""
    folder = tmp_path / "lists"
    paths = [f"S{i % 2}/painter{i % 12}_work-{i}.jpg" for i in range(60)]
    for task in TASKS:
        base = folder / task.capitalize()
        base.mkdir(parents=True)
        (base / f"{task}_class.txt").write_text("0 one\n1 two\n")
        for split in SPLITS:
            chosen = [path for i, path in enumerate(paths) if (i % 3 == 0) == (split == "val")]
            if (task, split) == ("style", "train"):
                chosen.append("S1/painter0_work-0.jpg")
            (base / f"{task}_{split}.csv").write_text("".join(f"{path},{path[1]}\n" for path in chosen))
    return folder


def written(folder: Path, lists: Path, seed: int = 1) -> pd.DataFrame:
    return splits.write(folder, splits.rows_of_lists(lists, section(), seed), 0.2, seed)


def test_files_of_the_lists_alone(lists: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    table = written(out, lists)
    assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", *NAMES]
    lines = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}" for name in NAMES]
    assert (out / "SHA256SUMS").read_text().splitlines() == lines  # as `sha256sum -c` reads them
    track = pd.read_csv(out / "image_disjoint.csv")
    copies = track[track["path"].str.endswith("/painter0_work-0.jpg")]
    assert len(track) == 61 and copies["style_split"].tolist() == ["val", "guarded"] and copies["work"].nunique() == 1
    assert (track["style_split"] == "val").sum() == 20 and (track["style_split"] == "select").sum() == 8
    about = json.loads((out / "splits.json").read_text())
    assert about["images"] == {"image_disjoint": 61, "painter_disjoint": 61} and len(about["lists_sha256"]) == 6
    pd.testing.assert_frame_equal(splits.check(out), table)


def test_the_same_lists_give_the_same_files_and_another_seed_others(lists: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        written(tmp_path / name, lists, seed)
    sums = [(tmp_path / name / "SHA256SUMS").read_text() for name in "abc"]
    assert sums[0] == sums[1] != sums[2]


def test_a_changed_or_missing_file_is_found(lists: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in NAMES:
        written(out, lists)
        path = out / name
        path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
        with pytest.raises(ArtExtractError, match=f"{name}: is not the file that SHA256SUMS describes"):
            splits.check(out)
        path.unlink()
        with pytest.raises(ArtExtractError, match=f"{name}: is missing"):
            splits.check(out)
    (out / "SHA256SUMS").unlink()
    with pytest.raises(ArtExtractError, match=r"SHA256SUMS: is missing.*\n.*splits write"):
        splits.check(out)


def test_a_track_that_is_not_disjoint_is_found_in_spite_of_right_checksums(lists: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written(out, lists)
    path, old = out / "image_disjoint.csv", hashlib.sha256((out / "image_disjoint.csv").read_bytes()).hexdigest()
    path.write_text(path.read_text().replace("guarded", "train", 1))
    sums = (out / "SHA256SUMS").read_text()
    (out / "SHA256SUMS").write_text(sums.replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))
    with pytest.raises(ArtExtractError, match="is on two sides: train and val"):
        splits.check(out)


def test_an_index_of_an_unguarded_run_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    n = 30
    index = pd.DataFrame({"id": [f"S/p{i}_w.jpg" for i in range(n)], "group": np.arange(n)})
    for task in TASKS:
        index[task] = pd.array([i % 2 for i in range(n)], dtype="Int64")
        index[f"{task}_split"] = pd.array(["train" if i % 3 else "val" for i in range(n)], dtype="string")
    path = tmp_path / "index.parquet"
    index.to_parquet(path)
    splits.write(tmp_path / "good", splits.rows_of_index(path), 0.2, 1)
    assert splits.check(tmp_path / "good")["val"].iloc[0] == 10
    index.loc[1, "group"] = 0  # a copy of a validation image that is trained on
    index.to_parquet(path)
    with pytest.raises(ArtExtractError, match="work 0 is on two sides"):
        splits.write(tmp_path / "bad", splits.rows_of_index(path), 0.2, 1)
    assert not (tmp_path / "bad").exists()


def test_the_command_line(
    lists: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTEXTRACT_ARTGAN_LISTS", str(lists))
    monkeypatch.delenv("ARTEXTRACT_WIKIART", raising=False)  # the images need not be there
    assert command("splits", "write", "out") == 2
    assert "--lists" in capsys.readouterr().err
    assert command("splits", "write", "out", "--lists") == 0
    said = capsys.readouterr().out
    assert command("splits", "check", "out") == 0
    assert capsys.readouterr().out == said and "painter_disjoint, fold 4" in said


@pytest.mark.long
@pytest.mark.real
def test_the_documented_checksums_are_those_of_the_published_lists(tmp_path: Path) -> None:
    from artextract.params.reading import read_params

    p = read_params(ROOT / "params.yaml")
    rows = splits.rows_of_lists(test_data("artgan_lists"), p.artgan, p.seed)
    splits.write(tmp_path, rows, p.artgan.select_fraction, p.seed)
    page = (ROOT / "docs" / "splits.md").read_text(encoding="utf-8")
    for line in (tmp_path / "SHA256SUMS").read_text().splitlines():
        assert line in page
