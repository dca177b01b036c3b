"""Split files with checksums, so that others can train and score on exactly the same rows; docs/splits.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_table, write_text
from artextract.core.fingerprint import sha256_file
from artextract.core.spreadsheet import read_csv
from artextract.core.tasks import TASKS
from artextract.data.wikiart.assign import assign_splits
from artextract.data.wikiart.lists import SPLITS, find_file, read_lists, union
from artextract.data.wikiart.same_work import in_val_list, same_work
from artextract.params.sections import ArtGAN
from artextract.runs import split_tracks

SUMS, ABOUT = "SHA256SUMS", "splits.json"
CHECKS: Mapping[str, Callable[[pd.DataFrame, str], None]] = {
    "image_disjoint": split_tracks.check_image_disjoint,
    "painter_disjoint": split_tracks.check_painter_disjoint,
}


@dataclass(frozen=True)
class Rows:
    """Rows to be split, and how they came about.

    Attributes:
        table: id, labels, ``<task>_split`` and group.
        about: What the rows were made from, for ``splits.json``.
    """

    table: pd.DataFrame
    about: Mapping[str, object]


def rows_of_index(path: Path) -> Rows:
    """The images at hand, with the splits of the last run of prepare_artgan and works told apart by their pixels too.

    Raises:
        ArtExtractError: There is no index.
    """
    if not path.is_file():
        raise ArtExtractError(
            "is not here", where=str(path), remedy="`dvc repro prepare_artgan`, or --lists to use ArtGAN's lists alone"
        )
    columns = ["id", *TASKS, *(f"{task}_split" for task in TASKS), "group"]
    relation = "same file name, same bytes, near-duplicate by perceptual hash, or declared group; closed"
    return Rows(pd.read_parquet(path, columns=columns), {"made_from": "images at hand", "same_work": relation})


def rows_of_lists(folder: Path, params: ArtGAN, seed: int) -> Rows:
    """All listed images, without a look at any image: works are told apart by their file names alone.

    The result depends on the published lists, ``select_fraction`` and the seed, and on nothing else.

    Args:
        folder: ArtGAN's lists.
        params: select_fraction is used.
        seed: Seed of the select rows.
    """
    table = union(read_lists(folder))
    table["group"] = same_work(table, bits=0)
    table["val_work"] = in_val_list(table, table["group"])
    plain = {"guard": True, "held_out_painters": 0.0, "min_judged_side": 0}
    splits = assign_splits(table, params.model_copy(update=plain), seed)
    files = [find_file(folder, task, part) for task in TASKS for part in SPLITS]
    about = {
        "made_from": "lists alone",
        "same_work": "same file name",
        "lists_sha256": {path.name: sha256_file(path) for path in files},
    }
    return Rows(pd.concat([table.rename(columns={"path": "id"}), splits], axis=1), about)


def write(folder: Path, rows: Rows, select_fraction: float, seed: int) -> pd.DataFrame:
    """Write both tracks, splits.json and SHA256SUMS, in the form of ``sha256sum``.

    Args:
        folder: Where the files go; files of the same names are replaced.
        rows: Rows to be split.
        select_fraction: Share of the training images that select, in the track by painter.
        seed: Seed of the folds.

    Returns:
        Counts of rows, see ``split_tracks.counts``.

    Raises:
        ArtExtractError: There are too few painters, or a track would not be disjoint (the rows were made without the
            guard).
    """
    tracks = {
        "image_disjoint": split_tracks.image_disjoint(rows.table),
        "painter_disjoint": split_tracks.painter_disjoint(rows.table, select_fraction, seed),
    }
    for name, table in tracks.items():
        CHECKS[name](table, f"{name}.csv")
    for name, table in tracks.items():
        write_table(folder / f"{name}.csv", table)
    about = {**rows.about, "seed": seed, "select_fraction": select_fraction}
    about["images"] = {name: len(table) for name, table in tracks.items()}
    write_text(folder / ABOUT, json.dumps(about, indent=2, sort_keys=True) + "\n")
    names = sorted([ABOUT, *(f"{name}.csv" for name in tracks)])
    write_text(folder / SUMS, "".join(f"{sha256_file(folder / name)}  {name}\n" for name in names))
    return _counts(tracks)


def _counts(tracks: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([split_tracks.counts(name, table) for name, table in tracks.items()], ignore_index=True)


def check(folder: Path) -> pd.DataFrame:
    """Compare all files with SHA256SUMS, and check that no work and no painter is on two sides.

    Args:
        folder: Files of ``write``.

    Returns:
        Counts of rows, see ``split_tracks.counts``.

    Raises:
        ArtExtractError: A file is missing or was changed, or a track is not disjoint.
    """
    _check_sums(folder)
    tracks = {}
    for name, is_disjoint in CHECKS.items():
        tracks[name] = read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""])
        is_disjoint(tracks[name], str(folder / f"{name}.csv"))
        if read_json(folder / ABOUT)["images"][name] != len(tracks[name]):
            raise ArtExtractError(f"names another number of images than {name}.csv has", where=str(folder / ABOUT))
    return _counts(tracks)


def _check_sums(folder: Path) -> None:
    path = folder / SUMS
    if not path.is_file():
        raise ArtExtractError("is missing", where=str(path), remedy="name a folder of `artextract splits write`")
    lines = [line.partition("  ") for line in path.read_text(encoding="utf-8").splitlines()]
    sums = {name: digest for digest, _, name in lines}
    for name in (ABOUT, *(f"{track}.csv" for track in CHECKS)):
        if name not in sums or not (folder / name).is_file():
            raise ArtExtractError("is missing, or SHA256SUMS does not name it", where=str(folder / name))
        if sha256_file(folder / name) != sums[name]:
            raise ArtExtractError(
                "is not the file that SHA256SUMS describes", where=str(folder / name), remedy="write the files again"
            )
