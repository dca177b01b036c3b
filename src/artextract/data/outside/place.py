"""Where the pictures of a user's collection are: ``source.json`` at the collection's root, written once and read here.

Only the standard library, since the stage that looks at the data runs at every ``dvc repro``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_text
from artextract.core.folders import user_path

FILE = Path("source.json")
REMEDY = "`artextract collection update NAME --folder FOLDER` names the folder anew"


@dataclass(frozen=True)
class Place:
    """A folder of pictures, and the table that describes them.

    Attributes:
        folder: Absolute path of the folder.
        table: Absolute path of the table, "" where there is none.
        columns: Field to the column of the table that it is read from; fields that are not named are guessed.
        hosts: Servers that pictures may be fetched from, where a manifest names addresses.
    """

    folder: str
    table: str
    columns: dict[str, str]
    hosts: list[str]

    def existing_folder(self) -> Path:
        """The folder.

        Raises:
            ArtExtractError: It is not there.
        """
        path = user_path(self.folder)
        if not path.is_dir():
            raise ArtExtractError("the folder of pictures is not there", where=str(path), remedy=REMEDY)
        return path

    def existing_table(self) -> Path | None:
        """The table, None where the collection has none.

        Raises:
            ArtExtractError: It is not there.
        """
        if not self.table:
            return None
        path = user_path(self.table)
        if not path.is_file():
            raise ArtExtractError("the table is not there", where=str(path), remedy=REMEDY)
        return path


def write_place(path: Path, place: Place) -> None:
    """Write source.json."""
    write_text(path, json.dumps(asdict(place), indent=2, ensure_ascii=False) + "\n")


def read_place(path: Path = FILE) -> Place:
    """Read source.json.

    Raises:
        ArtExtractError: It is missing or holds something else.
    """
    remedy = "nga.source=own is for collections that `artextract collection add` has made"
    if not path.is_file():
        raise ArtExtractError("nothing says where the pictures are", where=str(path), remedy=remedy)
    try:
        content = read_json(path)
        place = Place(str(content["folder"]), str(content["table"]), dict(content["columns"]), list(content["hosts"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ArtExtractError(f"not a description of a source: {error!r}", where=str(path), remedy=remedy) from error
    return place
