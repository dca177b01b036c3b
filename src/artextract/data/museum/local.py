"""Pictures in the folder images/ beside the tables, whatever their suffix and whichever number they are named after."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from artextract.data.images.find import PictureFolder, is_picture_name
from artextract.data.museum.ids import key_of

FOLDER = "images"


class LocalPictures:
    """The pictures of the folder, by the names that a work may give them; the folder is looked at once."""

    def __init__(self, folder: Path):
        """Look at the names.

        Args:
            folder: Folder of the tables; images/ need not be there.

        Raises:
            ArtExtractError: The folder cannot be read.
        """
        self.there = (folder / FOLDER).is_dir()
        self._pictures = PictureFolder(folder / FOLDER)
        self.names = sorted(os.listdir(folder / FOLDER)) if self.there else []
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
        other = next((one.others[0] for one in found if one.others), None)
        return address_of(path.name) if path else address_of(other) if other else None


def address_of(name: str) -> str:
    """The address of a picture in the folder."""
    return f"file:{FOLDER}/{quote(name)}"
