"""The explorer's static folder: opened, checked, copied for a web server, and answered file by file."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from artextract.core.collections import collection_root
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.folders import repository
from artextract.core.intact import require_intact
from artextract.explorer.names import read_names

FORMAT = 1
MANIFEST = Path("data", "manifest.json")


class Explorer:
    """A built explorer, and the names that people gave to its clusters since."""

    def __init__(self, collection: str | None):
        """Open the explorer of a collection.

        Args:
            collection: Name of a collection of the user's; None = the repository's own.

        Raises:
            ArtExtractError: It was not built, or by another version, or a file is damaged.
        """
        self.collection = collection
        self.root = collection_root(collection)
        self.folder = self.root / "data" / "explorer"
        self.names = self.root / "data" / "names" / "clusters.yaml"
        place = "" if self.root == repository() else f"cd {self.root.relative_to(repository())} && "
        require_intact(self.folder)
        self.rebuild = f"`{place}dvc repro explorer`"
        self.works: int = self.manifest()["works"]

    def manifest(self, live: bool = False) -> dict[str, Any]:
        """The manifest with today's names of the clusters.

        Args:
            live: Whether the page may use the API of `artextract serve`.
        """
        path = self.folder / MANIFEST
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            found = manifest["format"]
        except FileNotFoundError:
            raise ArtExtractError(
                "the explorer is not built yet", where=str(self.folder), remedy=self.rebuild
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise ArtExtractError(f"not a manifest: {error!r}", where=str(path), remedy=self.rebuild) from error
        if found != FORMAT:
            raise ArtExtractError(
                f"the explorer has format {found}, this program {FORMAT}", where=str(path), remedy=self.rebuild
            )
        names = read_names(self.names)
        for cluster in manifest.get("clusters", []):
            cluster["name"] = names.get(str(cluster["id"]), "")
        return manifest | {"api": live}

    def ids(self) -> list[str]:
        """Ids of the works, in the order of the rows."""
        return [str(one) for one in json.loads((self.folder / "data" / "ids.json").read_text(encoding="utf-8"))]

    def cluster_ids(self) -> set[str]:
        """Ids of the works in the middle of the clusters."""
        return {str(cluster["id"]) for cluster in self.manifest().get("clusters", [])}

    def save(self, target: Path) -> None:
        """Copy the folder for a web server, with today's names; an earlier copy is replaced.

        Raises:
            ArtExtractError: The target holds something else.
        """
        if target.exists() and not (target / MANIFEST).is_file() and (not target.is_dir() or any(target.iterdir())):
            raise ArtExtractError(
                "this is not empty, and not an explorer that was saved before",
                where=str(target),
                remedy="name a new folder",
            )
        target = target.absolute()
        if target.resolve().is_relative_to(self.folder.resolve()):
            raise ArtExtractError("a folder cannot be copied into itself", where=str(target))
        part = target.with_name(f".{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(self.folder, part, copy_function=shutil.copyfile)  # new files, never links into a cache
            write_text(part / MANIFEST, json.dumps(self.manifest(), ensure_ascii=False, separators=(",", ":")))
            shutil.rmtree(target, ignore_errors=True)
            os.replace(part, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
