"""No cell of a CSV is a formula, and what was written is read back."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core import files
from artextract.core.spreadsheet import defused, is_formula, read_csv, restored, without_commands
from tests.conftest import ROOT

LIVE = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1", "\xa0=1", "\u3000=1", "\ufeff=1", "\u200b=1",
    "\x00=1", "＝1+1", "＋1", "－1+1", "＠SUM(1)", "﹦1", "%0A=1", "%0a=1", "%09=1", " %0D=1", "'=1", "''=1", "-", "=",
    "-1-1", "+49 30 1", "=cmd|' /C calc'!A0",
]  # fmt: skip
DEAD = ["", "plain", "a=b", "-1.5", "+2", "-1e-7", "-12,5", "-5%", "'", "'t Hooft", "''", "(=1)", "1;2", "a - b", "é"]


@pytest.mark.parametrize("text", LIVE)
def test_what_a_program_may_run_is_text(text: str) -> None:
    assert defused(text).startswith("'")
    assert restored(defused(text)) == without_commands(text)


@pytest.mark.parametrize("text", DEAD)
def test_other_text_and_numbers_stay(text: str) -> None:
    assert defused(text) == text == restored(text) and not is_formula(text)


def test_what_names_a_file_stays_seen_or_not_and_what_commands_goes() -> None:
    path = "Baroque/mestre-ata\u00e3\u00adde_a\x9b\u200d.jpg"  # as in WikiArt's lists
    assert defused(path) == path
    assert without_commands("a\x1b[31m\x00\u202eb\tc\r\nd\ud800") == "a[31mb c\nd\ufffd"


def test_no_separator_of_other_countries_makes_a_formula() -> None:
    text = "harbour;=1+1;-x\n@y;1"
    assert restored(defused(text)) == text
    line = io.StringIO()
    csv.writer(line).writerow(["a", defused(text), "b"])
    for separator in ",;\t":
        cells = [c for row in csv.reader(io.StringIO(line.getvalue()), delimiter=separator) for c in row]
        assert not [cell for cell in cells if cell.lstrip(' "')[:1] in ("=", "@", "-", "+")], separator
    assert not [row for row in line.getvalue().split("\n") if row[:1] in ("=", "@", "-", "+")]


@given(st.text(st.sampled_from("=+-@'; \n\t\r%0Aa1.\ufeff＝")))
def test_everything_that_was_written_is_read_back(text: str) -> None:
    assert restored(defused(text)) == without_commands(text)
    assert not is_formula(defused(text)) or defused(text).startswith("'")


def test_every_csv_has_safe_cells_and_names_and_is_read_back(tmp_path: Path) -> None:
    texts = ["=1", "-1.5", "NA", "", "a\r=1"]
    table = pd.DataFrame(
        {
            "=name": pd.Series(texts, dtype="str"),
            "kind": pd.Categorical(["@a", "b", "@a", "b", "b"]),
            "file": [Path("=x"), Path("y"), 3, -2, None],
            "n": [-1.5, 2, np.nan, -0.25, 1],
            "whole": pd.array([-1, None, 2, 3, 4], dtype="Int64"),
            "true": [True, False, True, True, False],
        }
    )
    files.write_table(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    assert header == ["'=name", "kind", "file", "n", "whole", "true"]
    assert rows[0] == ["'=1", "'@a", "'=x", "-1.5000", "-1", "True"] and rows[1][0] == "-1.5" and rows[3][2] == "-2"
    read = read_csv(tmp_path / "t.csv", keep_default_na=False, na_values={"n": ""}, dtype={"=name": str})
    assert read["=name"].tolist() == ["=1", "-1.5", "NA", "", "a\n=1"] and read["kind"].tolist() == list(table["kind"])
    assert read["n"].tolist()[:2] == [-1.5, 2]


def test_two_columns_of_one_name_and_no_column_are_written(tmp_path: Path) -> None:
    files.write_table(tmp_path / "t.csv", pd.DataFrame([["=1", "b"]], columns=["a", "a"]))
    assert (tmp_path / "t.csv").read_text() == "a,a\n'=1,b\n"
    files.write_table(tmp_path / "t.csv", pd.DataFrame(columns=pd.Index(["path", "reason"])))
    assert (tmp_path / "t.csv").read_text() == "path,reason\n"


WRITERS = {  # whatever else makes a CSV, and why it may
    "src/artextract/core/files.py": "the one writer",
    "src/artextract/core/atomic.py": "the one writer",
    "src/artextract/data/sample/as_artgan.py": "the sample in ArtGAN's own form, in a scratch folder",
    "src/artextract/data/sample/as_nga.py": "the sample in the museum's own form, in a scratch folder",
    "src/artextract/runs/qrels.py": "TREC's files of judgements, for programs",
}


def test_nothing_but_the_one_writer_makes_a_csv() -> None:
    code = [path for room in ("src", "stages", "benchmarks") for path in (ROOT / room).rglob("*.py")]
    makes = re.compile(r"\.to_csv\(|csv\.(?:Dict)?[Ww]riter\(|\.savetxt\(|\.to_excel\(")
    found = {path.relative_to(ROOT).as_posix() for path in code if makes.search(path.read_text(encoding="utf-8"))}
    assert found <= set(WRITERS), "write tables by core.files.write_table"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_page_of_the_explorer_has_the_same_rules() -> None:
    texts = [without_commands(text) for text in (*LIVE, *DEAD, "harbour;=1+1;-x\n@y;1")]
    module = (ROOT / "src/artextract/explorer/page/js/exports.js").as_uri()
    code = f"import {{ defused }} from {json.dumps(module)};"
    code += f"console.log(JSON.stringify({json.dumps(texts)}.map(defused)))"
    command = ["node", "--experimental-default-type=module", "--input-type=module", "-e", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [defused(text) for text in texts]
