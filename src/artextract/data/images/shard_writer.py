"""Writes images into uncompressed tar shards, a thousand each; finished shards are kept over a kill."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.executors.job import Tick
from artextract.core.executors.over import over
from artextract.core.files import atomic, write_table
from artextract.core.fingerprint import sha256_bytes
from artextract.core.kept import dropped_unless_intact, make_kept
from artextract.core.prefetch import prefetched
from artextract.core.runtime import threads
from artextract.data.images.decode import normalise
from artextract.data.images.duplicates import perceptual_hash
from artextract.data.images.reasons import UnreadableImage, code_and_reason, error_of

IMAGES_PER_SHARD = 1000


@dataclass(frozen=True)
class Source:
    """One image to store: its id, and how to get its bytes (called once; may raise OSError or UnreadableImage)."""

    id: str
    read: Callable[[], bytes]


Read = tuple[str, bytes | UnreadableImage | OSError]  # id of a source, and what came of reading it


def _read(source: Source) -> Read:
    """The bytes of one image; a failure is handed on."""
    try:
        return source.id, source.read()
    except (UnreadableImage, OSError) as error:
        return source.id, error


def _store(read: Read, max_side: int) -> tuple[bytes, dict[str, object]]:
    """Normalise one image; a failure becomes a row with its reason, never an exception."""
    row: dict[str, object] = {"id": read[0], "error": None}
    try:
        if not isinstance(read[1], bytes):
            raise read[1]
        data, image = normalise(read[1], max_side)
    except (UnreadableImage, OSError) as error:
        return b"", row | {"error": error_of(error)}
    return data, row | {
        "sha256": sha256_bytes(data),
        "phash": perceptual_hash(image),
        "width": image.width,
        "height": image.height,
    }


def _write_shard(path: Path, sources: Sequence[Source], max_side: int, tick: Callable[[], object]) -> pd.DataFrame:
    """Write one tar; members are numbered, since ids may be longer than a tar name or hold any letter.

    Images are decoded in threads. They are read in this one, since the tars and zips that hold them have one position.
    """
    rows = []
    store, ahead = partial(_store, max_side=max_side), 2 * threads()
    with atomic(path) as handle, tarfile.open(fileobj=handle, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for data, row in prefetched(store, map(_read, sources), workers=threads(), ahead=ahead):
            if row["error"] is None:
                member = tarfile.TarInfo(f"{path.stem}-{len(rows):04d}.jpg")  # mtime 0, uid 0: same bytes always
                member.size = len(data)
                tar.addfile(member, BytesIO(data))
                row |= {"shard": path.name, "offset": handle.tell() - _padded(len(data)), "size": len(data)}
            rows.append(row)
            tick()
    return pd.DataFrame(rows)


def _keep_shard(shard: Path, table_path: Path, write: Callable[[Path], pd.DataFrame]) -> None:
    """Keep a shard and the table of its images, both sealed."""
    tables: list[pd.DataFrame] = []
    make_kept(shard, lambda new: tables.append(write(new)))
    make_kept(table_path, lambda new: write_table(new, tables[0]))


def _padded(size: int) -> int:
    """Tar fills members up to blocks of 512 bytes."""
    return (size + 511) // 512 * 512


@dataclass(frozen=True)
class Part:
    """One shard to write: see ``core.executors.job.Shard``.

    Attributes:
        name: Of its files, without suffix.
        sources: Its images.
        folder: Where the shard goes.
        max_side: See ``write_shards``.
    """

    name: str
    sources: Sequence[Source]
    folder: Path
    max_side: int

    @property
    def size(self) -> int:
        """Number of images."""
        return len(self.sources)


def store_part(part: Part, tick: Tick) -> None:
    """Write a shard and the table of its images, unless both are there and intact."""
    shard, table_path = (part.folder / f"{part.name}{suffix}" for suffix in (".tar", ".parquet"))
    if not all([dropped_unless_intact(path, "finished images") for path in (shard, table_path)]):
        write = partial(_write_shard, sources=part.sources, max_side=part.max_side, tick=partial(tick, 1))
        _keep_shard(shard, table_path, write)  # the table after its shard: a shard without a table is written anew


def write_shards(sources: Iterable[Source], folder: Path, *, max_side: int, describe: str = "images") -> pd.DataFrame:
    """Store images in ``folder/shard-00000.tar`` and on; finished shards are kept over a kill.

    ``folder`` must be keyed by the list of sources and ``max_side``: a shard that is there and intact is believed.
    Where shards are written in other processes (``core.executors``), sources must be such that can be pickled.

    Returns:
        A row a source, in order: id, error (null when stored, else see ``error_of``), sha256, phash, width, height,
        shard, offset, size.
    """
    sources, place = list(sources), folder.absolute()
    starts = range(0, len(sources), IMAGES_PER_SHARD)
    parts = [
        Part(f"shard-{number:05d}", sources[start : start + IMAGES_PER_SHARD], place, max_side)
        for number, start in enumerate(starts)
    ]
    for _ in over(parts, store_part, folder=folder / "handed-out", describe=describe, unit="img"):
        pass
    tables = [pd.read_parquet(folder / f"{part.name}.parquet") for part in parts]
    columns = ["id", "error", "sha256", "phash", "width", "height", "shard", "offset", "size"]
    if not tables:
        return pd.DataFrame(columns=pd.Index(columns))
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def least_bytes(sizes: Iterable[int], max_side: int) -> int:
    """Bytes that the shards of some images take, less than which they hardly can: a sixteenth of a byte per pixel.

    Args:
        sizes: Of the files.
        max_side: See ``write_shards``.
    """
    return sum(min(size, max_side * max_side // 16) for size in sizes)


def failures(stored: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``write_shards`` that failed as people read them: path, code (key of ``REASONS``) and reason."""
    told = [code_and_reason(str(error)) for error in stored["error"]]
    columns = {"path": stored["id"].tolist(), "code": [c for c, _ in told], "reason": [r for _, r in told]}
    return pd.DataFrame(columns, dtype=str)


def report_failures(
    stored: pd.DataFrame, folder: Path, limit: float, *, where: str, remedy: str, found: str = ""
) -> dict[str, int]:
    """Write missing.csv and unreadable.csv, and stop where more is missing than the profile allows.

    Args:
        stored: Columns id and error, as ``write_shards`` gives them.
        folder: Where the two tables go.
        limit: Largest share of failures that is accepted.
        where: The source, for the message.
        remedy: What the user can do, for the message.
        found: What is there instead, for the message.

    Returns:
        Counts ``images_listed``, ``images_stored``, ``missing`` and ``unreadable``.
    """
    error = stored["error"].astype("string")
    missing, unreadable = (error == "missing").fillna(False), error.str.startswith("unreadable").fillna(False)
    for name, chosen in (("missing", missing), ("unreadable", unreadable)):
        write_table(folder / f"{name}.csv", failures(stored[chosen]))
    failed = int((missing | unreadable).sum())
    if failed == len(stored) or failed / len(stored) > limit:  # divided: .29 * 100 is less than 29
        first = failures(stored[missing | unreadable].head(3))
        told = [c if c == "missing" else f"unreadable: {r}" for c, r in first[["code", "reason"]].values]
        examples = ", ".join(f"{path} ({reason})" for path, reason in zip(first["path"], told, strict=True))
        raise ArtExtractError(
            f"{int(missing.sum())} images are missing and {int(unreadable.sum())} unreadable of {len(stored)}, more "
            f"than the limit of {limit:.1%}. First: {examples}. All: {folder}/missing.csv, {folder}/unreadable.csv"
            f"{f'. {found}' if found else ''}",
            where=where,
            remedy=remedy,
        )
    return {
        "images_listed": len(stored),
        "images_stored": len(stored) - failed,
        "missing": int(missing.sum()),
        "unreadable": int(unreadable.sum()),
    }
