"""Names of the lists against names of files."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.wikiart.lists import read_lists, union
from artextract.data.wikiart.names import fold, resolve, undo_mojibake
from artextract.data.wikiart.paths import title_key
from tests.conftest import test_data


def spoil(text: str) -> str:
    """What happened to the lists: UTF-8 read as Latin-1, then lower-cased."""
    return text.encode().decode("latin-1").lower()


@pytest.mark.parametrize("name", ["grégoire-michonze", "joaquín-sorolla", "arnold-böcklin", "l’été", "ĳsbrand", "a b"])
def test_mojibake_is_undone(name: str):
    assert undo_mojibake(spoil(name)) == name


@pytest.mark.parametrize("name", ["plain-ascii_1900.jpg", "already-grégoire", "日本", "ÿ", "a\u00e3"])
def test_other_text_comes_back_as_it_is(name: str):
    assert undo_mojibake(name) == name


@given(st.text(alphabet=st.characters(min_codepoint=0xE0, max_codepoint=0xFE), max_size=12))
def test_lower_case_latin_letters_survive_the_round_trip(name: str):
    assert undo_mojibake(spoil(name)) == name


def test_fold_forgets_accents_case_and_punctuation():
    assert fold("Joaquín d'Arc-2.jpg") == fold("joaquin_darc2.JPG") == "joaquindarc2jpg"


def test_exact_names_come_first_and_are_given_to_nobody_else():
    found = resolve(["S/a-b.jpg", "S/ab.jpg"], ["S/a-b.jpg"])
    assert dict(found.files) == {"S/a-b.jpg": "S/a-b.jpg"} and not found.renamed and not found.ambiguous


def test_one_candidate_is_taken_several_are_reported_and_none_is_missing():
    listed = ["S/grã©goire.jpg", "S/o'neil_x.jpg", "S/gone.jpg"]
    found = resolve(listed, ["S/grégoire.jpg", "S/oneil_x.jpg", "S/o-neil_x.jpg"])
    assert dict(found.renamed) == {"S/grã©goire.jpg": "S/grégoire.jpg"}
    assert dict(found.ambiguous) == {"S/o'neil_x.jpg": ["S/o-neil_x.jpg", "S/oneil_x.jpg"]}
    assert "S/gone.jpg" not in found.files


def test_two_listed_paths_never_share_one_file():
    found = resolve(["S/a-b.jpg", "S/a_b.jpg"], ["S/ab.jpg"])
    assert not found.files and set(found.ambiguous) == {"S/a-b.jpg", "S/a_b.jpg"}


def test_the_folder_is_part_of_the_name():
    assert not resolve(["Baroque/a.jpg"], ["Cubism/a.jpg"]).files


@pytest.mark.real
@pytest.mark.parametrize("form", ["NFC", "NFD", "ascii"])
def test_every_path_of_the_real_lists_is_found_under_its_repaired_name(form: str):
    listed = union(read_lists(test_data("artgan_lists")))["path"].tolist()

    def on_disk(path: str) -> str:
        name = undo_mojibake(path)
        if form == "ascii":
            return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace("'", "")
        return unicodedata.normalize("NFC" if form == "NFC" else "NFD", name)

    disk = {on_disk(path): path for path in listed}
    found = resolve(listed, disk)
    assert len(found.files) == len(listed) == 81446
    assert all(disk[file] == path for path, file in found.files.items())
    assert len(found.renamed) == sum(on_disk(path) != path for path in listed) >= 709


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("Cubism/juan-gris_guitar-2.jpg", "Cubism/juan-gris_guitar.jpg", True),
        ("Cubism/juan-gris_guitar(1).jpg", "Realism/juan-gris_guitar-12.jpg", True),
        ("Cubism/juan-gris_guitar.jpg", "Cubism/georges-braque_guitar.jpg", False),
        ("Cubism/juan-gris_guitar-1913.jpg", "Cubism/juan-gris_guitar.jpg", False),  # a year is no variant
        ("Cubism/juan-gris_guitar-and-cup.jpg", "Cubism/juan-gris_guitar.jpg", False),
    ],
)
def test_title_variants(one: str, two: str, same: bool) -> None:
    assert (title_key(one) == title_key(two)) is same
