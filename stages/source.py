"""Looks at data outside the repository, at every ``dvc repro``; see data/sources/dvc.yaml.

Reads: params.yaml, and where a source is a folder $ARTEXTRACT_WIKIART with $ARTEXTRACT_ARTGAN_LISTS (``artgan``) or
    $ARTEXTRACT_NGA (``nga``).
Writes: data/sources/<artgan or nga>.json (source, source_fingerprint, source_files).
"""

import sys
from pathlib import Path

import stages  # noqa: F401
from artextract.core.runtime import run_stage
from artextract.data.outside.record import look, write_record
from artextract.params.yaml12 import read_yaml


def main() -> None:
    """Write the record of one source. Its parameters are checked by the stage that uses them: this one is fast."""
    section = sys.argv[1]
    values = read_yaml(Path("params.yaml"), {("nga", "labels_file")}).get(section)
    values = values if isinstance(values, dict) else {}
    write_record(section, look(section, str(values.get("source")), str(values.get("labels_file") or "")))


if __name__ == "__main__":
    run_stage(main)
