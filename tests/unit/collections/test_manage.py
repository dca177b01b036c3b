"""Collections are made beside each other; the repository's own files and the user's pictures stay as they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from artextract.collections import manage
from artextract.core.collections import collection_names, places
from artextract.core.errors import ArtExtractError
from artextract.data.outside.place import read_place
from artextract.params.reading import load_params
from tests.conftest import ROOT
from tests.unit.collections.own_toys import pictures, table


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files of a repository that a collection is made from."""
    root = tmp_path / "repository"
    for name in ("dvc.yaml", "params.yaml", "data/sources/dvc.yaml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


def made(root: Path, name: str, n: int = 8) -> Path:
    folder = pictures(root.parent / f"pictures-{name}", n)
    place, own = manage.look(folder, table(folder / "list.csv", n), {})
    return manage.write(root, name, place, own)


def test_a_collection_is_a_folder_of_its_own_and_nothing_else_changes(root: Path):
    before = {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    folder = made(root, "mine")
    made(root, "other")
    assert collection_names(root) == ["mine", "other"]
    assert {path: path.read_bytes() for path in before} == before
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert names == ["data/names/clusters.yaml", "dvc.yaml", "params.yaml", "problems.csv", "source.json"]
    assert yaml.safe_load((folder / "data/names/clusters.yaml").read_text()) == {}


def test_a_column_that_divides_the_works_becomes_a_judge(root: Path):
    folder = made(root, "mine")
    assert load_params("nga", path=folder / "params.yaml").nga.labels == ["school"]


def test_a_second_collection_of_the_name_is_refused(root: Path):
    made(root, "mine")
    with pytest.raises(ArtExtractError, match="collection update mine"):
        made(root, "mine")


@pytest.mark.parametrize("name", ["", "..", "a/b", "Mine", "-x", "x" * 41, "é"])
def test_a_name_is_safe_as_a_folder(name: str):
    with pytest.raises(ArtExtractError, match="--name"):
        manage.check_name(name)


def test_update_finds_a_moved_folder_and_keeps_the_parameters(root: Path):
    folder = made(root, "mine")
    params = (folder / "params.yaml").read_text().replace("clusters: 2", "clusters: 3")
    (folder / "params.yaml").write_text(params)
    moved = root.parent / "moved"
    shutil.move(root.parent / "pictures-mine", moved)
    with pytest.raises(ArtExtractError, match="not there"):
        manage.update(root, "mine")
    _, own = manage.update(root, "mine", moved, moved / "list.csv")
    assert len(own.works) == 8 and read_place(folder / "source.json").folder == str(moved)
    assert (folder / "params.yaml").read_text() == params


def test_update_corrects_a_column_and_remembers_it(root: Path):
    folder = made(root, "mine")
    _, own = manage.update(root, "mine", columns={"medium": "school"})
    assert own.works["medium"].tolist() == list("xyxyxyxy")
    assert read_place(folder / "source.json").columns == {"medium": "school"}


def test_update_adds_a_section_that_the_repository_has_got_since(root: Path):
    folder = made(root, "mine")
    text = (folder / "params.yaml").read_text()
    start = text.index("# --- maps of the embedding spaces")
    (folder / "params.yaml").write_text(text[:start] + text[text.index("# --- similarity_eval:") :])
    manage.update(root, "mine")
    assert load_params("tsne", "similarity", path=folder / "params.yaml").tsne.perplexity == 15


def test_remove_deletes_the_collection_and_no_picture(root: Path):
    folder = made(root, "mine")
    manage.remove(root, "mine")
    assert not folder.exists() and len(list((root.parent / "pictures-mine").glob("*.jpg"))) == 8
    with pytest.raises(ArtExtractError, match="no collection is called 'mine'"):
        manage.remove(root, "mine")


def test_what_git_would_commit_of_a_removed_collection_is_forgotten(root: Path):
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout

    made(root, "mine")
    git("init", "-q")
    git("add", "collections/mine/params.yaml")
    manage.remove(root, "mine")
    assert "collections" not in git("status", "--short")


def test_remove_refuses_where_the_pictures_are_inside(root: Path):
    folder = made(root, "mine")
    inside = pictures(folder / "pictures", 2)
    manage.update(root, "mine", inside, table(inside / "list.csv", 2))
    with pytest.raises(ArtExtractError, match="inside this folder"):
        manage.remove(root, "mine")


def test_a_verb_that_is_given_no_collection_says_which_there_are():
    with pytest.raises(ArtExtractError, match="no collection is called 'nowhere'"):
        places("nowhere")
