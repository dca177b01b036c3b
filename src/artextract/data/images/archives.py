"""What is in a place where pictures were expected: the common top folder, archives that are not read, other files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.walk import files_below
from artextract.data.images.find import is_picture_name
from artextract.data.images.formats import HEAD, other_format

LOOKED_AT = 200_000  # files of a folder, for a message
LONGEST_LINK = 1024  # bytes of a path
SPLIT = (".z01", ".001", ".part1.rar")
UNPACK = {
    "tar": "unpack it, `tar -xf {name}`, and name the folder that comes out of it",
    "zip": "unpack it, `unzip {name}`, and name the folder, or name the archive itself",
    "rar": "unpack it, `unrar x {name}` or `unar {name}`, and name the folder that comes out of it",
    "7z": "unpack it, `7z x {name}`, and name the folder that comes out of it",
    "split": "join its parts and unpack it, `7z x {name}`, and name the folder that comes out of it",
    "parquet": "export its pictures as files, Style/painter_title.jpg, and name that folder",
}  # kind of archive: what its owner can do


def common_top(names: Iterable[str]) -> str:
    """Folders above the style folders that all names have in common, ``wikiart/``; "" where there are none."""
    top = ""
    names = list(names)
    while names:
        tops = {name[len(top) :].split("/", 1)[0] for name in names}
        if len(tops) > 1 or any(name.count("/", len(top)) < 2 for name in names):
            break
        top += f"{tops.pop()}/"
    return top


def kind_of_archive(name: str) -> str | None:
    """Key of ``UNPACK`` for a file's name; None for what is no archive."""
    low = name.lower()
    if low.endswith(SPLIT):
        return "split"
    if low.endswith((".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tar")):
        return "tar"
    return next((kind for kind in ("zip", "rar", "7z", "parquet") if low.endswith(f".{kind}")), None)


def _begins(path: Path) -> str:
    """What a file is, in words, by its first bytes."""
    try:
        with path.open("rb") as handle:
            head = handle.read(HEAD)
    except OSError:
        return ""
    return "an empty file" if not head else "a parquet table" if head[:4] == b"PAR1" else other_format(head)


def not_a_zip(path: Path, error: Exception) -> ArtExtractError:
    """The message for a file that was named as the archive of the pictures and is none."""
    kind, found = kind_of_archive(path.name), _begins(path)
    split = [name for name in (f"{path.stem}.z01", f"{path.name}.001") if (path.parent / name).exists()]
    if split:
        kind = "split"
    if found == "a zip archive" and kind not in ("split", None):
        kind = "zip"
    if kind in (None, "zip"):
        said = f"; it is {found}" if found and found != "a zip archive" else ""
        remedy = "download the archive again" if not said else "name a zip archive, or the folder of the pictures"
        return ArtExtractError(f"not readable as zip: {error}{said}", where=str(path), remedy=remedy)
    said = {"split": "an archive in parts", "parquet": "a parquet table"}.get(kind, f"a {kind} archive")
    said += ", compressed" if kind == "tar" else ""
    return ArtExtractError(
        f"is {said}; pictures are read from folders, zip archives and uncompressed tar files",
        where=str(path),
        remedy=UNPACK[kind].format(name=path.name),
    )


def not_a_tar(path: Path, error: Exception) -> ArtExtractError:
    """The message for a .tar that cannot be read."""
    found = _begins(path)
    said = f"; it is {found}" if found else ""
    remedy = UNPACK["tar"].format(name=path.name) if found == "a gzip file" else "download the archive again"
    return ArtExtractError(f"not readable as uncompressed tar: {error}{said}", where=str(path), remedy=remedy)


def _leads_nowhere(path: Path) -> bool:
    """Whether a file is a link to nothing, or a link that git or a copy wrote down as a text file."""
    try:
        if path.suffix or path.stat().st_size > LONGEST_LINK:
            return False
        text = path.read_text(encoding="utf-8").strip()
        return "/" in text and "\n" not in text and (path.parent / text).exists()
    except FileNotFoundError:
        return path.is_symlink()
    except (OSError, ValueError):
        return False


def found_instead(place: Path, used: Collection[str] = ()) -> tuple[str, str]:
    """What is in a folder in which pictures are missing, and what its owner can do.

    Args:
        place: The folder, or an archive.
        used: Names of the files in it that belong to listed paths.

    Returns:
        A sentence; and a remedy, "" where there is none but to get the pictures.
    """
    if not place.is_dir():
        return "", ""
    pictures, others, archives, dead = [], Counter[str](), [], []
    for number, (name, entry) in enumerate(files_below(place)):
        if number == LOOKED_AT:
            break
        if _leads_nowhere(Path(entry.path)):
            dead.append(name)
        elif kind_of_archive(name):
            archives.append(name)
        elif is_picture_name(name):
            pictures.append(name)
        else:
            others[Path(name).suffix.lower() or "no suffix"] += 1
    top = common_top(pictures)
    pictures = [name for name in pictures if name.removeprefix(top) not in used]
    parts = [f"{len(pictures):,} pictures that no list names, such as {pictures[0]}"] if pictures else []
    parts += [f"{archives[0]} ({len(archives)} archives or tables of pictures in all)"] if archives else []
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(4))
    parts += [f"{dead[0]}, a link that leads nowhere ({len(dead)} in all)"] if dead else []
    parts += [f"other files: {kinds}"] if others else []
    remedy = UNPACK[str(kind_of_archive(archives[0]))].format(name=archives[0]) if archives else ""
    return f"{place} holds {'; '.join(parts) or 'no file'}", remedy
