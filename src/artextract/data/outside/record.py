"""The record of outside data that DVC tracks: kind of source, fingerprint, number of files.

DVC does not look outside the repository. Two tiny stages (data/sources/dvc.yaml) therefore run at every ``dvc repro``
and ``dvc exp run`` and write data/sources/artgan.json and data/sources/nga.json; prepare_artgan and fetch_nga depend
on these files. For the sample and for a pinned commit of open data the record is constant, so that dvc.lock is true on
every machine. For a folder it holds a fingerprint of the contents and no path: another folder with the same contents
needs no new run, and going back to an earlier folder gives its earlier results.

The stages that read the data check the record before they begin and after they have ended. ``dvc repro -s``, which does
not run the two tiny stages, can so never file results under the fingerprint of other data.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_text
from artextract.core.fingerprint import content_key
from artextract.core.folders import outside_folder, outside_folders
from artextract.core.parent import by_dvc
from artextract.data.outside.contents import contents
from artextract.data.outside.place import read_place

RECORDS = Path("data/sources")
Record = dict[str, str | int]


@dataclass(frozen=True)
class WikiArt:
    """The user's WikiArt: ``images`` (folders or archives, one or more) and ArtGAN's ``lists``, often in the first."""

    images: tuple[Path, ...]
    lists: Path


def wikiart() -> WikiArt:
    """The folders behind ``ARTEXTRACT_WIKIART``, and that of the lists.

    The lists are in the folder behind ``ARTEXTRACT_ARTGAN_LISTS``, or where that is not set in the first of the images.
    """
    return WikiArt(outside_folders("ARTEXTRACT_WIKIART", "the WikiArt images in ArtGAN's layout"), artgan_lists())


def artgan_lists() -> Path:
    """The folder of ArtGAN's lists; the images need not be there."""
    if os.environ.get("ARTEXTRACT_ARTGAN_LISTS"):
        return outside_folder("ARTEXTRACT_ARTGAN_LISTS", "ArtGAN's lists")
    return outside_folders("ARTEXTRACT_WIKIART", "ArtGAN's lists")[0]


def museum() -> Path:
    """The folder behind ``ARTEXTRACT_NGA``."""
    return outside_folder("ARTEXTRACT_NGA", "the museum's tables, and images/<objectid>.jpg")


def _places(section: str, labels_file: str) -> dict[str, Path]:
    """Every folder or file that is read, by its part in the source."""
    if section == "artgan":
        source = wikiart()
        places = {"lists": source.lists}
        for number, images in enumerate(source.images):  # their order counts: the first one that has an image gives it
            suffix = f".{number}" if number else ""
            places[f"images{suffix}"] = images
            if images.is_file():  # an archive: the manifest is next to it
                places[f"manifest{suffix}"] = images.parent / "manifest.csv"
    else:
        folder = museum()
        places = {"tables": folder}
        if labels_file and not Path(os.path.normpath(folder / labels_file)).is_relative_to(folder):
            places["labels"] = folder / labels_file
    return {part: path for part, path in places.items() if path.exists()}


def look(section: str, source: str, labels_file: str = "") -> Record:
    """The record of outside data as it is now.

    Args:
        section: ``artgan`` or ``nga``.
        source: ``source`` of that section of params.yaml; only ``folder`` and ``own`` are looked at.
        labels_file: ``nga.labels_file``.

    Raises:
        ArtExtractError: The environment variable is not set, or names nothing that can be read.
    """
    if source == "own":
        place = read_place()
        folder, table = place.existing_folder(), place.existing_table()
        outside = {"table": table} if table is not None and not table.is_relative_to(folder) else {}
        columns = content_key(place.columns, "" if table is None else table.name)
        return _record(source, {"pictures": folder, **outside}, columns)
    return _record(source, _places(section, labels_file)) if source == "folder" else {"source": source}


def _record(source: str, places: dict[str, Path], *further: str) -> Record:
    """The record of folders and files, by their part in the source."""
    seen = {path: contents(path) for path in dict.fromkeys(places.values())}
    parts = [*sorted((part, seen[path].fingerprint) for part, path in places.items()), *further]
    files = sum(item.files for item in seen.values())
    return {"source": source, "source_fingerprint": content_key(parts), "source_files": files}


def write_record(section: str, record: Record) -> None:
    """Write data/sources/<section>.json."""
    write_text(RECORDS / f"{section}.json", json.dumps(record, indent=2) + "\n")


def _seen(path: Path) -> Any:
    """The record that DVC has seen; None where there is none that can be read."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None


@contextmanager
def recorded(section: str, source: str, labels_file: str = "") -> Iterator[Record]:
    """The record that DVC has seen, compared with the data before and after they are read.

    A stage that is started by hand where nothing was recorded reads the data as they are: DVC files nothing under a
    fingerprint then.

    Args:
        section: ``artgan`` or ``nga``.
        source: ``source`` of that section of params.yaml.
        labels_file: ``nga.labels_file``.

    Raises:
        ArtExtractError: The data are not those that DVC has seen, or were changed while they were read.
    """
    path = RECORDS / f"{section}.json"
    record = look(section, source, labels_file)
    if (path.is_file() or by_dvc()) and _seen(path) != record:
        raise ArtExtractError(
            "does not describe the data that params.yaml and the environment variables name now",
            where=str(path),
            remedy="`dvc repro` without -s looks at the data first",
        )
    yield record
    if look(section, source, labels_file) != record:
        raise ArtExtractError(
            "the data were changed while they were read", remedy="start the same command again when they are complete"
        )
