"""Collections of the user's own: made, listed, looked at anew, removed. Nothing outside collections/NAME is written."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd

from artextract.collections.pipeline import as_text, repository_pipeline, sections
from artextract.collections.settings import completed, params_text
from artextract.core.collections import FOLDER, collection_names, collection_root
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_table, write_text
from artextract.core.folders import user_path
from artextract.data.outside.place import FILE, Place, read_place, write_place
from artextract.data.own.as_index import label_columns
from artextract.data.own.read import Own, read_own

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
CLUSTERS = Path("data/names/clusters.yaml")


@dataclass(frozen=True)
class Listed:
    """One line of the list of collections.

    Attributes:
        name: Its name.
        works: Works in its index; None where the pipeline has not run yet.
        folder: The folder of its pictures.
    """

    name: str
    works: int | None
    folder: str


def check_name(name: str) -> None:
    """Refuse a name that is not safe as a folder.

    Raises:
        ArtExtractError: Says what a name may hold.
    """
    if not NAME.fullmatch(name):
        raise ArtExtractError(
            f"{name!r} cannot be the name of a collection",
            where="--name",
            remedy="use 1 to 40 small letters (a to z), digits, - and _, for example: my-pictures",
        )


def look(folder: Path, table: Path | None, columns: Mapping[str, str], hosts: Sequence[str] = ()) -> tuple[Place, Own]:
    """Read a folder and its table without writing anything.

    Args:
        folder: The pictures.
        table: The table about them, None where there is none.
        columns: Field to column, where the guess is wrong.
        hosts: Servers that pictures may be fetched from.

    Raises:
        ArtExtractError: See ``read_own``; the folder is not there, or pictures are on servers that are not allowed.
    """
    place = Place(str(_absolute(folder)), "" if table is None else str(_absolute(table)), dict(columns), list(hosts))
    own = read_own(place.existing_folder(), place.existing_table(), place.columns)
    remote = own.works.loc[own.works["file"] == "", "url"]
    if unknown := sorted({urlsplit(url).hostname or url for url in remote} - set(hosts)):
        raise ArtExtractError(
            f"{len(remote):,} pictures are not in the folder and would be fetched from {', '.join(unknown)}",
            where=place.table,
            remedy=f"allow it with {' '.join(f'--allow-host {host}' for host in unknown)}, or put the pictures there",
        )
    return place, own


def _absolute(path: Path) -> Path:
    """A path as the user typed it, from the working directory."""
    return (Path.cwd() / path.expanduser()).resolve()


def write(
    root: Path, name: str, place: Place, own: Own, *, labels: Sequence[str] | None = None, encoder: str | None = None
) -> Path:
    """Write a new collection; nothing runs yet.

    Args:
        root: Root of the repository.
        name: Name of the collection.
        place: Where folder and table are.
        own: What was read there.
        labels: Columns of the table that are judges; None = those that divide the works into kinds.
        encoder: A timm model that embeds the images; None = the repository's.

    Returns:
        The collection's folder.

    Raises:
        ArtExtractError: The name is taken or not usable.
    """
    check_name(name)
    folder = root / FOLDER / name
    if folder.exists():
        raise ArtExtractError(
            f"there is a collection {name!r} already",
            where=str(folder),
            remedy=f"`artextract collection update {name}` looks at its folder again; --name gives another name",
        )
    content = repository_pipeline(root)
    repository = (root / "params.yaml").read_text(encoding="utf-8")
    judged = label_columns(own.works) if labels is None else list(labels)
    text = params_text(
        repository, sections(content["stages"]), works=len(own.works), labels=judged, encoder=encoder
    )  # fmt: skip
    write_text(folder / "params.yaml", text)
    write_place(folder / FILE, place)
    write_text(folder / CLUSTERS, "{}\n")
    write_table(folder / "problems.csv", own.problems, mark=True)
    write_text(folder / "dvc.yaml", as_text(content))  # last: a folder with it counts as a collection
    return folder


def update(
    root: Path,
    name: str,
    folder: Path | None = None,
    table: Path | None = None,
    columns: Mapping[str, str] | None = None,
) -> tuple[Path, Own]:
    """Look at a collection's folder and table again, and bring its pipeline up to the repository's.

    problems.csv is left to the pipeline, which adds the pictures that cannot be decoded.

    Args:
        root: Root of the repository.
        name: Name of the collection.
        folder: Where the pictures are now; None = where they were.
        table: Where the table is now; None = where it was.
        columns: Field to column, for fields that are read from another column than before.

    Returns:
        The collection's folder, and what was read.
    """
    place = _same(root, name)
    path = collection_root(name, root)
    found, own = look(
        Path(place.folder) if folder is None else folder,
        (Path(place.table) if place.table else None) if table is None else table,
        place.columns | dict(columns or {}),
        place.hosts,
    )
    write_place(path / FILE, found)
    content = repository_pipeline(root)
    text, repository = ((folder / "params.yaml").read_text(encoding="utf-8") for folder in (path, root))
    if (new := completed(text, repository, sections(content["stages"]), works=len(own.works))) != text:
        write_text(path / "params.yaml", new)
    write_text(path / "dvc.yaml", as_text(content))
    return path, own


def _same(root: Path, name: str) -> Place:
    return read_place(collection_root(name, root) / FILE)


def listed(root: Path) -> list[Listed]:
    """All collections, by name."""
    return [Listed(name, _works(root / FOLDER / name), _same(root, name).folder) for name in collection_names(root)]


def _works(folder: Path) -> int | None:
    path = folder / "data/nga/index.parquet"
    return len(pd.read_parquet(path, columns=["id"])) if path.is_file() else None


def remove(root: Path, name: str) -> Path:
    """Delete a collection's folder. The user's pictures and table are elsewhere and stay as they are.

    Returns:
        The folder that was deleted.

    Raises:
        ArtExtractError: There is no such collection, or the user's pictures are inside its folder.
    """
    folder, place = collection_root(name, root), _same(root, name)
    for path in (place.folder, place.table):
        if path and user_path(path).is_relative_to(folder.resolve()):
            raise ArtExtractError(
                "your own pictures or your table are inside this folder, and would be deleted with it",
                where=str(folder),
                remedy="move them elsewhere first",
            )
    shutil.rmtree(folder)
    if shutil.which("git") and (root / ".git").exists():  # DVC has put its files among those that git will commit
        subprocess.run(["git", "reset", "-q", "--", f"{FOLDER}/{name}"], cwd=root, check=False)
    return folder
