"""Writes the sample in the format of the National Gallery of Art's open data, with ``file:`` image addresses.

Official headers and official conventions, so that fetch_nga reads the sample with the code that reads the museum's
own export. Images are named relative to the folder of the tables.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from artextract.core.files import write_bytes, write_text
from artextract.data.images.decode import decode
from artextract.data.museum.headers import HEADERS
from artextract.data.sample.met import Work, siblings, slug


def _table(name: str, rows: Sequence[Mapping[str, object]]) -> str:
    """CSV text of one table; columns that the sample does not know stay empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, HEADERS[name].split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _uuid(object_id: int) -> str:
    """An address-like id that is the same in every run."""
    return f"00000000-0000-4000-8000-{object_id:012d}"


def _object(work: Work, parent: int) -> dict[str, object]:
    record = work.record
    return {
        "objectid": work.object_id,
        "accessioned": 1,
        "accessionnum": record["accessionNumber"],
        "title": work.title,
        "displaydate": record["objectDate"],
        "beginyear": record["objectBeginDate"],
        "endyear": record["objectEndDate"],
        "medium": record["medium"],
        "attribution": re.sub(r"\s*\(.*\)", "", work.artist) or "Unknown",
        "creditline": record["creditLine"],
        "classification": "Painting",
        "parentid": parent if parent != work.object_id else "",
        "isvirtual": 0,
        "wikidataid": record["objectWikidata_URL"].rsplit("/", 1)[-1],
    }


def _constituents(works: Sequence[Work]) -> dict[str, dict[str, object]]:
    """One row per artist, numbered in alphabetical order; generic names are not persons, as in the museum's table."""
    names = sorted({work.artist for work in works if work.artist})
    return {
        name: {
            "constituentid": number,
            "preferreddisplayname": name,
            "forwarddisplayname": name,
            "artistofngaobject": 1,
            "constituenttype": "individual" if name != "Unidentified artist" else "anonymous",
        }
        for number, name in enumerate(names, start=1)
    }


def write_nga(works: Sequence[Work], folder: Path) -> None:
    """Write the five tables and the images into ``folder``."""
    people = _constituents(works)
    for work in works:
        if work.school and work.artist:
            people[work.artist] |= {"nationality": work.school, "visualbrowsernationality": work.school}
    tags = sorted({tag for work in works for tag in work.tags})
    heads = dict(zip([work.object_id for work in works], siblings(works), strict=True))
    rows: dict[str, list[Mapping[str, object]]] = {name: [] for name in HEADERS}
    rows["constituents"] = list(people.values())
    for work in works:
        name = f"images/{work.object_id}.jpg"
        data = work.image.read_bytes()
        image = decode(data)
        write_bytes(folder / name, data)
        rows["objects"].append(_object(work, heads[work.object_id]))
        rows["published_images"].append(
            {
                "uuid": _uuid(work.object_id),
                "iiifurl": f"file:{name}",
                "viewtype": "primary",
                "sequence": 0,
                "width": image.width,
                "height": image.height,
                "depictstmsobjectid": work.object_id,
            }
        )
        for tag in work.tags:
            number = 1 + tags.index(tag)
            row = {"termid": number, "objectid": work.object_id, "termtype": "Keyword", "term": tag}
            rows["objects_terms"].append(row)
        if work.genre:
            theme = {"termtype": "Theme", "term": work.genre, "visualbrowsertheme": slug(work.genre)}
            rows["objects_terms"].append({"termid": 10_000, "objectid": work.object_id} | theme)
        if work.artist:
            rows["objects_constituents"].append(
                {
                    "objectid": work.object_id,
                    "constituentid": people[work.artist]["constituentid"],
                    "displayorder": 1,
                    "roletype": "artist",
                    "role": "painter",
                    "prefix": work.record["artistPrefix"].lower(),
                    "suffix": work.record["artistSuffix"],
                }
            )
    for name, table in rows.items():
        write_text(folder / f"{name}.csv", _table(name, table))
