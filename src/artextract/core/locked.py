"""What dvc.lock says about the files of a pipeline: which stage wrote each, and the hash of what it wrote.

A folder is one entry there, and a list of its files is in DVC's cache. Objects in the cache are named by their MD5, so
that one that is found and has the right hash is right, wherever it was found.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from artextract.core.parent import checkout_root
from artextract.core.readable import readable

FOLDER = ".dir"  # ends the hash of a folder


def md5_file(path: Path) -> str:
    """MD5 of a file, as hex, read in blocks: the hash that DVC has."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "md5").hexdigest()


def read_yaml_as_text(path: Path) -> dict[str, Any]:
    """A YAML file of DVC's with every value as text: a hash of digits alone must not become a number."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    with readable(path, "YAML", "`artextract verify --repair`"):
        content = yaml.load(path.read_text(encoding="utf-8"), loader) if path.is_file() else None  # nosec B506
    return content if isinstance(content, dict) else {}


@dataclass(frozen=True)
class Out:
    """A file or folder that a stage wrote.

    Attributes:
        path: Its place, relative to the folder of dvc.yaml.
        md5: The hash in dvc.lock; that of a folder ends with ``.dir``.
        stage: Name of the stage.
    """

    path: str
    md5: str
    stage: str

    @property
    def is_folder(self) -> bool:
        """True for a folder."""
        return self.md5.endswith(FOLDER)


@dataclass(frozen=True)
class Locked:
    """dvc.lock of a pipeline.

    Attributes:
        folder: The folder of dvc.lock: the root of the checkout, or that of a collection.
    """

    folder: Path

    @cached_property
    def outs(self) -> list[Out]:
        """Everything that stages wrote, as far as it has a hash."""
        stages = read_yaml_as_text(self.folder / "dvc.lock").get("stages")
        whole = stages if isinstance(stages, dict) else {}  # DVC says what is wrong with another form
        entries = [
            (name, e) for name, stage in whole.items() if isinstance(stage, dict) for e in stage.get("outs") or []
        ]
        return [
            Out(e["path"], e["md5"], name) for name, e in entries if isinstance(e, dict) and {"path", "md5"} <= {*e}
        ]

    @cached_property
    def _declared(self) -> dict[str, Any]:
        return read_yaml_as_text(self.folder / "dvc.yaml").get("stages") or {}

    @cached_property
    def frozen(self) -> set[str]:
        """Names of the stages that DVC does not run."""
        return {name for name, stage in self._declared.items() if stage.get("frozen") == "true"}

    @cached_property
    def cached(self) -> dict[str, bool]:
        """Whether DVC keeps an out in its cache, by the path of the out; git keeps the others."""
        kinds = ("outs", "metrics", "plots")
        entries = [entry for stage in self._declared.values() for kind in kinds for entry in stage.get(kind) or []]
        options = [(entry, {}) if isinstance(entry, str) else next(iter(entry.items())) for entry in entries]
        return {path: (values or {}).get("cache", "true") != "false" for path, values in options}

    def files(self, out: Out) -> dict[str, str] | None:
        """MD5 by path of the files of an out; None where the list of a folder's files is not in the cache."""
        if not out.is_folder:
            return {out.path: out.md5}
        if not self.cached.get(out.path, True):
            return None
        content = next((text for place in caches(self.folder) if (text := _listing(place, out.md5))), None)
        if content is None:
            return None
        return {str(PurePosixPath(out.path, entry["relpath"])): entry["md5"] for entry in json.loads(content)}


def object_in(cache: Path, md5: str) -> Path:
    """The place of an object in a cache of DVC's."""
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def _listing(cache: Path, md5: str) -> bytes:
    """The list of a folder's files; empty where it is missing or damaged."""
    path = object_in(cache, md5)
    content = path.read_bytes() if path.is_file() else b""
    return content if md5_of_list(content) == md5 else b""


def caches(folder: Path) -> Iterator[Path]:
    """Folders that may be DVC's cache of a checkout; the likely one first, and what DVC itself says last.

    Args:
        folder: A folder in the checkout.
    """
    root = checkout_root(str(folder.resolve()))
    if root is None:
        return
    dvc = Path(root, ".dvc")
    yield from (named for name in ("config.local", "config") if (named := _named_cache(dvc / name)) is not None)
    yield dvc / "cache"
    from dvc.config import Config  # a tenth of a second; knows the user's and the system's configuration too

    if place := Config(str(dvc), validate=False).get("cache", {}).get("dir"):
        yield Path(place)


def _named_cache(config: Path) -> Path | None:
    from configobj import ConfigObj, ConfigObjError

    try:
        section = ConfigObj(str(config)).get("cache") if config.is_file() else None
    except (ConfigObjError, UnicodeDecodeError):  # DVC names the error
        return None
    place = section.get("dir") if isinstance(section, dict) else None
    return None if not place else Path(os.path.normpath(config.parent / Path(str(place)).expanduser()))


def list_of_files(hashes: Mapping[str, str]) -> bytes:
    """The list of a folder's files as DVC writes it.

    Args:
        hashes: MD5 by path, relative to the folder.
    """
    return json.dumps([{"md5": hashes[name], "relpath": name} for name in sorted(hashes)], sort_keys=True).encode()


def hashes_in(folder: Path) -> dict[str, str]:
    """MD5 by path, relative to the folder, of all files that are in it now."""
    return {path.relative_to(folder).as_posix(): md5_file(path) for path in folder.rglob("*") if path.is_file()}


def md5_of_list(content: bytes) -> str:
    """The hash that DVC gives a folder with this list of files."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest() + FOLDER


def md5_of(path: Path) -> str:
    """The MD5 of a file, or of a folder as DVC has it; "" where nothing is."""
    if path.is_dir():
        return md5_of_list(list_of_files(hashes_in(path)))
    return md5_file(path) if path.is_file() else ""
