"""The images in a user's folder: found, and their headers looked at; no pixel is decoded here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from artextract.core.walk import files_below
from artextract.data.images.decode import look_at_header
from artextract.data.images.formats import image_suffixes
from artextract.data.images.reasons import UnreadableImage
from artextract.data.tables.problems import Problem
from artextract.data.tables.text import whole

RAW = frozenset(".cr2 .cr3 .nef .arw .dng .raf .orf .rw2 .pef .srw".split())
TABLES = frozenset(".csv .tsv .xlsx .xlsm .parquet .json .jsonl".split())
_IGNORED_FOLDERS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"})
_IGNORED_FILES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})


@dataclass
class Pictures:
    """The images of a folder.

    Attributes:
        files: Paths relative to the folder, with slashes, sorted; their headers are those of images.
        found: Image files that were found, the unreadable ones included.
        others: Files that are no images, counted only.
        tables: Tables that lie in the folder, relative paths.
        problems: Links, unreadable images and the like.
    """

    files: list[str] = field(default_factory=list)
    found: int = 0
    others: int = 0
    tables: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def find_pictures(folder: Path) -> Pictures:
    """Find the images below a folder; hidden files and what systems leave behind are passed over.

    Args:
        folder: Folder of images, nested as the user likes. Links are followed, see ``core.walk``.
    """
    pictures = Pictures()
    suffixes = image_suffixes()
    for path in sorted(_files(folder)):
        name = path.relative_to(folder).as_posix()
        suffix = path.suffix.lower()
        if whole(name) != name:  # old archives hold names in encodings that the system cannot read
            problem = Problem(whole(name), None, "the file's name is not UTF-8", "rename the file or its folder")
            pictures.problems.append(problem)
        elif path.is_symlink() and not path.exists():
            pictures.problems.append(Problem(name, None, "a link that leads nowhere", "remove it, or mend it"))
        elif suffix in suffixes or not suffix:
            _look(path, name, pictures, certain=bool(suffix))
        elif suffix in RAW:
            pictures.problems.append(Problem(name, None, "a raw camera file", "export it as JPEG or TIFF"))
        else:
            pictures.others += 1
            if suffix in TABLES:
                pictures.tables.append(name)
    return pictures


def _files(folder: Path) -> Iterator[Path]:
    for name, entry in files_below(folder, lambda n: not n.startswith(".") and n not in _IGNORED_FOLDERS):
        if not entry.name.startswith(".") and entry.name.lower() not in _IGNORED_FILES:
            yield folder / name


def _look(path: Path, name: str, pictures: Pictures, *, certain: bool) -> None:
    """Take a file in if its header is that of an image; one without a suffix is silently no image otherwise."""
    try:
        look_at_header(path)
    except (UnreadableImage, OSError) as error:
        if certain:
            pictures.found += 1
            remedy = "open it in a viewer and save it again as JPEG, or take it out"
            pictures.problems.append(Problem(name, None, f"not readable as an image: {error}", remedy))
        else:
            pictures.others += 1
        return
    pictures.found += 1
    pictures.files.append(name)
