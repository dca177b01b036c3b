"""A description of exported judges in Croissant, MLCommons' format for data sets (JSON-LD, version 1.0).

Programs that know the format read works, splits and judges with their types and checksums, and registries of data sets
index them. https://docs.mlcommons.org/croissant/docs/croissant-spec.html defines it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artextract.core.files import read_json
from artextract.core.fingerprint import sha256_bytes

CONTEXT = Path(__file__).parent / "croissant_context.json"
CONFORMS = "http://mlcommons.org/croissant/1.0"
NUMBERS = {"row", "group", "object_group", "cluster", "s2_fold"}  # columns of the tables that hold whole numbers
QRELS = {"query": "^(\\S+) ", "work": "^\\S+ 0 (\\S+) ", "grade": "^\\S+ 0 \\S+ (\\d+)$"}
ABOUT = {
    "row": "Row of an embedding that belongs to the work.",
    "id": "The museum's id of the work.",
    "group": "Works of one group are never hits for each other.",
    "object_group": "Pictures of one object.",
    "painter": "The person whom the work is tied to; empty where nobody is known.",
    "title_words": "Words of the title in alphabetical order, without stop words.",
    "cluster": "What a bootstrap draws as a whole.",
    "s1": "Split by work: train, select or held_out.",
    "s2_fold": "Split by painter: the fold that holds the work out.",
    "s3": "Split by title: train, select, held_out, or left_out (not to be learnt from).",
    "query": "Id of the query work.",
    "work": "Id of a relevant work.",
    "grade": "Its grade.",
}


def described(folder: Path, tables: Mapping[str, list[str]], judges: Mapping[str, str], version: str) -> str:
    """The description as JSON-LD.

    Args:
        folder: Holds the files.
        tables: CSV files by stem, with their columns.
        judges: Keys of the judges with one line on each; ``<key>.qrels`` is in the folder.
        version: Version of the program that wrote the files.
    """
    files = [(f"{stem}.csv", "text/csv") for stem in tables] + [(f"{key}.qrels", "text/plain") for key in judges]
    records = [_record_set(stem, f"{stem}.csv", "One record per work.", columns) for stem, columns in tables.items()]
    records += [_judge(key, about) for key, about in judges.items()]
    data = {
        "@context": read_json(CONTEXT),
        "@type": "sc:Dataset",
        "name": "artextract-judges",
        "conformsTo": CONFORMS,
        "description": "Judges of similarity of a museum's collection: which works are relevant to a query work. "
        "README.md next to this file defines the task and the gallery rule.",
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "citeAs": f"ArtExtract {version}, judges of similarity; and the museum whose records they are made from.",
        "version": version,
        "isLiveDataset": False,
        "distribution": [_file(folder / name, kind) for name, kind in files],
        "recordSet": records,
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _file(path: Path, kind: str) -> dict[str, Any]:
    names = {"@type": "cr:FileObject", "@id": path.name, "name": path.name, "contentUrl": path.name}
    return names | {"encodingFormat": kind, "sha256": sha256_bytes(path.read_bytes())}


def _field(record_set: str, name: str, file: str, extract: dict[str, str], **source: object) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{name}",
        "name": name,
        "description": ABOUT[name],
        "dataType": "sc:Integer" if name in NUMBERS or name == "grade" else "sc:Text",
        "source": {"fileObject": {"@id": file}, "extract": extract, **source},
    }


def _record_set(name: str, file: str, about: str, columns: list[str]) -> dict[str, Any]:
    fields = [_field(name, column, file, {"column": column}) for column in columns]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": about, "field": fields}


def _judge(key: str, about: str) -> dict[str, Any]:
    """One record per line of the judge's qrels, whose parts regular expressions take out."""
    lines = {"fileProperty": "lines"}
    fields = [_field(key, name, f"{key}.qrels", lines, transform={"regex": pattern}) for name, pattern in QRELS.items()]
    return {"@type": "cr:RecordSet", "@id": key, "name": key, "description": f"Relevant: {about}.", "field": fields}
