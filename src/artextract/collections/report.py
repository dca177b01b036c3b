"""What a run of a collection's pipeline ends with: counts, what was not measured, and what to do next."""

from __future__ import annotations

from pathlib import Path

from artextract.core.files import read_json


def outcome(folder: Path, name: str) -> str:
    """Text for the screen.

    Args:
        folder: The collection's folder.
        name: Its name.
    """
    fetched, siamese = (read_json(folder / f"metrics/{stage}.json") for stage in ("fetch_nga", "siamese"))
    lines = [f"{fetched['images_stored']:,} works are in the collection {name!r}."]
    if fetched["problems"]:
        lines.append(f"{fetched['problems']:,} lines in {folder / 'problems.csv'} say what could not be used.")
    if reason := siamese.get("not_trained"):
        lines.append(f"The siamese space was not trained ({reason}): it is the image embedding.")
    return "\n".join([*lines, "", *next_steps(name)])


def next_steps(name: str) -> list[str]:
    """Commands that show a collection."""
    given = f"--collection {name}"
    return [
        "What to do next:",
        f"  artextract explore {given}                       # the explorer, in your browser",
        f'  artextract search "harbour at dusk" {given}      # works by words',
        f"  artextract search PICTURE.jpg {given}            # works that look like a picture",
        f"  artextract map {given}                           # the collection as one picture",
        f"  artextract judge {given}                         # how well the embeddings group your works",
    ]
