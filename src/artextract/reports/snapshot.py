"""The files of one run: those of the working copy, or those of a git revision or a DVC experiment."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pandas as pd
import yaml

from artextract.core.errors import ArtExtractError
from artextract.core.intact import intact_content, require_intact
from artextract.core.spreadsheet import read_csv
from artextract.params.yaml12 import _YAML12Loader
from artextract.runs.revisions import WORKSPACE

WORDS = {"id": str, "title": str, "neighbour": str, "class": str, "actual": str, "predicted": str}
Reader = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Snapshot:
    """One run's files, by their path below the collection's root.

    Attributes:
        name: What the user called the run: ``workspace``, a revision, an experiment.
        read: Content of a file, None where the run has no such file.
        listed: Paths of the files of a folder, sorted; none where there is no such folder.
    """

    name: str
    read: Reader
    listed: Callable[[str], list[str]]

    def json(self, path: str) -> dict[str, Any]:
        """A JSON file; empty where the run has none."""
        found = self.read(path)
        return json.loads(found) if found else {}

    def yaml(self, path: str) -> dict[str, Any]:
        """A YAML file of mappings; empty where the run has none."""
        found = self.read(path)
        return (yaml.load(found, Loader=_YAML12Loader) if found else None) or {}  # nosec B506

    def table(self, path: str) -> pd.DataFrame | None:
        """A CSV or Parquet table; None where the run has none. Words stay words: a title may be "NA"."""
        found = self.read(path)
        if not found:
            return None
        if path.endswith(".parquet"):
            return pd.read_parquet(io.BytesIO(found))
        try:
            return read_csv(io.BytesIO(found), na_values=[""], keep_default_na=False, dtype=WORDS)
        except pd.errors.EmptyDataError:  # a table of a collection where nothing could be measured
            return None

    def picture(self, stem: str) -> bytes | None:
        """A picture by its path without a suffix: older runs have PNGs where newer ones have JPEGs."""
        return next((found for kind in ("jpg", "png") if (found := self.read(f"{stem}.{kind}"))), None)


def is_own(run: Snapshot) -> bool:
    """True for a collection that a user has added: it is searched, and no network is trained on it."""
    return run.json("metrics/fetch_nga.json").get("source") == "own"


def workspace(root: Path) -> Snapshot:
    """The working copy.

    Args:
        root: Root of a collection: the folder with metrics/ and plots/.
    """

    def read(path: str) -> bytes | None:
        file = root / path
        if path.startswith("data/"):  # git shows what has changed in metrics and plots
            require_intact(file)
        return file.read_bytes() if file.is_file() else None

    def listed(folder: str) -> list[str]:
        return sorted(f"{folder}/{file.name}" for file in (root / folder).glob("*") if file.is_file())

    return Snapshot(WORKSPACE, read, listed)


def revision(name: str, repository: Path, below: str = ".") -> Snapshot:
    """A git revision or a DVC experiment: its files in git, and its outputs in DVC's cache where they are there.

    Args:
        name: A branch, tag or commit, or the name of an experiment.
        repository: Root of the repository.
        below: Folder of the collection inside it.

    Raises:
        ArtExtractError: There is no such revision.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc_data.index.index import DataIndexDirError
    from scmrepo.exceptions import SCMError

    try:
        files = DVCFileSystem(str(repository), rev=name)
        files.ls("", detail=False)
    except (DvcException, SCMError, FileNotFoundError) as error:
        said = (str(error).splitlines() or [""])[0]
        raise ArtExtractError(
            f"neither `{WORKSPACE}`, nor a git revision, nor an experiment ({said})",
            where=name,
            remedy="`git branch --all` and `dvc exp list --all-commits` list the names",
        ) from error

    @cache
    def read(path: str) -> bytes | None:
        try:
            content = cast(bytes, files.read_bytes(_joined(below, path)))
            md5 = files.info(_joined(below, path)).get("md5")
        except (OSError, DvcException, DataIndexDirError):  # no such file, or an output that is not in DVC's cache
            return None
        return intact_content(content, md5, path)

    def listed(folder: str) -> list[str]:
        try:
            found = cast(list[str], files.ls(_joined(below, folder), detail=False))
        except (OSError, DataIndexDirError):
            return []
        return sorted(str(PurePosixPath(path).relative_to(below)) for path in found)

    return Snapshot(name, read, listed)


def _joined(below: str, path: str) -> str:
    return str(PurePosixPath(below) / path)
