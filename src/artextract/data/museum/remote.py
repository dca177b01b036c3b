"""Images of a museum's server: where each is, how large it must be, and bringing them into the user's cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from artextract.core.fingerprint import sha256_bytes
from artextract.core.folders import cache_folder
from artextract.core.kept import remove
from artextract.data.images.decode import decode
from artextract.data.images.formats import image_formats
from artextract.data.images.reasons import UnreadableImage, error_of
from artextract.data.images.shard_writer import Source
from artextract.data.museum.fetch import fetch_all
from artextract.data.museum.getter import Getter, read_file
from artextract.data.museum.local import LocalPictures

SIZE_TOLERANCE = 2  # pixels by which a side may differ from the table's
IDENTIFIER = re.compile(r"[\w~-][\w.~-]*", re.ASCII)


def expected_size(row: pd.Series, size: str) -> tuple[int, int] | None:
    """Width and height that the museum's server should give; None where its table has no measures.

    Args:
        row: source_width, source_height, and maxpixels: the longest side that is published where the work is not in
            the public domain. The server would enlarge an image past both, and nothing can be learnt from that.
        size: ``!w,h``: fits into this box, aspect kept.
    """
    width, height = row["source_width"], row["source_height"]
    if not (width > 0 and height > 0):
        return None
    box_width, box_height = (int(side) for side in size.removeprefix("!").split(","))
    cap = row["maxpixels"] if row["maxpixels"] > 0 else np.inf
    scale = min(box_width / width, box_height / height, cap / max(width, height), 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))


def address(row: pd.Series, pictures: LocalPictures, size: str, images_base: str = "") -> str:
    """The address of an object's image: in images/ beside the tables, or the one in its row.

    A folder images/ beside the tables stands for the museum's server: what it lacks is missing, and is not asked for
    over the network unseen.

    Args:
        row: id, url, source_width, source_height, maxpixels.
        pictures: Those beside the tables.
        size: ``!w,h``.
        images_base: Address of an image server that stands in for the museum's, under the same identifiers.
    """
    local = pictures.find([str(row.get(name, "")) for name in ("id", "objectid", "uuid", "accession")])
    url = str(row["url"])
    remote = not url.startswith("file:")
    if local or not url.strip() or (remote and pictures.there):
        return local or pictures.address_of(f"{row['id']}.jpg")
    if not remote:
        return url
    box = [int(side) for side in size.removeprefix("!").split(",")]
    expected = expected_size(row, size) or tuple(box)
    if max(expected) < min(box):  # smaller than the box on all sides: the server must not be asked to enlarge it
        size = f"!{max(expected)},{max(expected)}"
    if images_base and IDENTIFIER.fullmatch(identifier := url.rstrip("/").rpartition("/")[2]):
        url = f"{images_base.rstrip('/')}/{identifier}"
    return f"{url}/full/{size}/0/default.jpg"


def _wrong_size(file: Path, expected: tuple[int, int] | None) -> str | None:
    """Why an image cannot be the one that the table describes; sides may be rounded either way."""
    if expected is None:
        return None
    with Image.open(file, formats=image_formats()) as image:
        found = image.size
    if all(abs(f - e) <= SIZE_TOLERANCE for f, e in zip(found, expected, strict=True)):
        return None
    detail = f"{found[0]} x {found[1]} pixels, by the table {expected[0]} x {expected[1]}"
    return error_of(UnreadableImage("wrong_size", detail))


def downloads(
    urls: dict[str, str], getter: Getter, expected: Mapping[str, tuple[int, int] | None], max_failed: float
) -> tuple[list[Source], dict[str, str]]:
    """Sources for the shards; remote images are brought into the user's cache first, those of a wrong size not.

    Args:
        urls: Address of each image, by its id.
        getter: Asks for them.
        expected: Their sizes where they are known.
        max_failed: Largest share that may be missing because a server is down.

    Returns:
        A source for each image, and the reasons of those that could not be had, by id.

    Raises:
        ArtExtractError: A server is down.
    """
    remote = {i: url for i, url in urls.items() if not url.startswith("file:")}
    folder = cache_folder() / "nga" / "images"
    names = {i: f"{sha256_bytes(url.encode())[:32]}.jpg" for i, url in remote.items()}
    wanted = {names[i]: url for i, url in remote.items()}
    failed = fetch_all(wanted, folder, getter, check=decode, max_failed=max_failed) if remote else {}
    for i, name in names.items():
        if name not in failed and (wrong := _wrong_size(folder / name, expected[i])):
            failed[name] = wrong
            remove(folder / name)

    def reader(i: str) -> Callable[[], bytes]:
        return (folder / names[i]).read_bytes if i in remote else partial(read_file, getter.root, urls[i])

    return [Source(i, reader(i)) for i in urls], {i: failed[n] for i, n in names.items() if n in failed}
