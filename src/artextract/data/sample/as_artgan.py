"""Writes the sample in ArtGAN's layout: images by style folder, six lists, three class files, a manifest.

From there on the sample runs exactly the code of the real lists. Style is the school (the painter's nationality),
genre the subject by tag, artist a painter with several works; what the museum does not say stays unlabelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_bytes, write_text
from artextract.core.tasks import TASKS
from artextract.data.sample.met import Work, siblings, slug
from artextract.data.wikiart.splits import split_every_class

UNLABELLED = "Unlabelled"  # folder of works whose school is not a class


def class_names(works: Sequence[Work], min_works: int) -> dict[str, list[str]]:
    """Class names of each task, in the order of their numbers: what at least ``min_works`` works share."""
    candidates = {
        "style": [work.school for work in works],
        "genre": [work.genre for work in works],
        "artist": [slug(work.artist) if work.is_attributed else None for work in works],
    }
    return {
        task: sorted(name for name, n in Counter(filter(None, names)).items() if n >= min_works)
        for task, names in candidates.items()
    }


def label_works(works: Sequence[Work], classes: dict[str, list[str]]) -> pd.DataFrame:
    """One row per work: path in the layout, and a nullable label for each task."""
    rows = []
    for work in works:
        names = {"style": work.school, "genre": work.genre}
        names["artist"] = slug(work.artist) if work.is_attributed else None
        labels = {t: classes[t].index(str(n)) if n in classes[t] else None for t, n in names.items()}
        folder = work.school if labels["style"] is not None else UNLABELLED
        title = slug(work.title)[:60].strip("-")
        path = f"{folder}/{slug(work.artist) or 'unknown'}_{title}-{work.object_id}.jpg"
        rows.append({"path": path} | labels)
    table = pd.DataFrame(rows)
    return table.astype({task: "Int64" for task in TASKS})


@contextmanager
def told_by_parameter(folder: Path) -> Iterator[None]:
    """Around the preparation of the layout: its files are the project's own, and what is wrong there is a parameter's.

    Args:
        folder: Where ``write_artgan`` has written it; no user knows of it.
    """
    try:
        yield
    except ArtExtractError as error:
        if not str(error.where or "").startswith(str(folder)):
            raise
        raise ArtExtractError(
            f"the sample cannot be used with these values: {error.problem} ({Path(str(error.where)).name})",
            where="params.yaml: met_split, artgan",
            remedy="take them back: `git diff -- params.yaml`, `git restore params.yaml`",
        ) from error


def write_artgan(
    works: Sequence[Work], folder: Path, *, min_works: int, val_fraction: float, seed: int
) -> dict[str, int]:
    """Write the whole layout into ``folder``.

    Returns:
        Counts of what could not be labelled.

    Raises:
        ArtExtractError: ``min_works`` leaves a task without classes.
    """
    classes = class_names(works, min_works)
    for task, names in classes.items():
        if not names:
            raise ArtExtractError(
                f"key `met_split.min_works` is {min_works}: no class of {task} has that many works in the sample",
                where="params.yaml",
                remedy="lower met_split.min_works",
            )
    table = label_works(works, classes)
    heads = siblings(works)
    labelled = table[list(TASKS)].notna().any(axis=1).to_numpy()
    rng = np.random.default_rng(seed)
    is_val = split_every_class(table[list(TASKS)], heads, val_fraction, rng) & labelled
    for task in TASKS:
        base = folder / task.capitalize()
        write_text(base / f"{task}_class.txt", "".join(f"{i} {n}\n" for i, n in enumerate(classes[task])))
        for split, chosen in (("train", ~is_val), ("val", is_val)):
            rows = table[chosen & table[task].notna()]
            lines = [f"{path},{label}\r\n" for path, label in zip(rows["path"], rows[task], strict=True)]
            write_text(base / f"{task}_{split}.csv", "".join(lines))
    manifest = table.assign(group=heads)[labelled][["path", "group"]]
    write_text(folder / "manifest.csv", manifest.to_csv(index=False, lineterminator="\n"))
    for work, path, used in zip(works, table["path"], labelled, strict=True):
        if used:
            write_bytes(folder / path, work.image.read_bytes())
    return {"works": len(works), "works_without_any_label": int((~labelled).sum())}
