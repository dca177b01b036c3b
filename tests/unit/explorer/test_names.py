"""Names of clusters: what is refused, and that the file gives back what was saved."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.explorer.names import LONGEST, checked, parsed, read_names, save_names, text_of

IDS = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())


@given(names=st.dictionaries(IDS, st.text(max_size=LONGEST)))
def test_the_file_gives_back_what_was_accepted(names: dict[str, str]):
    try:
        accepted = {key: name for key, name in checked(names, set(names)).items() if name}
    except ArtExtractError:
        return
    text = text_of(accepted)
    assert parsed(text) == accepted == (yaml.safe_load(text) or {})  # any other program reads the same


@pytest.mark.parametrize(
    "name",
    ["a: b", "- a", "# no comment", "yes", "1890", "~", "'", '"', "{a}", "&x *x", "Bäume 🌳", "مناظر", "<b>x</b>"],
)
def test_names_that_look_like_yaml_stay_text(tmp_path: Path, name: str):
    path = tmp_path / "clusters.yaml"
    save_names(path, checked({"7": name}, {"7"}))
    assert read_names(path) == {"7": name} == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_names_are_added_changed_and_taken_away(tmp_path: Path):
    path = tmp_path / "names" / "clusters.yaml"
    assert read_names(path) == {}
    save_names(path, {"1": "Ships", "9": "No longer a middle"})
    assert save_names(path, {"2": "Cows", "1": "Boats"}) == {"1": "Boats", "2": "Cows", "9": "No longer a middle"}
    save_names(path, {"1": "", "2": "", "9": ""})
    assert path.read_text() == "{}\n" and read_names(path) == {}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ([], "names are sent as"),
        ({"1": 5}, "names are sent as"),
        ({"1": None}, "names are sent as"),
        ({"3": "x"}, "no cluster has the work '3'"),
        ({"1": "x" * (LONGEST + 1)}, "a name has 81 characters"),
        ({"1": "a\nb"}, "line break"),
        ({"1": "a\x00b"}, "control character"),
        ({"1": "a\x1b[2J"}, "control character"),
        ({"1": "a\u2028b"}, "line break"),
        ({"1": "\ud800"}, "control character"),
    ],
)
def test_what_is_refused(sent: object, said: str):
    with pytest.raises(ArtExtractError, match=said):
        checked(sent, {"1", "2"})


def test_a_file_that_holds_something_else(tmp_path: Path):
    path = tmp_path / "clusters.yaml"
    for text in ("[1, 2]", "a: [b]", "a: {b: c}", "{", "word", "a: !!python/object/apply:os.system ['true']"):
        path.write_text(text)
        with pytest.raises(ArtExtractError, match=r"clusters\.yaml"):
            read_names(path)
    path.write_text("# only a comment\n")
    assert read_names(path) == {}
