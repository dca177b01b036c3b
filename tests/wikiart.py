"""For tests of task 1's rows: the section ``artgan``, any table of listed images, and a slow closure of "same work"."""

from __future__ import annotations

import itertools

import pandas as pd
from hypothesis import strategies as st

from artextract.core.tasks import TASKS
from artextract.params.sections import ArtGAN


def section(**changes: object) -> ArtGAN:
    values: dict[str, object] = {
        "source": "folder",
        "max_side": 64,
        "max_missing_fraction": 0.0,
        "select_fraction": 0.2,
        "near_duplicate_bits": 6,
        "guard": True,
        "held_out_painters": 0.0,
        "min_judged_side": 0,
    }
    return ArtGAN.model_validate(values | changes)


HASHES = ["0" * 16, "0" * 15 + "3", "0" * 15 + "f", "f" * 16, "f0" * 8, "0f" * 8]


@st.composite
def listed_images(draw: st.DrawFn) -> pd.DataFrame:
    """Up to 30 listed images with labels, bytes, hashes and declared groups of which many are equal."""
    paths = [f"{folder}/painter_{name}.jpg" for folder in "abc" for name in range(14)]
    chosen = draw(st.lists(st.sampled_from(paths), min_size=1, max_size=30, unique=True))
    n = len(chosen)

    def some(values: list[str]) -> list[str | None]:
        return draw(st.lists(st.one_of(st.none(), st.sampled_from(values)), min_size=n, max_size=n))

    stored = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    many = [f"{i:064x}" for i in range(25)]
    content = draw(st.lists(st.sampled_from(many), min_size=n, max_size=n))
    hashes = draw(st.lists(st.sampled_from([*HASHES, *(f"{7**k:016x}" for k in range(8, 22))]), min_size=n, max_size=n))
    table: dict[str, object] = {
        "path": chosen,
        "sha256": [value if here else None for value, here in zip(content, stored, strict=True)],
        "phash": [value if here else None for value, here in zip(hashes, stored, strict=True)],
        "declared_0": some(["x", "y"]) if draw(st.booleans()) else [None] * n,
        "declared_1": some(["x"]) if draw(st.booleans()) else [None] * n,
    }
    for task in TASKS:
        lists = draw(st.lists(st.sampled_from(["train", "train", "train", "val", None]), min_size=n, max_size=n))
        labels = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
        table[f"{task}_list"] = pd.array(lists, dtype="string")
        table[task] = pd.array([c if part else None for c, part in zip(labels, lists, strict=True)], dtype="Int64")
    return pd.DataFrame(table)


def slow_works(table: pd.DataFrame, bits: int) -> list[int]:
    """The first row of each row's work, by repeated merging; written apart from the code that it checks."""
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]

    def same(a: dict, b: dict) -> bool:
        if a["path"].split("/")[-1] == b["path"].split("/")[-1]:
            return True
        if any(
            isinstance(a.get(key), str) and a.get(key) == b.get(key) for key in ("sha256", "declared_0", "declared_1")
        ):
            return True
        hashes = [int(row["phash"], 16) for row in (a, b) if isinstance(row.get("phash"), str)]
        return len(hashes) == 2 and (hashes[0] ^ hashes[1]).bit_count() <= bits

    work, changed = list(range(len(rows))), True
    while changed:
        changed = False
        for i, j in itertools.combinations(range(len(rows)), 2):
            if work[i] != work[j] and same(rows[i], rows[j]):
                low, high = sorted((work[i], work[j]))
                work = [low if w == high else w for w in work]
                changed = True
    return work
