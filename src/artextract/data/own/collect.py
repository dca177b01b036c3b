"""From a user's folder to shards and an index, with every problem in a table that a spreadsheet opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import contained, write_metrics, write_table
from artextract.core.fingerprint import code_of
from artextract.core.scratch import discard, scratch
from artextract.data.images.reasons import code_and_reason
from artextract.data.images.regular import read_regular
from artextract.data.images.shard_writer import Source
from artextract.data.museum.getter import Getter
from artextract.data.museum.names import PREFIX
from artextract.data.museum.remote import downloads
from artextract.data.museum.store import store
from artextract.data.outside.place import Place
from artextract.data.own.as_index import index_rows
from artextract.data.own.read import Own, read_own
from artextract.data.own.works import EXTRA
from artextract.params.sections import NGA

MAX_DOWN = 0.1  # share of the works that may lack their picture because a server is down
NOT_KEPT = ("error", "physical_group", "url")
SHOWN = ["id", "file", "title", "titled", "artist", "date", "year", "medium", "credit", "link", "rights", "open_access"]
MEND = "open it in a picture program and save it as JPEG, PNG or TIFF"


def _read(folder: Path, file: str) -> bytes:
    try:
        path = contained(folder, file, where=file)
    except ArtExtractError as error:
        raise OSError(error.problem) from error
    return read_regular(path)


def pictures(
    works: pd.DataFrame, folder: Path, hosts: Sequence[str], params: NGA
) -> tuple[list[Source], dict[str, str]]:
    """Where the picture of each work comes from; those that have an address only are fetched first.

    Args:
        works: id, file (relative to the folder, "" where there is none), url.
        folder: The user's folder.
        hosts: Servers that the user has allowed.
        params: Section ``nga``.

    Returns:
        A source for each work in their order, and the reasons of pictures that could not be fetched, by id.
    """
    urls = {str(i): str(url) for i, file, url in works[["id", "file", "url"]].values if not file}
    getter, limit = Getter(hosts=frozenset(hosts), contact=params.contact), min(params.max_failed_fraction, MAX_DOWN)
    fetched, failed = downloads(urls, getter, dict.fromkeys(urls), limit) if urls else ([], {})
    of = {source.id: source for source in fetched}
    files = {str(i): str(file) for i, file in works[["id", "file"]].values if file}
    local = {i: Source(i, partial(_read, folder, file)) for i, file in files.items()}
    return [(local | of)[str(i)] for i in works["id"]], failed


def unreadable(stored: pd.DataFrame, files: Mapping[str, str]) -> pd.DataFrame:
    """Pictures that could not be decoded, as lines of the table of problems.

    Args:
        stored: id and error of all pictures, as ``write_shards`` lists them.
        files: File of each work by its id.
    """
    failed = stored[stored["error"].notna()]
    told = [code_and_reason(str(error)) for error in failed["error"]]
    reason = ["the file is no longer there" if code == "missing" else reason for code, reason in told]
    table = pd.DataFrame({"file": failed["id"].map(files), "row": pd.NA, "reason": reason, "remedy": MEND})
    return table.astype({"row": "Int64"})


def collect(
    place: Place, params: NGA, *, out: Path, metrics: Path, notes: Mapping[str, object], problems: Path, works: Path
) -> None:
    """Read a user's folder and table, and write shards, index.parquet and the tables for people.

    Args:
        place: Where folder and table are.
        params: Section ``nga``; ``labels`` names the columns of the table that are judges.
        out: Folder of the results.
        metrics: File of the counts.
        notes: Further entries for that file, such as the fingerprint of the source.
        problems: CSV of what could not be used: file, row, reason, remedy.
        works: CSV of the works as they were read.

    Raises:
        ArtExtractError: No picture can be used.
    """
    folder = place.existing_folder()
    own = read_own(folder, place.existing_table(), place.columns)
    rows = index_rows(own.works, params.labels)
    if params.max_objects:
        rows = rows.head(params.max_objects)
    sources, failed = pictures(rows, folder, place.hosts, params)
    key = (rows[["id", "file", "url"]].values.tolist(), params.max_side, sorted(failed), {**notes})
    with scratch("fetch_own", str(folder), *key, code_of(__name__)) as work:
        index, stored, counts = store(
            rows,
            sources,
            failed,
            work=work,
            out=out,
            params=params,
            where=str(folder),
            remedy="the tables named here say why; mend or remove these pictures, or raise nga.max_failed_fraction",
        )
        found = pd.concat([own.problems, unreadable(stored, dict(zip(rows["id"], rows["file"], strict=True)))])
        write_table(problems, found, mark=True)
        write_table(works, _shown(own, index), mark=True)
        write_table(out / "index.parquet", index.drop(columns=list(NOT_KEPT)))
        write_metrics(metrics, {**counts, **_counts(own, index), "problems": len(found), **notes})
        discard(work)


def _shown(own: Own, index: pd.DataFrame) -> pd.DataFrame:
    """The works that are in the index, as they were read."""
    there = own.works[own.works["id"].astype(str).isin(index["id"])]
    extra = [column for column in there if str(column).startswith(EXTRA)]
    return there[[*[name for name in SHOWN if name in there], *extra]]


def _counts(own: Own, index: pd.DataFrame) -> dict[str, int]:
    """What was read, for the metrics."""
    labelled = {str(name): int(index[name].notna().sum()) for name in index if str(name).startswith(PREFIX)}
    return {
        **{f"read.{name}": int(count) for name, count in own.counts.items()},
        "with_title": int(index["titled"].sum()),
        "with_named_artist": int(index["artist"].notna().sum()),
        "with_year": int(index["year"].notna().sum()),
        **labelled,
    }
