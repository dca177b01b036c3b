"""From a museum's tables to shards and an index: the images fetched, decoded, grouped and counted."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_metrics, write_table
from artextract.core.fingerprint import code_of
from artextract.core.scratch import discard, scratch
from artextract.data.museum import schemas as nga_schemas
from artextract.data.museum.getter import Getter
from artextract.data.museum.labels import add_labels
from artextract.data.museum.local import LocalPictures
from artextract.data.museum.names import PREFIX
from artextract.data.museum.notes import Notes
from artextract.data.museum.own_form import read_own_form
from artextract.data.museum.plausible import doubts
from artextract.data.museum.remote import address, downloads, expected_size
from artextract.data.museum.selection import select_paintings
from artextract.data.museum.store import store
from artextract.data.museum.tables import alternate_views
from artextract.params.sections import NGA

EXPECTED_TOLERANCE = 0.2  # share by which the number of paintings may differ from the expected one
INDEX_COLUMNS = [
    "id", "title", "attribution", "displaydate", "medium", "credit", "link", "iiif",
    "year", "artist", "artist_qualified", "artist_name",
    "themes", "styles", "keywords", "schools", "techniques", "former_attributions", "assistivetext",
    "parentid", "series", "portfolio", "sibling_group", "object_group", "group", "open_access",
    "shard", "offset", "size", "sha256", "phash", "width", "height",
]  # fmt: skip


def _sizes(urls: dict[str, str], folder: Path) -> list[int]:
    """Sizes of the images beside the tables (-1 = none): part of the scratch folder's key, as in prepare_artgan."""
    files = [folder / unquote(url.removeprefix("file:")) for url in urls.values() if url.startswith("file:")]
    return [file.stat().st_size if file.is_file() else -1 for file in files]


def read_paintings(folder: Path, params: NGA) -> tuple[pd.DataFrame, pd.DataFrame, Notes]:
    """The paintings of the tables in a folder, their alternate views, and what is to be said about the tables.

    Args:
        folder: Holds the tables.
        params: Section ``nga``: with ``source`` folder the tables may be anybody's; ``expected_paintings`` says about
            how many paintings there should be.

    Raises:
        ArtExtractError: No painting, or more than ``EXPECTED_TOLERANCE`` off: the museum has published broken exports.
    """
    notes = Notes()
    own = params.source == "folder"
    tables = read_own_form(folder, notes) if own else nga_schemas.read_tables(folder, notes)
    if own:  # a table of the museum that does not fit has been refused when it was downloaded
        notes.lines += doubts(tables)
    rows, counts = select_paintings(tables, params.classifications, notes)
    notes.counts |= counts
    if rows.empty:
        raise ArtExtractError(
            f"of {counts['objects']} objects none is a painting with a title and a primary image"
            + "".join(f"; {line}" for line in notes.lines),
            where=str(folder),
            remedy="name the classifications that you want in nga.classifications ([] = all), and the views `primary`"
            if own
            else nga_schemas.REMEDY,
        )
    expected = params.expected_paintings
    if expected and abs(len(rows) - expected) > EXPECTED_TOLERANCE * expected:
        right = "set nga.expected_paintings (0 = unchecked) if the tables are right"
        raise ArtExtractError(
            f"{len(rows):,} paintings with a title and a primary image, about {expected:,} are expected",
            where=str(folder),
            remedy=right if own else f"{nga_schemas.REMEDY}; or {right}",
        )
    return rows, alternate_views(rows, tables["published_images"]), notes


def _remedy(urls: Mapping[str, str], pictures: LocalPictures) -> str:
    """What can be done about images that failed, in the words of the place that they come from."""
    limit = "or raise nga.max_failed_fraction in params.yaml"
    if not pictures.there:
        return f"run again (what has arrived is kept), {limit}"
    used = set(urls.values())
    others = [name for name in pictures.names if pictures.address_of(name) not in used]
    found = f"; {len(others):,} files there belong to no work, the first: {', '.join(others[:3])}" if others else ""
    example = next(iter(urls), "1")
    return (
        f"name the files in images/ after objectid, uuid or accessionnum, such as {example}.jpg, with any suffix of a "
        f"picture{found}; {limit}"
    )


def collect(
    tables_folder: Path,
    params: NGA,
    *,
    getter: Getter,
    page: str,
    out: Path,
    metrics: Path,
    notes: Mapping[str, object],
) -> None:
    """Write shards, index.parquet, the tables of what is not in them, and the counts.

    Args:
        tables_folder: Holds the tables, and images where they are local.
        params: Section ``nga``.
        getter: For the images.
        page: Address of a work's own page at the museum, with {id}.
        out: Folder of the results.
        metrics: File of the counts.
        notes: Further entries for that file, such as the fingerprint of the source. Work of a killed run is taken up
            only where they are the same.
    """
    rows, alternates, notes_on_tables = read_paintings(tables_folder, params)
    counts = notes_on_tables.counts
    for line in notes_on_tables.lines:
        print(f"fetch_nga: {line}", file=sys.stderr, flush=True)
    if params.max_objects:
        rows = rows.head(params.max_objects)
    rows, labelled = add_labels(rows, tables_folder, params.labels_file, params.labels)
    counts |= labelled
    labels = [PREFIX + name for name in params.labels]
    pictures = LocalPictures(tables_folder)
    size, base = params.image_size, params.images_base
    urls = {str(row["id"]): address(row, pictures, size, base) for _, row in rows.iterrows()}
    expected = {str(row["id"]): expected_size(row, size) for _, row in rows.iterrows()}
    sources, failed = downloads(urls, getter, expected, params.max_failed_fraction)
    key = (
        rows[["id", "uuid", "url"]].values.tolist(),
        sorted(urls.items()),
        size,
        params.max_side,
        sorted(failed),
        {**notes},
    )
    with scratch("fetch_nga", str(tables_folder), *key, _sizes(urls, tables_folder), code_of(__name__)) as work:
        index, _, found = store(
            rows,
            sources,
            failed,
            work=work,
            out=out,
            params=params,
            where=str(tables_folder),
            remedy=_remedy(urls, pictures),
        )
        index["link"] = [page.format(id=name) for name in index["id"]]
        write_table(out / "index.parquet", index[[*INDEX_COLUMNS, *labels]])
        write_table(out / "alternates.csv", alternates[alternates["id"].isin(index["id"])])
        write_table(out / "left_out.csv", notes_on_tables.table())
        write_metrics(metrics, {**counts, **found, **notes})
        discard(work)
