"""Checksums of a published network, as ``sha256sum --check`` reads them: what arrives is what was published."""

from __future__ import annotations

from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.core.fingerprint import sha256_file

SUMS = "SHA256SUMS"
COVERED = ("calibration.json", "evidence.parquet", "evidence.safetensors", "model.json", "model.safetensors")


def write_sums(folder: Path) -> None:
    """Write the checksums of a network's files. The card is left out: people edit it."""
    there = [name for name in COVERED if (folder / name).is_file()]
    write_text(folder / SUMS, "".join(f"{sha256_file(folder / name)}  {name}\n" for name in there))


def wrong_files(folder: Path) -> list[str]:
    """Names of the files that are missing or are not what was published; none where a folder has no checksums."""
    path = folder / SUMS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    entries = [line.split(maxsplit=1) for line in lines if line.strip()]
    return [
        entry[-1]
        for entry in entries
        if len(entry) != 2
        or entry[1] not in COVERED
        or not (folder / entry[1]).is_file()
        or sha256_file(folder / entry[1]) != entry[0]
    ]


def check_sums(folder: Path) -> None:
    """Refuse a network whose files are not what was published.

    Args:
        folder: Folder of the network.

    Raises:
        ArtExtractError: Names the files.
    """
    if wrong := wrong_files(folder):
        raise ArtExtractError(
            f"not what was published, by {SUMS}: {', '.join(wrong)}",
            where=str(folder),
            remedy="get the folder again (`git restore` for one of the repository's, a new download for one of the "
            f"hub's); after a change on purpose delete {SUMS}",
        )
