"""The pictures that a user names are found, each once and with a name of its own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from artextract.classification.prediction.pictures import choose, find_pictures, of_collection
from artextract.core.errors import ArtExtractError
from artextract.data.images.decode import decode
from artextract.data.images.reasons import UnreadableImage
from tests.broken_pictures import write_broken
from tests.conftest import jpeg
from tests.toys import painting, toy_collection


def names(*given: object) -> list[str]:
    return [picture.name for picture in find_pictures([str(place) for place in given])]


def test_folders_are_searched_and_what_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    for name in ("b/c/2.png", "a.JPG", "b/1.jpeg", ".hidden.jpg", "__MACOSX/a.jpg", ".git/x.jpg", "notes.txt", "x.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert names(tmp_path) == ["a.JPG", "b/1.jpeg", "b/c/2.png"]
    assert names(tmp_path / "b") == ["1.jpeg", "c/2.png"]


@pytest.mark.parametrize("suffix", ["heic", "avif", "webp", "tif", "bmp", "gif"])
def test_other_formats_are_found_and_read(tmp_path: Path, suffix: str) -> None:
    from artextract.data.images.formats import image_suffixes

    image_suffixes()  # registers HEIC
    Image.new("RGB", (32, 24), (200, 40, 40)).save(tmp_path / f"p.{suffix}")
    (found,) = find_pictures([str(tmp_path)])
    assert decode(found.read()).size == (32, 24)


def test_several_places_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one/p.jpg", "two/p.jpg", "two/deep/q.jpg", "[odd]/r.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")
    assert names("one/", "two") == ["one/p.jpg", "two/deep/q.jpg", "two/p.jpg"]
    assert names("one/p.jpg", "one") == ["one/p.jpg"]
    assert names("*/p.jpg") == ["one/p.jpg", "two/p.jpg"]
    assert names("**/q.jpg") == ["two/deep/q.jpg"]
    assert names("[odd]/r.jpg") == ["[odd]/r.jpg"]
    with pytest.raises(ArtExtractError, match="no file fits"):
        names("*.webp")


def test_archives_and_shards(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("top/Style/p.jpg", painting(0, 0))
        archive.writestr("top/Style/q.jpg", painting(1, 1))
    assert names(tmp_path / "a.zip") == ["Style/p.jpg", "Style/q.jpg"]
    assert find_pictures([str(tmp_path / "a.zip")])[0].read() == painting(0, 0)
    toy_collection(tmp_path / "shards", ["val"] * 2)
    assert names(tmp_path / "shards") == ["shard-00000-0000.jpg", "shard-00000-0001.jpg"]


def test_single_pictures_need_no_table_and_folders_get_one(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"x")
    assert choose([str(tmp_path / "p.jpg")], None).table is None
    assert choose([str(tmp_path)], None).table == Path("predictions.csv")


def test_a_collection_gives_its_works_with_their_titles(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match="not stored yet"):
        of_collection(tmp_path)
    _, index = toy_collection(tmp_path / "data/nga", ["val"] * 3)
    index.assign(title=["A", "B", "C"]).to_parquet(tmp_path / "data/nga/index.parquet")
    chosen = of_collection(tmp_path)
    assert [picture.name for picture in chosen.pictures] == ["p0", "p1", "p2"]
    assert chosen.table == tmp_path / "predictions.csv"
    assert isinstance(chosen.columns, pd.DataFrame) and chosen.columns["title"].tolist() == ["A", "B", "C"]
    assert decode(chosen.pictures[1].read()).size == (32, 32)


def test_what_cannot_be_read_is_named_too_and_links_are_followed(tmp_path: Path) -> None:
    write_broken(tmp_path / "pictures")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/a.jpg").write_bytes(jpeg(1))
    (tmp_path / "pictures/linked").symlink_to(tmp_path / "disk")
    found = {picture.name: picture for picture in find_pictures([str(tmp_path / "pictures")])}
    assert found["linked/a.jpg"].read() == jpeg(1)
    for name in ("pipe.jpg", "dangling-link.jpg", "link-to-itself.jpg", "6-GB.jpg"):
        with pytest.raises(UnreadableImage):
            found[name].read()
