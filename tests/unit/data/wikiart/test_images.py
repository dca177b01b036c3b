from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from artextract.data.images.decode import UnreadableImage
from artextract.data.wikiart.images import locate


class Held:
    """Images in memory; ``broken`` ones cannot be read."""

    def __init__(self, files: Mapping[str, bytes], broken: str = ""):
        self.root, self.files, self.broken = Path(), files, broken

    def sizes(self) -> dict[str, int]:
        return {name: len(data) for name, data in self.files.items()}

    def read(self, name: str) -> bytes:
        if name == self.broken:
            raise UnreadableImage("archive_member")
        return self.files[name]

    def reader(self, name: str) -> Callable[[], bytes]:
        return partial(self.read, name)


def test_the_first_source_that_has_an_image_gives_it() -> None:
    first, second = Held({"S/a.jpg": b"1"}), Held({"S/a.jpg": b"22", "S/b.jpg": b"333"})
    found = locate(["S/a.jpg", "S/b.jpg", "S/c.jpg"], [first, second])
    assert found.places == {"S/a.jpg": (0, "S/a.jpg"), "S/b.jpg": (1, "S/b.jpg")}
    assert found.sizes == {"S/a.jpg": 1, "S/b.jpg": 3}
    assert (found.reader("S/a.jpg")(), found.reader("S/b.jpg")()) == (b"1", b"333")
    with pytest.raises(FileNotFoundError):
        found.reader("S/c.jpg")()
    assert locate(["S/a.jpg"], [second, first]).reader("S/a.jpg")() == b"22"


def test_a_renamed_file_of_the_first_source_goes_before_an_exact_one_of_the_second() -> None:
    found = locate(["S/gr\xe3\xa9.jpg"], [Held({"S/gr\xe9.jpg": b"1"}), Held({"S/gr\xe3\xa9.jpg": b"2"})])
    assert found.renamed == {"S/gr\xe3\xa9.jpg": "S/gr\xe9.jpg"} and found.reader("S/gr\xe3\xa9.jpg")() == b"1"
    exact = locate(["S/gr\xe3\xa9.jpg"], [Held({"S/gr\xe3\xa9.jpg": b"2"}), Held({"S/gr\xe9.jpg": b"1"})])
    assert exact.renamed == {} and exact.reader("S/gr\xe3\xa9.jpg")() == b"2"


def test_what_is_ambiguous_in_one_source_may_be_clear_in_another() -> None:
    unclear = Held({"S/a-b.jpg": b"1", "S/a.b.jpg": b"2"})
    alone = locate(["S/ab.jpg"], [unclear])
    assert alone.ambiguous == {"S/ab.jpg": ["S/a-b.jpg", "S/a.b.jpg"]}
    with pytest.raises(UnreadableImage, match=r"several files could be meant: S/a-b\.jpg | S/a\.b\.jpg"):
        alone.reader("S/ab.jpg")()
    both = locate(["S/ab.jpg"], [unclear, Held({"S/ab.jpg": b"3"})])
    assert both.ambiguous == {} and both.reader("S/ab.jpg")() == b"3"


def test_no_file_of_another_source_takes_the_place_of_a_broken_one() -> None:
    found = locate(["S/a.jpg"], [Held({"S/a.jpg": b"1"}, broken="S/a.jpg"), Held({"S/a.jpg": b"2"})])
    with pytest.raises(UnreadableImage, match="member of the archive is damaged"):
        found.reader("S/a.jpg")()
