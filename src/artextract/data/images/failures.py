"""Images that could not be had: reported for people, counted, and past a limit the end of the stage."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_csv_for_people


def report_failures(stored: pd.DataFrame, folder: Path, limit: float, *, where: str, remedy: str) -> dict[str, int]:
    """Write missing.csv and unreadable.csv, and stop where more is missing than the profile allows.

    Args:
        stored: Columns id and error, as ``write_shards`` gives them.
        folder: Where the two tables go.
        limit: Largest share of failures that is accepted.
        where: The source, for the message.
        remedy: What the user can do, for the message.

    Returns:
        Counts ``images_listed``, ``images_stored``, ``missing`` and ``unreadable``.
    """
    error = stored["error"].astype("string")
    missing, unreadable = (error == "missing").fillna(False), error.str.startswith("unreadable").fillna(False)
    for name, chosen in (("missing", missing), ("unreadable", unreadable)):
        table = stored.loc[chosen, ["id", "error"]].rename(columns={"id": "path", "error": "reason"})
        write_csv_for_people(folder / f"{name}.csv", table)
    failed = int((missing | unreadable).sum())
    if failed == len(stored) or failed / len(stored) > limit:  # divided: .29 * 100 is less than 29
        examples = ", ".join(f"{i} ({e})" for i, e in stored.loc[missing | unreadable, ["id", "error"]].head(3).values)
        raise ArtExtractError(
            f"{int(missing.sum())} images are missing and {int(unreadable.sum())} unreadable of {len(stored)}, more "
            f"than the limit of {limit:.1%}. First: {examples}. All: {folder}/missing.csv, {folder}/unreadable.csv",
            where=where,
            remedy=remedy,
        )
    return {
        "images_listed": len(stored),
        "images_stored": len(stored) - failed,
        "missing": int(missing.sum()),
        "unreadable": int(unreadable.sum()),
    }
