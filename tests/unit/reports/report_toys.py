"""Runs made of a few files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from artextract.reports.blocks import Section
from artextract.reports.snapshot import Snapshot


def run_of(files: Mapping[str, Any], name: str = "toy") -> Snapshot:
    """A run with these files: mappings become JSON, tables CSV or Parquet, text and bytes stay as they are."""

    def content(path: str) -> bytes | None:
        found = files.get(path)
        if isinstance(found, pd.DataFrame):
            text = found.to_parquet(index=False) if path.endswith(".parquet") else found.to_csv(index=False)
            return text if isinstance(text, bytes) else str(text).encode()
        if isinstance(found, Mapping):
            return json.dumps(found).encode()
        return found.encode() if isinstance(found, str) else found

    return Snapshot(name, content, lambda folder: sorted(path for path in files if path.startswith(f"{folder}/")))


def words(section: Section) -> str:
    """All that a section says, as one text."""
    return repr(section)
