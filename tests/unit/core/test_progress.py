from __future__ import annotations

import pytest

from artextract.core.progress import progress


def test_items_come_in_order_and_the_bar_is_named(capsys: pytest.CaptureFixture[str]):
    assert list(progress(iter("abc"), "train and score", "training", total=3)) == ["a", "b", "c"]
    shown = capsys.readouterr()
    assert "train and score: 100%" in shown.err and "3/3" in shown.err and "training/s" in shown.err and not shown.out


def test_nothing_to_do_is_no_error():
    assert list(progress([], "x", "y")) == []
