"""The pictures that a user names: files, folders, patterns, zip archives, tar shards; each has a name of its own."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from artextract.core.collections import collection_root
from artextract.core.errors import ArtExtractError
from artextract.core.intact import require_intact
from artextract.core.walk import files_below
from artextract.data.images.formats import image_suffixes
from artextract.data.images.regular import read_regular
from artextract.data.images.shards import ShardReader
from artextract.data.images.sources import open_images

ARCHIVES = (".zip",)
TABLE = "predictions.csv"
FEW = 10  # single pictures that need no table


@dataclass(frozen=True)
class Named:
    """One picture.

    Attributes:
        name: Its name in the table, different from all others.
        read: Gives its bytes; may raise OSError or UnreadableImage.
        stamp: Changes when the picture does.
    """

    name: str
    read: Callable[[], bytes]
    stamp: str


def find_pictures(given: Sequence[str]) -> list[Named]:
    """The pictures at some places, each once.

    The pictures of a single folder or archive are named by their path in it, ArtGAN's ``Style/painter_title.jpg``
    among them. Of several places, the name begins with the place as it was typed, so that two folders may hold files
    of the same name.

    Args:
        given: Paths of pictures, of folders (nested ones too, and folders of tar shards) and of zip archives, and
            patterns such as ``scans/**/*.tif``.

    Raises:
        ArtExtractError: A place does not exist, or there is no picture.
    """
    places = [place for pattern in given for place in _expanded(pattern)]
    found: dict[str, Named] = {}
    for place in places:
        prefix = "" if len(places) == 1 else f"{place.rstrip('/')}/"
        for picture in _pictures_of(Path(place), prefix):
            found.setdefault(picture.name, picture)
    if not found:
        raise ArtExtractError(
            "holds no picture", where=", ".join(given), remedy="name pictures, or a folder with pictures in it"
        )
    return list(found.values())


def _expanded(pattern: str) -> list[str]:
    if os.path.exists(pattern):
        return [pattern]
    matches = sorted(glob.glob(os.path.expanduser(pattern), recursive=True)) if glob.has_magic(pattern) else []
    matches = [match for match in matches if os.path.isfile(match)] or matches
    if not matches:
        problem = "no file fits this pattern" if glob.has_magic(pattern) else "does not exist"
        raise ArtExtractError(problem, where=pattern, remedy="check the path; put a pattern in quotes")
    return matches


def _pictures_of(place: Path, prefix: str) -> list[Named]:
    if place.is_dir():
        tars = any(place.glob("*.tar")) or (place / "wikiart.zip").is_file()
        return _members(place, prefix) if tars else _files(place, prefix)
    if place.suffix.lower() in ARCHIVES:
        return _members(place, prefix)
    return [Named(str(place), partial(read_regular, place), _stamp(place))]


def _members(place: Path, prefix: str) -> list[Named]:
    source, stamp = open_images(place), _stamp(place)
    return [
        Named(f"{prefix}{name}", lambda name=name: source.read(name), f"{stamp} {size}")
        for name, size in sorted(source.sizes().items())
    ]


def _files(root: Path, prefix: str) -> list[Named]:
    suffixes = image_suffixes()
    found = []
    try:
        for name, entry in files_below(root, lambda folder: not folder.startswith(".") and folder != "__MACOSX"):
            path = Path(entry.path)
            if path.suffix.lower() in suffixes and not entry.name.startswith("."):
                found.append(Named(f"{prefix}{name}", partial(read_regular, path), _stamp(path)))
    except OSError as error:
        raise ArtExtractError(
            f"cannot be read: {error.strerror}", where=str(error.filename or root), remedy="check its permissions"
        ) from error
    return sorted(found, key=lambda picture: picture.name)


def _stamp(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:  # a link that leads nowhere: it has a row with that reason
        stat = path.lstat()
    return f"{os.path.realpath(path)} {stat.st_size} {stat.st_mtime_ns}"


@dataclass(frozen=True)
class Chosen:
    """The pictures of one command.

    Attributes:
        pictures: Pictures with names of their own.
        table: Where their predictions go if no file is named; None: they are only shown.
        columns: What is known of them, one row each; None where nothing is.
    """

    pictures: list[Named]
    table: Path | None
    columns: pd.DataFrame | None = None


def choose(given: Sequence[str], collection: str | None) -> Chosen:
    """The pictures that are named, or those of a collection.

    Args:
        given: See ``find_pictures``.
        collection: Name of a collection of the user's own.

    Raises:
        ArtExtractError: Both are given, or neither; or see ``find_pictures`` and ``collection_root``.
    """
    if bool(given) == (collection is not None):
        problem = "name pictures or a collection, not both" if given else "no picture is named"
        raise ArtExtractError(problem, remedy="`artextract predict FOLDER`, or `artextract predict --collection NAME`")
    if collection is not None:
        return of_collection(collection_root(collection))
    pictures = find_pictures(given)
    plain = all(Path(place).suffix.lower() not in ARCHIVES and not Path(place).is_dir() for place in given)
    return Chosen(pictures, None if plain and len(pictures) <= FEW else Path(TABLE))


def of_collection(root: Path) -> Chosen:
    """All works of a collection, with their titles and painters.

    Args:
        root: Folder of the collection; see ``collection_root``.

    Raises:
        ArtExtractError: Its pictures are not stored yet.
    """
    folder = root / "data" / "nga"
    if not (folder / "index.parquet").is_file():
        raise ArtExtractError(
            "the pictures of this collection are not stored yet", where=str(folder), remedy=f"`dvc repro` in {root}"
        )
    require_intact(folder / "index.parquet")
    index = pd.read_parquet(folder / "index.parquet")
    reader = ShardReader(folder, index)
    ids, hashes = index["id"].astype(str), index["sha256"]
    pictures = [
        Named(name, lambda row=row: reader.read(row), stamp)
        for row, (name, stamp) in enumerate(zip(ids, hashes, strict=True))
    ]
    columns = index[[name for name in ("title", "attribution") if name in index]]
    return Chosen(pictures, root / TABLE, columns)
