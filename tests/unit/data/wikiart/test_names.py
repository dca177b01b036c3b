"""Names of the lists against names of files."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from html.entities import codepoint2name
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.data.wikiart.lists import read_lists, union
from artextract.data.wikiart.names import fold, resolve
from artextract.data.wikiart.paths import title_key
from artextract.data.wikiart.readings import undo_mojibake
from tests.conftest import test_data
from tests.tiers import later


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


def escaped(form: str) -> Callable[[str], str]:
    return lambda name: "".join(c if c.isascii() else form.format(ord(c), "?" * len(c.encode())) for c in name)


def recoded(written: str, read: str) -> Callable[[str], str]:
    return lambda name: name.encode(written).decode(read, "surrogateescape")


ACCIDENTS: dict[str, Callable[[str], str]] = {
    "Info-ZIP": escaped("#U{0:04x}"),
    "Python": escaped("\\u{0:04x}"),
    "web page": escaped("&#{0};"),
    "web page, by name": lambda name: "".join(c if c.isascii() else f"&{codepoint2name[ord(c)]};" for c in name),
    "web server": quote,
    "Latin-1 web server": lambda name: quote(name.encode("latin-1")),
    "one question mark": escaped("?"),
    "one per byte": escaped("{1}"),
    "underscore": escaped("_"),
    "replacement character": escaped("\ufffd"),
    "dropped": lambda name: name.encode("ascii", "ignore").decode(),
    "accents dropped": lambda name: unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode(),
    **{f"UTF-8 read as {page}": recoded("utf-8", page) for page in ("latin-1", "cp437", "cp850", "mac-roman")},
    "twice": lambda name: recoded("utf-8", "latin-1")(recoded("utf-8", "latin-1")(name)),
    "DOS name read as Latin-1": recoded("cp850", "latin-1"),
    "Latin-1 name read as DOS": recoded("latin-1", "cp437"),
    "no UTF-8": recoded("latin-1", "utf-8"),
    "DOS bytes": recoded("cp850", "utf-8"),
    "NFD": lambda name: unicodedata.normalize("NFD", name),
    "case": str.upper,
    "curly": lambda name: name.replace("'", "\u2019").replace("-", "\u2013"),
    "blanks": lambda name: name.replace("-", "  "),
    "end of a name on Windows": lambda name: f"{name}. ",
    "copy of a browser": lambda name: f"{name[:-4]} (1).jpg",
    "suffix": lambda name: f"{name[:-4]}.webp",
    "no suffix": lambda name: name[:-4],
    "deeper": lambda name: f"data/wikiart/{name}",
    "flat": lambda name: name.partition("/")[2],
    "two accidents": lambda name: f"data/{recoded('utf-8', 'cp437')(name)[:-4]}.PNG",
}
PART = st.text("abcdefgéèüöñçâ12'", min_size=2, max_size=9).filter(lambda text: sum(map(str.isalpha, text)) >= 2)
LISTED = st.sets(st.tuples(PART, PART).map("_".join), min_size=1, max_size=6)


@pytest.mark.parametrize("accident", ACCIDENTS)
@pytest.mark.parametrize("listed_as", [str, spoil], ids=["as it is", "mojibake"])
def test_every_accident_is_undone(accident: str, listed_as: Callable[[str], str]):
    names = [
        "grégoire-michonze_été-1912",
        "joaquín-sorolla_l'enfant-2",
        "arnold-böcklin_a-b",
        "plain_name-1905",
        "plain_name",
    ]
    disk = {ACCIDENTS[accident](f"Baroque/{name}.jpg"): f"Baroque/{listed_as(name)}.jpg" for name in names}
    found = resolve(disk.values(), disk)
    assert dict(found.files) == {path: name for name, path in disk.items()}


@given(LISTED, st.sets(st.integers(0, 5)), st.sampled_from(sorted(ACCIDENTS)))
@settings(max_examples=60)
def test_no_accident_gives_the_file_of_another_name(names: set[str], gone: set[int], accident: str):
    """Some of the files are gone: what is left of the others is never taken for them."""
    listed = sorted(f"Baroque/a-{name}.jpg" for name in names)
    disk: dict[str, set[str]] = {}
    for path in listed:
        disk.setdefault(ACCIDENTS[accident](path), set()).add(path)
    there = [name for k, name in enumerate(disk) if k not in gone]
    alike = {path: {fold(other) for other in (path, spoil(path))} | {loss(path)} for path in listed}
    for path, name in resolve(listed, there).files.items():
        assert path in disk[name] or any(alike[path] & alike[other] for other in disk[name])


def loss(path: str) -> str:
    """What is left of a name in the worst case."""
    return fold(unicodedata.normalize("NFC", path).encode("ascii", "ignore").decode())


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("S/日本.jpg", "S/中国.jpg"),  # nothing of them is ASCII
        ("S/日本.jpg", "S/??.jpg"),
        ("S/a_work-1-2.jpg", "S/a_work-12.jpg"),
        ("S/a_work.jpg", "S/a_work(1).jpg"),  # WikiArt's own number, another work
        ("S/a_work-1.jpg", "S/a_work-2.jpg"),
        ("S/anna-b.jpg", "S/anna-bé.jpg"),
        ("S/ann.jpg", "T/ann.jpg"),
        ("S/---.jpg", "S/___.jpg"),
    ],
)
def test_another_work_is_never_taken(path: str, file: str):
    assert not resolve([path], [file]).files


@pytest.mark.parametrize(
    ("listed", "file", "found"),
    [
        ("日日日abc日日日", "abc", True),  # a third of the letters is left
        ("日日日日abc日日日", "abc", False),
        ("日abc", "abc", True),
        ("日ab", "ab", False),  # two letters are too few, whatever their share
    ],
)
def test_a_name_that_lost_letters_is_found_where_a_third_and_three_are_left(listed: str, file: str, found: bool):
    assert bool(resolve([f"S/{listed}.jpg"], [f"S/{file}.jpg"]).files) is found


def test_a_list_that_lost_letters_itself_names_the_file_that_has_them():
    assert resolve(["S/mus?e-d\ufffdorsay.jpg"], ["S/musée-d’orsay.jpg"]).files
    assert not resolve(["S/musee-d-orsay.jpg"], ["S/mus日e-d-orsay.jpg"]).files  # without a mark nothing was lost


def test_the_suffix_decides_between_two_files_of_one_name():
    found = resolve(["S/a.JPG", "S/b.jpeg"], ["S/a.jpg", "S/a.png", "S/b.png"])
    assert found.files == {"S/a.JPG": "S/a.jpg", "S/b.jpeg": "S/b.png"} and not found.ambiguous


def test_letters_that_are_written_in_two_ways_are_the_same():
    assert fold("ØŁÆŒĐÐÞıħß") == "olaeoeddthihss"
    for letter, two in zip("äöüåÄÖÜÅ", ("ae", "oe", "ue", "aa", "Ae", "Oe", "Ue", "Aa"), strict=True):
        assert resolve([f"S/x{letter}x.jpg"], [f"S/x{two}x.jpg"]).files, letter


def test_a_name_that_a_file_system_cut_is_found_where_it_is_the_only_one():
    long = f"S/painter_{'long-title-' * 20}"
    assert resolve([f"{long}one.jpg"], [f"{long[:143]}.jpg"]).files == {f"{long}one.jpg": f"{long[:143]}.jpg"}
    assert not resolve([f"{long}one.jpg", f"{long}two.jpg"], [f"{long[:143]}.jpg"]).files


@pytest.mark.parametrize(("letters", "folder", "found"), [(60, "S", True), (59, "S", False), (60, "T", False)])
def test_a_name_of_sixty_letters_may_have_been_cut_in_its_own_folder(letters: int, folder: str, found: bool):
    stem = ("abcdefghij" * 6)[:letters]
    assert bool(resolve([f"S/{stem}xyz.jpg"], [f"{folder}/{stem}.jpg"]).files) is found
    assert not resolve([f"S/{stem[:-1]}xyz.jpg"], [f"{folder}/{stem}.jpg"]).files  # the beginning of another name


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.parametrize("form", [later("NFC"), "NFD", later("ascii")])
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
