from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.tasks import TASKS
from artextract.data.wikiart.same_work import in_val_list, leaks, same_work
from tests.wikiart import listed_images, slow_works


def images(paths: list[str], **columns: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"path": paths} | columns)


# --- the relation


def test_each_reason_alone() -> None:
    paths = ["a/1.jpg", "b/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg", "a/5.jpg", "a/6.jpg", "a/7.jpg", "a/8.jpg"]
    table = images(
        paths,
        sha256=["p", "q", "r", "r", "s", "t", "u", "v", None],
        phash=["0f" * 8, "f0" * 8, "c" * 16, "3" * 16, "0" * 16, "0" * 14 + "3f", "5" * 16, "a" * 16, None],
        declared_0=[None, None, None, None, None, None, "x", "x", None],
    )
    # by name, by bytes, by hash (6 bits), by declaration; the last image is not at hand
    assert same_work(table, 6).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert same_work(table, 5).tolist() == [0, 0, 1, 1, 2, 3, 4, 4, 5]


def test_a_chain_uses_every_reason_and_passes_through_an_image_that_is_not_at_hand() -> None:
    """1 ~ 2 by bytes, 2 ~ 3 by hash, 3 ~ 4 by name, 4 (not at hand) ~ 5 by declaration."""
    table = images(
        ["a/1.jpg", "a/2.jpg", "a/3.jpg", "b/3.jpg", "a/5.jpg", "a/6.jpg"],
        sha256=["p", "p", "q", None, "r", "s"],
        phash=["f" * 16, "0" * 16, "0" * 15 + "1", None, "5" * 16, "a" * 16],
        declared_0=[None, None, None, "x", "x", None],
    )
    assert same_work(table, 6).tolist() == [0, 0, 0, 0, 0, 1]


def test_lists_alone_are_enough_and_title_variants_are_apart() -> None:
    paths = ["Cubism/g_guitar.jpg", "Realism/g_guitar.jpg", "Cubism/g_guitar-2.jpg", "Cubism/g_guitar(1).jpg"]
    assert same_work(images(paths), 6).tolist() == [0, 0, 1, 2]
    variants = images(paths, sha256=["p", "q", "p", "r"])
    assert same_work(variants, 6).tolist() == [0, 0, 0, 1]  # the bytes say otherwise


@pytest.mark.slow
@given(listed_images(), st.sampled_from([0, 2, 6]))
def test_the_relation_equals_a_slow_closure(table: pd.DataFrame, bits: int) -> None:
    slow = slow_works(table, bits)
    numbers: dict[int, int] = {}
    assert same_work(table, bits).tolist() == [numbers.setdefault(work, len(numbers)) for work in slow]


# --- the guard


def listed(rows: dict[str, tuple[str | None, str | None, str | None]]) -> pd.DataFrame:
    columns = {
        f"{task}_list": pd.array([part[k] for part in rows.values()], dtype="string") for k, task in enumerate(TASKS)
    }
    return pd.DataFrame({"path": list(rows)} | columns)


def test_guard_by_hand() -> None:
    table = listed({
        "a/1.jpg": ("train", "val", None),
        "a/2.jpg": ("train", None, None),
        "a/3.jpg": (None, None, "val"),
        "a/4.jpg": ("train", "train", "train"),
        "a/5.jpg": ("val", "train", None),
        "b/3.jpg": ("train", None, None),
    })  # fmt: skip
    found = {
        name: leaks(table, key) for name, key in (("path", table["path"]), ("work", pd.Series(same_work(table, 6))))
    }
    named = lambda flags, task: table["path"][flags[task]].tolist()  # noqa: E731
    assert named(found["path"], "style") == ["a/1.jpg"]
    assert named(found["work"], "style") == ["a/1.jpg", "b/3.jpg"]  # b/3 is a copy of artist's a/3 by its name
    assert named(found["path"], "genre") == named(found["work"], "genre") == ["a/5.jpg"]
    assert named(found["path"], "artist") == named(found["work"], "artist") == []


@pytest.mark.slow
@pytest.mark.parametrize("bits", [0, 6])
@given(table=listed_images())
def test_guard_equals_a_slow_one(bits: int, table: pd.DataFrame) -> None:
    slow, rows = slow_works(table, bits), table.to_dict("records")
    val = {work for work, row in zip(slow, rows, strict=True) if any(row[f"{t}_list"] == "val" for t in TASKS)}
    work = pd.Series(same_work(table, bits))
    assert in_val_list(table, work).tolist() == [number in val for number in slow]
    flags = leaks(table, work)
    for task in TASKS:
        expected = [row[f"{task}_list"] is not pd.NA and row[f"{task}_list"] == "train" and number in val
                    for row, number in zip(rows, slow, strict=True)]  # fmt: skip
        assert flags[task].tolist() == expected
