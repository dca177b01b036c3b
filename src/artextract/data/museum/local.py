"""Pictures in the folder images/ beside the tables, whatever their suffix and whichever number they are named after."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from artextract.core.errors import ArtExtractError
from artextract.data.images.find import PictureFolder, is_picture_name
from artextract.data.museum.ids import key_of

FOLDER = "images"


class LocalPictures:
    """The pictures of the folder, by the names that a work may give them; the folder is looked at once."""

    def __init__(self, folder: Path):
        """Look at the names.

        Args:
            folder: Folder of the tables; without images/ in it, pictures that are among the tables count.

        Raises:
            ArtExtractError: The folder cannot be read, or images is no folder.
        """
        entries = [path for path in folder.iterdir() if path.name.lower() == FOLDER]
        named = sorted(path.name for path in entries if path.is_dir())
        if entries and not named:  # as git and archives make of a link
            raise ArtExtractError(
                "is a file, or a link that leads nowhere, and not the folder of the pictures",
                where=str(entries[0]),
                remedy="put the folder itself in its place, or a link to it",
            )
        self.there = bool(named)
        self._folder = (FOLDER if FOLDER in named else named[0]) if named else ""  # else: pictures among the tables
        self._pictures = PictureFolder(folder / self._folder)
        self.names = sorted(os.listdir(folder / self._folder)) if self.there else sorted(os.listdir(folder))
        self._by_key: dict[str, set[str]] = {}
        for name in filter(is_picture_name, self.names):
            stem = os.path.splitext(name)[0]
            self._by_key.setdefault(key_of(stem), set()).add(stem)

    def find(self, stems: Sequence[str]) -> str | None:
        """The address of the first of these stems that has a picture.

        Args:
            stems: Id, uuid, inventory number and the like; empty ones are passed over.

        Returns:
            None where there is nothing. A file of this name in a format that is not accepted is given back too: what
            reads it says what it is.
        """
        stems = [stem for stem in stems if stem]
        alike = [self._by_key.get(key, set()) for key in map(key_of, stems) if key]
        spelled = [next(iter(found)) for found in alike if len(found) == 1]
        found = [self._pictures.find(stem) for stem in (*stems, *(s.replace("/", "-") for s in stems), *spelled)]
        path = next((one.path for one in found if one.path is not None), None)
        other = next((one.others[0] for one in found if one.others), None) if self.there else None
        return self.address_of(path.name) if path else self.address_of(other) if other else None

    def address_of(self, name: str) -> str:
        """The address of a picture in the folder."""
        return f"file:{self._folder}/{quote(name)}" if self._folder else f"file:{quote(name)}"
