"""Names that people give to clusters: checked, and kept in a file that git tracks.

The key is the id of the work in the middle of the cluster, so a name stays with its works where clusters are numbered
anew; names of works that are no longer in the middle of any cluster are kept.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.readable import readable
from artextract.core.text import clean, is_clean

LONGEST = 80  # characters
HEAD = "# Names of clusters, by the id of the work in the middle. `artextract serve` writes this file.\n"
_writing = threading.Lock()


def read_names(path: Path) -> dict[str, str]:
    """Names of clusters by the id of the work in the middle; empty where there is no file.

    Raises:
        ArtExtractError: The file holds something else.
    """
    try:
        with readable(path, "names by ids", "correct the file by hand, or empty it"):
            return parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def parsed(text: str) -> dict[str, str]:
    """Names by ids from the text of the file.

    Raises:
        YAMLError: It is not YAML.
        ValueError: It is something else than names by ids.
    """
    content = yaml.load(text, yaml.BaseLoader)  # a name or an id is text: 1890, no, ~  # nosec B506
    if content in (None, ""):
        return {}
    if not isinstance(content, dict) or not all(isinstance(one, str) for pair in content.items() for one in pair):
        raise ValueError("something else is there")
    cleaned = {key: clean(name, longest=LONGEST).strip() for key, name in content.items()}
    return {key: name for key, name in cleaned.items() if name}


def text_of(names: Mapping[str, str]) -> str:
    """The text of the file; every name is quoted, so that it is text for any program."""
    if not names:
        return "{}\n"
    return HEAD + yaml.safe_dump(dict(names), allow_unicode=True, sort_keys=True, default_style='"', width=10**6)


def checked(given: Any, known: Collection[str]) -> dict[str, str]:
    """Names as a page has sent them; an empty one takes the name away.

    Args:
        given: ``{id: name}``.
        known: Ids of the works in the middle of the clusters.

    Returns:
        The same, without blanks around the names.

    Raises:
        ArtExtractError: Something else was sent, an id is unknown, or a name is too long or holds a control character.
    """
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given.values()):
        raise ArtExtractError("names are sent as {id: name}")
    names = {str(key): unicodedata.normalize("NFC", name).strip() for key, name in given.items()}
    for key, name in names.items():
        if key not in known:
            raise ArtExtractError(
                f"no cluster has the work {key[:LONGEST]!r} in its middle", remedy="load the page again"
            )
        if len(name) > LONGEST:
            raise ArtExtractError(f"a name has {len(name)} characters", remedy=f"use {LONGEST} at most")
        if not is_clean(name):
            raise ArtExtractError("a name holds a line break or a control character", remedy="write it on one line")
    return names


def save_names(path: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Add checked names to the file, and take away those that are empty.

    Returns:
        All names that the file now holds.
    """
    with _writing:
        names = {key: name for key, name in (read_names(path) | dict(given)).items() if name}
        write_text(path, text_of(names))
    return names
