"""Pictures in the folder images/ beside the tables, whatever their suffix and whichever number they are named after."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from artextract.data.images.decode import image_suffixes
from artextract.data.museum.ids import key_of

FOLDER = "images"


class LocalPictures:
    """The pictures of the folder, by the names that a work may give them; the folder is looked at once."""

    def __init__(self, folder: Path):
        """Look at the names.

        Args:
            folder: Folder of the tables; images/ need not be there.
        """
        self.there = (folder / FOLDER).is_dir()
        self.names = sorted(os.listdir(folder / FOLDER)) if self.there else []
        self._by_stem: dict[str, list[str]] = {}
        self._by_key: dict[str, list[str]] = {}
        for name in self.names:
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in image_suffixes():
                self._by_stem.setdefault(stem, []).append(name)
                self._by_key.setdefault(key_of(stem), []).append(name)

    def find(self, stems: Sequence[str]) -> str | None:
        """The address of the first of these stems that has a picture; of several suffixes .jpg comes first.

        Args:
            stems: Id, uuid, inventory number and the like; empty ones are passed over.
        """
        for stem in filter(None, stems):
            found = self._by_stem.get(stem) or self._by_stem.get(stem.replace("/", "-"))
            if found is None and (key := key_of(stem)):
                alike = self._by_key.get(key, [])
                found = alike if len({os.path.splitext(name)[0] for name in alike}) == 1 else None
            if found:
                return address_of(min(found, key=lambda name: (not name.lower().endswith((".jpg", ".jpeg")), name)))
        return None

    def beginning_with(self, stem: str) -> list[str]:
        """Names of files that begin with a stem, in whatever format they are."""
        return [name for name in self.names if name.startswith(f"{stem}.")]


def address_of(name: str) -> str:
    """The address of a picture in the folder."""
    return f"file:{FOLDER}/{quote(name)}"
