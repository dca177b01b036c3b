"""A collection whose table is hostile: no CSV of the whole pipeline has a cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

import stages.similarity_eval
import stages.train_siamese
from artextract.core.files import write_table
from artextract.runs.qrels import works_table
from tests.unit.collections.own_toys import collected, embeddings, pictures

BEGINNINGS = ["=", "+", "-", "@", "\t=", "\r=", " =", "\xa0=", "＝", "＋", "－", "＠", "%0A=", "\ufeff=", "\x00=", "'="]
N = 24


def hostile(k: int) -> str:
    return f'{BEGINNINGS[k % len(BEGINNINGS)]}HYPERLINK("https://x.example",{k});=1+1'


def live(cell: str) -> bool:
    """Whether a program that strips blanks, decodes addresses or knows wide letters would run a cell."""
    seen = unicodedata.normalize("NFKC", cell.replace("%0A", "").replace("%0a", "").replace("\ufeff", "")).strip()
    if not seen.startswith(("=", "+", "-", "@")) and not cell.startswith(("\t", "\r", "\n")):
        return False
    try:
        float(seen)
    except ValueError:
        return True
    return False


def live_cells(root: Path) -> list[tuple[str, str]]:
    found = []
    for path in root.rglob("*.csv"):
        for separator in ",;\t":
            with path.open(encoding="utf-8-sig", newline="") as handle:
                cells = {cell for row in csv.reader(handle, delimiter=separator) for cell in row}
            found += [(path.relative_to(root).as_posix(), cell) for cell in cells if live(cell)]
    return found


@pytest.mark.slow
def test_no_cell_of_any_csv_is_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, root = pictures(tmp_path / "pictures", N), tmp_path / "mine"
    rows = [
        {"file": f"w{k}.jpg", "title": hostile(k), "artist": hostile(k // 4), "date": 1800 + k,
         "=school": hostile(k % 2), "keywords": hostile(k % 3), "credit": hostile(k)}
        for k in range(N)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "list.csv", index=False)
    (folder / "=broken.jpg").write_bytes(b"no picture")
    index = collected(root, folder, tmp_path / "list.csv", ["=school"])
    embeddings(root, N)
    monkeypatch.chdir(root)
    stages.train_siamese.main()
    stages.similarity_eval.main()
    write_table(root / "qrels.csv", works_table(index))
    assert len(index) == N and index["title"].str.contains("HYPERLINK").all()
    assert len(list(root.rglob("*.csv"))) >= 12 and live_cells(root) == []
