"""The museum's tables at a pinned commit: downloaded once, looked at before they are kept, and the same ever after.

A museum publishes no hashes. Those of the tables that were seen first are therefore written into a file that belongs
into git, and other tables under the same commit are refused from then on, on every machine and from every mirror.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_text
from artextract.core.fingerprint import sha256_bytes, sha256_file
from artextract.core.folders import cache_folder, repository
from artextract.core.kept import dropped_unless_intact, keep_bytes, remove
from artextract.core.temporary import sweep
from artextract.data.museum.addresses import is_loopback, parts_of, server_of
from artextract.data.museum.failures import FetchError, MissingError
from artextract.data.museum.getter import CONTACT, IMAGE_HOSTS, Getter
from artextract.data.museum.plausible import doubts
from artextract.data.museum.schemas import COLUMNS, OPTIONAL, read_tables
from artextract.data.museum.table_file import rows_of
from artextract.params.sections import NGA

RECORD = Path("data/sources/nga_tables.json")
REMEDY = (
    "nothing of it is kept: start the same command again. If it stays so, open the address in a browser; "
    "nga.tables_base names another server, and nga.source=folder takes tables that you have yourself"
)
Entry = dict[str, Any]  # sha256, bytes and rows of a table, or missing


def museum_getter(params: NGA) -> Getter:
    """A getter for the museum's two servers, or for those that stand in for them."""
    bases = [base for base in (params.tables_base, params.images_base) if base]
    local = frozenset(server_of(base) for base in bases if is_loopback(base))
    hosts = {str(parts_of(base).host) for base in bases if not is_loopback(base)}
    if params.contact == CONTACT and (hosts or not params.images_base):
        print("nga.contact: set an address of your own, by which the museum can reach you", file=sys.stderr)
    return Getter(
        hosts=frozenset(hosts) | (frozenset() if params.images_base else IMAGE_HOSTS),
        servers=local,
        contact=params.contact,
    )


def download_tables(params: NGA, getter: Getter) -> tuple[Path, dict[str, Entry]]:
    """The folder of the tables in the user's cache; nothing is downloaded twice, and nothing damaged is believed.

    Returns:
        The folder, and of each table its sha256, bytes and rows, or that the museum has none.

    Raises:
        ArtExtractError: A table cannot be had, is not whole, is not the recorded one, or does not fit the others. What
            is wrong is not kept.
    """
    folder = cache_folder() / "nga" / params.commit
    for written in (folder, _record().parent):
        sweep(written)
    record = _read_record()
    known = record.get(params.commit, {})
    found: dict[str, Entry] = {}
    for name in COLUMNS:
        url = f"{params.tables_base.rstrip('/')}/{params.commit}/data/{name}.csv"
        found[f"{name}.csv"] = _table(folder / f"{name}.csv", name, url, getter, known.get(f"{name}.csv", {}))
    if found != known:
        _check_together(folder, [name for name in found if name not in known])
        write_text(_record(), json.dumps(record | {params.commit: found}, indent=2, sort_keys=True) + "\n")
        print(
            f"the tables of commit {params.commit} are recorded in {RECORD}, with their SHA-256; commit that file: "
            "other tables under this commit are refused from now on",
            file=sys.stderr,
        )
    return folder, found


def _record() -> Path:
    """The record in the user's checkout, also for an experiment that runs in a temporary one."""
    return repository(Path.cwd()) / RECORD


def _read_record() -> dict[str, dict[str, Entry]]:
    if not _record().is_file():
        return {}
    try:
        content = read_json(_record())
        return {str(commit): {str(n): dict(entry) for n, entry in of.items()} for commit, of in content.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ArtExtractError(
            f"not a record of tables: {error}", where=str(RECORD), remedy=f"`git restore {RECORD}`, or delete it"
        ) from error


def _table(path: Path, name: str, url: str, getter: Getter, known: Entry) -> Entry:
    """One table, kept in ``path``."""
    pinned = known.get("sha256")
    if dropped_unless_intact(path, "a museum's table"):
        if pinned is None or sha256_file(path) == pinned:
            return known if pinned else _entry(path.read_bytes(), name, url)
        print(f"{path}: is not the recorded table; it is fetched anew", file=sys.stderr)
        remove(path)
    elif known.get("missing"):
        return known
    try:
        data = getter.get(url, kind="table", sure=pinned is not None)
    except MissingError as error:
        if name in OPTIONAL and pinned is None:
            print(f"{url}: the museum has no such table; it is left out", file=sys.stderr)
            return {"missing": True}
        raise _not_had(name, url, error) from error
    except FetchError as error:
        raise _not_had(name, url, error) from error
    entry = _entry(data, name, url)
    if pinned and entry["sha256"] != pinned:
        raise ArtExtractError(
            f"is not the table that {RECORD} records: SHA-256 {entry['sha256']} and {entry['rows']:,} rows, recorded "
            f"{pinned} and {known.get('rows', 0):,} rows",
            where=url,
            remedy=f"a commit's tables never change: doubt this server; if the record is wrong, delete it in {RECORD}",
        )
    keep_bytes(path, data)
    return entry


def _not_had(name: str, url: str, error: FetchError) -> ArtExtractError:
    remedy = "check the network and start again (what has arrived is kept); or use nga.source=folder with your tables"
    return ArtExtractError(f"the table {name}.csv cannot be had: {error}", where=url, remedy=remedy)


def _entry(data: bytes, name: str, url: str) -> Entry:
    try:
        rows = rows_of(data, name)
    except ValueError as error:
        raise ArtExtractError(str(error), where=url, remedy=REMEDY) from error
    return {"sha256": sha256_bytes(data), "bytes": len(data), "rows": rows}


def _check_together(folder: Path, new: list[str]) -> None:
    """Compare the tables with each other before they are recorded; drop those that were not recorded yet.

    Raises:
        ArtExtractError: They do not fit together.
    """
    try:
        if found := doubts(read_tables(folder), every_type=True):
            raise ArtExtractError("; ".join(found), where=str(folder), remedy=REMEDY)
    except ArtExtractError:
        for name in new:
            remove(folder / name)
        raise
