"""Predictions of any number of pictures: some at a time, with progress, kept over a kill, and broken files listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import pandas as pd

from artextract.classification.prediction.features import Stored
from artextract.classification.prediction.pictures import Named
from artextract.classification.prediction.predictor import CHUNK, Predictor
from artextract.classification.prediction.seen import Seen
from artextract.core.files import write_table
from artextract.core.fingerprint import code_of, content_key, sha256_file
from artextract.core.kept import dropped_unless_intact, make_kept
from artextract.core.prefetch import prefetched
from artextract.core.runtime import threads
from artextract.core.scratch import scratch
from artextract.data.images.decode import normalise
from artextract.data.images.reasons import UnreadableImage, code_and_reason, error_of

REMEDY = "open it in a viewer; save it again as JPEG or PNG"

Describe = Callable[[Seen], pd.DataFrame]  # rows of a table for some pictures
Read = tuple[str, bytes | OSError | UnreadableImage]  # name of a picture, and what came of reading it


def predict_all(
    pictures: Sequence[Named], predictor: Predictor, describe: Describe, *key: object
) -> tuple[pd.DataFrame, pd.DataFrame, Path]:
    """Predict all pictures; what was finished before a kill is found again.

    Memory holds ``CHUNK`` pictures, besides the finished rows.

    Args:
        pictures: Pictures with names of their own.
        predictor: The network.
        describe: Makes the rows of the table.
        key: What else the rows depend on.

    Returns:
        One row per picture that could be read: path, then the columns of ``describe``; the others: path, reason,
        remedy; and the folder of the finished parts, to be discarded when the table is written.
    """
    with scratch("predict", *_identity(pictures, predictor), *key) as work:
        chunks = [pictures[start : start + CHUNK] for start in range(0, len(pictures), CHUNK)]
        places = [work / f"part-{number:06d}.parquet" for number in range(len(chunks))]
        _fill(chunks, places, predictor, describe)
        table = pd.concat([pd.read_parquet(place) for place in places], ignore_index=True)
    failed = table["reason"].notna()
    unread = table.loc[failed, ["path", "reason"]].assign(remedy=REMEDY).reset_index(drop=True)
    return table[~failed].drop(columns="reason").reset_index(drop=True), unread, work


def _fill(chunks: Sequence[Sequence[Named]], places: Sequence[Path], predictor: Predictor, describe: Describe) -> None:
    from tqdm import tqdm

    missing = [number for number, place in enumerate(places) if not dropped_unless_intact(place, "finished part")]
    total = sum(map(len, chunks))
    done = total - sum(len(chunks[number]) for number in missing)
    waiting = (picture for number in missing for picture in chunks[number])
    read = prefetched(
        partial(_stored, max_side=predictor.max_side), map(_read, waiting), workers=threads(), ahead=2 * threads()
    )
    with tqdm(total=total, initial=done, desc="predict", unit="img", mininterval=1, disable=total < CHUNK) as bar:
        for number in missing:
            part = list(islice(read, len(chunks[number])))
            rows = _rows(part, predictor, describe)
            make_kept(places[number], partial(_write, rows))
            bar.update(len(part))


def _write(rows: pd.DataFrame, path: Path) -> None:
    write_table(path, rows)


def _rows(part: Sequence[Read], predictor: Predictor, describe: Describe) -> pd.DataFrame:
    """One row per picture of a part: path, reason (null where it could be read), and the predictions."""
    table = pd.DataFrame({"path": [name for name, _ in part]})
    reasons = [None if isinstance(data, bytes) else code_and_reason(error_of(data))[1] for _, data in part]
    table["reason"] = pd.array(reasons, dtype="string")
    good = [data for _, data in part if isinstance(data, bytes)]
    if not good:
        return table
    rows = table.index[table["reason"].isna()]
    return table.join(describe(predictor.look(Stored(good))).set_index(rows))


def _read(picture: Named) -> Read:
    try:
        return picture.name, picture.read()
    except (OSError, UnreadableImage) as error:
        return picture.name, error


def _stored(read: Read, max_side: int) -> Read:
    name, data = read
    if not isinstance(data, bytes):
        return read
    try:
        return name, normalise(data, max_side)[0]
    except (OSError, UnreadableImage) as error:
        return name, error


def _identity(pictures: Sequence[Named], predictor: Predictor) -> Iterator[object]:
    """Everything that the rows depend on."""
    folder = predictor.folder
    yield content_key([(picture.name, picture.stamp) for picture in pictures])
    yield [sha256_file(folder / name) for name in ("model.json", "model.safetensors")]
    yield from (predictor.confidence, predictor.max_side, code_of(__name__))
