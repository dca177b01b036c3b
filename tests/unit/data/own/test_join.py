"""Rows and files that spell the same picture differently, and those that leave a doubt."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from artextract.data.own.file_names import FileNames, UnsafePath, as_path, slug, unpadded
from artextract.data.own.join import join_by_file, join_by_key

NAMES = st.text(st.sampled_from("abcdéüñç 123-_."), min_size=1, max_size=12).filter(
    lambda n: slug(n) and n == n.strip(" .") and n == n.strip("-_")
)


def joined(cell: str, *files: str) -> list[str]:
    return list(join_by_file([cell], [2], FileNames(files)).file_of.values())


@pytest.mark.parametrize(
    "cell",
    [
        "late/Café au lait.jpg", "Café au lait.jpg", "café au lait", "CAFE AU LAIT.JPG", "late\\Café au lait.jpg",
        "./late/Café au lait.jpg", "C:\\Bilder\\late\\Café au lait.jpg", "/home/me/late/Café au lait.jpg",
        "\\\\server\\share\\Café au lait.jpg", "https://x.org/a/Caf%C3%A9%20au%20lait.jpg?size=9",
        "Caf%C3%A9%20au%20lait.jpg", "Cafe_au_lait.tif",
        unicodedata.normalize("NFD", "Café au lait.jpg"), "  Café au lait.jpg  ", '"Café au lait.jpg"',
    ],
)  # fmt: skip
def test_spellings_of_one_file(cell: str):
    assert joined(cell, "late/Café au lait.jpg", "late/Tea.jpg") == ["late/Café au lait.jpg"]
    decomposed = unicodedata.normalize("NFD", "late/Café au lait.jpg")
    assert joined(cell, decomposed, "late/Tea.jpg") == [decomposed]


@pytest.mark.parametrize("cell", ["../a.jpg", "x/../../etc/passwd", "..\\..\\a.jpg", "/etc/../a.jpg", "C:\\..\\a.jpg"])
def test_paths_that_climb_out_are_listed(cell: str):
    with pytest.raises(UnsafePath):
        as_path(cell)
    result = join_by_file([cell], [7], FileNames(["a.jpg"]))
    assert not result.file_of and result.problems[0].row == 7


def test_the_strictest_spelling_wins():
    files = ["a.jpg", "A.jpg", "sub/a.jpg", "sub/b.jpg"]
    assert joined("a.jpg", *files) == ["a.jpg"]
    assert joined("A.jpg", *files) == ["A.jpg"]
    assert joined("sub/a.jpg", *files) == ["sub/a.jpg"]
    assert joined("elsewhere/sub/a.jpg", *files) == ["sub/a.jpg"]


def test_doubt_is_listed_and_not_guessed():
    for cell, files in [
        ("1.jpg", ["a/1.jpg", "b/1.jpg"]),
        ("é.JPG", ["e.jpg", "è.jpg"]),
        ("a b", ["a-b.jpg", "a_b.jpg"]),
    ]:
        result = join_by_file([cell], [2], FileNames(files))
        assert not result.file_of
        assert all(file in result.problems[0].reason for file in files)


def test_one_picture_in_two_formats_is_one_work():
    result = join_by_file(["a"], [2], FileNames(["a.jpg", "a.tif"]))
    assert result.file_of == {0: "a.jpg"} and result.problems[0].file == "a.tif"


@given(NAMES, st.lists(NAMES, max_size=4), st.sampled_from([str.upper, str.lower, lambda n: n, lambda n: f"x/{n}.png"]))
def test_a_name_finds_its_own_file_or_is_in_doubt(name: str, others: list[str], spell: Callable[[str], str]):
    files = sorted({f"{n}.jpg" for n in (name, *others)})
    result = join_by_file([spell(name)], [2], FileNames(files))
    alone = sum(slug(n) == slug(name) for n in {name, *others}) == 1
    if alone:
        assert result.file_of == {0: f"{name}.jpg"}
    assert len(result.file_of) + len(result.problems) >= 1


@given(st.lists(NAMES, unique_by=slug, min_size=1, max_size=8))
def test_different_names_all_find_their_files(names: list[str]):
    files = [f"folder/{name}.jpg" for name in names]
    result = join_by_file(names, range(len(names)), FileNames(files))
    assert result.file_of == dict(enumerate(files))


@given(st.text(max_size=40))
def test_no_cell_gives_a_path_that_leaves_the_folder(cell: str):
    try:
        path = as_path(cell)
    except UnsafePath:
        return
    assert not path.startswith("/") and ".." not in path.split("/") and "\\" not in path
    root = Path("/pictures")
    assert (root / path).is_relative_to(root)


# --- by number or title


def by_key(keys: list[str], files: list[str], **how: object) -> dict[int, str]:
    return join_by_key(keys, range(2, 2 + len(keys)), files, **({"inside": True} | how)).file_of  # type: ignore[arg-type]


def test_inventory_numbers_in_file_names():
    keys = ["1933.1157", "P 1/0", "SK-A-2344", "12", "1933.11"]
    files = ["Monet_1933.1157_front.jpg", "p_1_0.jpg", "sub/sk-a-2344.tif", "12.jpg", "room 12 view.jpg"]
    assert by_key(keys, files) == {0: files[0], 1: files[1], 2: files[2], 3: files[3]}


def test_a_number_is_no_part_of_another_number():
    assert by_key(["1933.115"], ["1933.1157.jpg", "11933.115.jpg"]) == {}


def test_leading_zeros_only_where_the_whole_name_is_the_number():
    assert by_key(["3"], ["003.jpg"]) == {}
    assert by_key(["3"], ["003.jpg"], inside=False, spell=unpadded) == {0: "003.jpg"}


def test_two_pictures_of_one_work_and_two_rows_with_one_number():
    result = join_by_key(["KMS1234"], [2], ["KMS1234.jpg", "KMS1234 verso.jpg"], inside=True)
    assert result.file_of == {0: "KMS1234.jpg"} and result.problems[0].file == "KMS1234 verso.jpg"
    result = join_by_key(["KMS1234", "kms1234"], [2, 3], ["KMS1234.jpg"], inside=True)
    assert not result.file_of and "rows 2, 3" in result.problems[0].reason


def test_a_file_that_names_two_works_is_left_alone():
    assert by_key(["KMS1234", "KMS5678"], ["KMS1234 and KMS5678.jpg"]) == {}


@given(
    st.lists(st.from_regex(r"[A-Z]{1,3}[-./ ]\d{3,5}[a-c]?", fullmatch=True), unique_by=slug, min_size=1, max_size=6)
)
def test_files_named_after_numbers_find_them(keys: list[str]):
    files = [f"{slug(key)}.jpg" for key in keys]
    assume(len(set(map(slug, keys))) == len(keys))
    assert by_key(keys, files) == dict(enumerate(files))


def test_a_cell_that_names_several_files():
    names = FileNames(["a.jpg", "b.jpg", "c, d.jpg"])
    result = join_by_file(["a.jpg; b", "c, d.jpg", "../x.jpg; a.jpg"], [2, 3, 4], names)
    assert result.file_of == {0: "a.jpg", 1: "c, d.jpg"} and [p.file for p in result.problems] == ["b.jpg", ""]


def test_a_suffix_that_was_added():
    assert joined("A.tif", "a.tif.jpg", "b.jpg") == ["a.tif.jpg"]
    assert joined("1933.11", "1933.11.jpg", "1933.jpg") == ["1933.11.jpg"]
