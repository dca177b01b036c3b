"""From a museum's tables to shards and an index: the images fetched, decoded, grouped and counted."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd

from artextract import nga
from artextract.duplicates import groups, hamming_pairs
from artextract.errors import ArtExtractError
from artextract.failures import report_failures
from artextract.fetch import FetchError, Getter, fetch_all
from artextract.files import (
    cache_folder,
    code_fingerprint,
    discard,
    scratch,
    sha256_bytes,
    write_bytes,
    write_metrics,
    write_table,
)
from artextract.images import decode
from artextract.params import NGA
from artextract.shard_writer import Source, write_shards

REPOSITORY = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata"
INDEX_COLUMNS = [
    "id", "title", "attribution", "displaydate", "medium", "year", "artist", "artist_qualified", "artist_name",
    "themes", "styles", "keywords", "schools", "techniques", "sibling_group", "group",
    "shard", "offset", "size", "sha256", "phash", "width", "height",
]  # fmt: skip


def download_tables(commit: str, getter: Getter) -> Path:
    """The museum's tables at a commit, kept in the user's cache; nothing is asked for twice.

    Raises:
        ArtExtractError: A table cannot be had.
    """
    folder = cache_folder() / "nga" / commit
    for name in nga.COLUMNS:
        path = folder / f"{name}.csv"
        if not path.exists():
            url = f"{REPOSITORY}/{commit}/data/{name}.csv"
            try:
                write_bytes(path, getter.get(url, kind="table"))
            except FetchError as error:
                raise ArtExtractError(
                    f"the table {name}.csv cannot be had: {error}",
                    where=url,
                    remedy="check the network, or put the tables into a folder and use nga.source=folder",
                ) from error
    return folder


def address(row: pd.Series, folder: Path, size: str) -> str:
    """Where an object's image is: beside the tables as images/<id>.jpg, else as its row says.

    A folder images/ beside the tables stands for the museum's server: what it lacks is missing, and is not asked for
    over the network unseen.
    """
    local, url = f"images/{row['id']}.jpg", str(row["url"])
    remote = not url.startswith("file:")
    if (folder / local).is_file() or (remote and (folder / "images").is_dir()):
        return f"file:{local}"
    return f"{url}/full/{size}/0/default.jpg" if remote else url


def _downloads(urls: dict[str, str], getter: Getter) -> tuple[list[Source], dict[str, str]]:
    """Sources for the shards; remote images are brought into the user's cache first."""
    remote = {i: url for i, url in urls.items() if not url.startswith("file:")}
    folder = cache_folder() / "nga" / "images"
    names = {i: f"{sha256_bytes(url.encode())[:32]}.jpg" for i, url in remote.items()}
    failed = fetch_all({names[i]: url for i, url in remote.items()}, folder, getter, check=decode) if remote else {}

    def reader(i: str):
        if i not in remote:
            return lambda: getter.get(urls[i])
        return lambda: (folder / names[i]).read_bytes()

    return [Source(i, reader(i)) for i in urls], {i: failed[n] for i, n in names.items() if n in failed}


def _sizes(urls: dict[str, str], folder: Path) -> list[int]:
    """Sizes of the images beside the tables (-1 = none): part of the scratch folder's key, as in prepare_artgan."""
    files = [folder / unquote(url.removeprefix("file:")) for url in urls.values() if url.startswith("file:")]
    return [file.stat().st_size if file.is_file() else -1 for file in files]


def collect(tables_folder: Path, params: NGA, *, getter: Getter, out: Path, metrics: Path) -> None:
    """Write shards, index.parquet, missing.csv and unreadable.csv, and the counts.

    Args:
        tables_folder: Holds the five tables, and images where they are local.
        params: Section ``nga``.
        getter: For the images.
        out: Folder of the results.
        metrics: File of the counts.
    """
    rows, counts = nga.select_paintings(nga.read_tables(tables_folder))
    if rows.empty:
        raise ArtExtractError(
            f"of {counts['objects']} objects none is a painting with a title and a primary image",
            where=str(tables_folder),
            remedy="take the complete export at the pinned commit (README, profile nga)",
        )
    if params.max_objects:
        rows = rows.head(params.max_objects)
    urls = {str(row["id"]): address(row, tables_folder, params.image_size) for _, row in rows.iterrows()}
    sources, failed = _downloads(urls, getter)
    key = (rows[["id", "uuid", "url"]].values.tolist(), params.image_size, params.max_side, sorted(failed))
    with scratch("fetch_nga", str(tables_folder), *key, _sizes(urls, tables_folder), code_fingerprint()) as work:
        stored = write_shards(sources, work, max_side=params.max_side)
        reason = stored["id"].map(failed)
        stored["error"] = reason.where(reason.notna(), stored["error"])
        out.mkdir(parents=True, exist_ok=True)
        try:
            counts |= report_failures(
                stored,
                out,
                params.max_failed_fraction,
                where=str(tables_folder),
                remedy="run again (what has arrived is kept), or raise nga.max_failed_fraction in params.yaml",
            )
        except ArtExtractError:
            discard(work)  # images will be mended now: what was seen of the broken ones must not be believed
            raise
        index = rows.merge(stored, on="id", validate="one_to_one")
        index = index[index["error"].isna()].reset_index(drop=True)
        index["group"] = _groups(index, params.near_duplicate_bits)
        for shard in sorted(work.glob("shard-*.tar")):
            shutil.move(shard, out / shard.name)
        write_table(out / "index.parquet", index[INDEX_COLUMNS])
        counts |= {
            "exact_duplicates": int(index["sha256"].duplicated().sum()),
            "groups": int(index["group"].nunique()),
            "images_in_groups_of_several": int(index["group"].duplicated(keep=False).sum()),
        }
        write_metrics(metrics, counts)
        discard(work)


def _groups(index: pd.DataFrame, bits: int) -> np.ndarray:
    """Siblings and near-duplicates, transitively; shape (n,)."""
    pairs = hamming_pairs(index["phash"].tolist(), bits)
    for rows in index.groupby("sibling_group").indices.values():
        pairs += [(int(rows[0]), int(other)) for other in rows[1:]]
    return groups(len(index), pairs)
