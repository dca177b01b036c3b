"""Broken pictures end as rows with fixed reasons, the same bytes in every run and in every folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from artextract.core.tasks import TASKS
from artextract.data.museum import collect as museum_collect
from artextract.data.museum.fetch import Getter
from artextract.data.wikiart.prepare import Layout, prepare
from tests.broken_pictures import write_broken
from tests.conftest import jpeg
from tests.museum import museum, painting, write_tables
from tests.unit.collections.own_toys import collected
from tests.unit.data.museum.test_collect import nga
from tests.wikiart import section

OF_A_RUN = re.compile(rb"0x[0-9a-f]{6}|BytesIO|Errno|\w(Error|Exception): | at 0x|/tmp/|\bpid\b")


def wikiart(root: Path) -> dict[str, str]:
    codes = write_broken(root / "pictures/Baroque")
    (root / "pictures/Baroque/whole.jpg").write_bytes(jpeg(1))
    paths = [f"Baroque/{name}.jpg" for name in [*codes, "whole"]]
    for task in TASKS:
        base = root / "pictures" / task.capitalize()
        base.mkdir()
        (base / f"{task}_class.txt").write_text("0 Baroque\n1 Other\n")
        (base / f"{task}_train.csv").write_text("".join(f"{path},0\n" for path in paths))
        (base / f"{task}_val.csv").write_text("Baroque/whole-too.jpg,1\n")
    (root / "pictures/Baroque/whole-too.jpg").write_bytes(jpeg(2))
    folder = root / "pictures"
    params = section(max_missing_fraction=0.99)
    prepare(Layout(folder, [folder]), params, seed=1, out=root / "out", metrics=root / "out/m.json", notes={})
    return {f"Baroque/{name}.jpg": code for name, code in codes.items()}


def nga_folder(root: Path) -> dict[str, str]:
    codes = write_broken(root / "images")
    ids = dict(enumerate(codes, 2))
    for number, name in ids.items():
        (root / "images" / f"{name}.jpg").rename(root / "images" / f"{number}.jpg")
    (root / "images/link-to-itself.jpg").unlink(missing_ok=True)
    (root / "images/1.jpg").write_bytes(jpeg(1))
    write_tables(root, museum([painting(number) for number in (1, *ids)]))
    museum_collect.collect(
        root,
        nga(max_failed_fraction=0.99),
        getter=Getter(root=root),
        page="https://museum.example/{id}",
        out=root / "out",
        metrics=root / "out/m.json",
        notes={},
    )
    return {str(number): codes[name] for number, name in ids.items()}


def twice(tmp_path: Path, run: Callable[[Path], dict[str, str]]) -> tuple[Path, dict[str, str]]:
    """Run it in two folders; all outs must be equal and hold nothing of the run or of the place."""
    roots = [tmp_path / "a", tmp_path / "another place, with a longer name"]
    codes, _ = (run(root) for root in roots)
    outs = [{p.relative_to(r): p.read_bytes() for p in sorted((r / "out").rglob("*")) if p.is_file()} for r in roots]
    assert list(outs[0]) == list(outs[1])
    for name, content in outs[0].items():
        assert content == outs[1][name], name
        if name.suffix in (".csv", ".json"):
            assert not OF_A_RUN.search(content), OF_A_RUN.search(content)
    return roots[0] / "out", codes


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("run", [wikiart, nga_folder])
def test_each_broken_file_has_its_reason_and_outs_repeat(tmp_path: Path, run) -> None:
    out, codes = twice(tmp_path, run)
    told = pd.read_csv(out / "unreadable.csv", keep_default_na=False)
    assert dict(zip(told["path"].astype(str), told["code"], strict=True)) == codes
    assert (told["reason"] != "").all()
    assert pd.read_csv(out / "missing.csv").empty


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
def test_outs_of_a_collection_of_ones_own_repeat(tmp_path: Path) -> None:
    def run(root: Path) -> dict[str, str]:
        codes = write_broken(root / "pictures")
        (root / "pictures/whole.png").write_bytes(jpeg(1))
        (root / "out/params.yaml").parent.mkdir(parents=True)
        collected(root / "out", root / "pictures", None, [], max_failed_fraction=0.99)
        return codes

    out, codes = twice(tmp_path, run)
    told = pd.read_csv(out / "problems.csv", keep_default_na=False)
    assert sorted(told["file"]) == sorted(f"{name}.jpg" for name in codes) and (told["remedy"] != "").all()
