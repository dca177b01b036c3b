"""Which value is white: said by the file, clear from the values, or the picture is refused with that reason."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.data.images.decode import decode
from artextract.data.images.reasons import UnreadableImage
from tests.odd_pictures import png, tiff

GREY = np.linspace(12, 242, 600).astype(np.uint8).reshape(20, 30)  # as a photograph of a painting: neither end reached
COLOURS = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
WIDE, WIDE_COLOURS = GREY.astype(int), COLOURS.astype(int)


def at_both(values: np.ndarray, kind: str, *args: object) -> list[bytes]:
    """As a TIFF in both orders of bytes."""
    return [tiff(values.astype(np.dtype(kind).newbyteorder(order)), *args) for order in "<>"]  # type: ignore[arg-type]


MAX, SMIN, SMAX = 281, 340, 341  # tags
RIGHT = {
    "10 bits": at_both(WIDE * 4, "u2"),
    "12 bits": at_both(WIDE * 16, "u2"),
    "14 bits, said": at_both(WIDE * 64, "u2", 1, {MAX: (3, [16383])}),
    "16 bits": at_both(WIDE * 257, "u2"),
    "16 bits, negative": [tiff((65535 - WIDE * 257).astype("<u2"), 0)],
    "8 bits in 16": at_both(WIDE, "u2"),
    "8 bits in 16, all dark, spread": at_both(WIDE // 6 * 257, "u2"),
    "16 bits with a sign": at_both(WIDE * 128, "i2"),
    "32 bits": [tiff((WIDE * 16843009).astype("<u4"))],
    "16 bits in 32": [tiff((WIDE * 257).astype("<u4"))],
    "0 to 1": at_both(WIDE / 255, "f4"),
    "0 to 1, overshooting": at_both(WIDE / 255 * 1.2 - 0.1, "f4"),
    "0 to 1, negative": at_both(1 - WIDE / 255, "f4", 0),
    "0 to 255": at_both(WIDE, "f4"),
    "0 to 4095": at_both(WIDE * 16, "f4"),
    "0 to 65535": at_both(WIDE * 257, "f4"),
    "0 to 100, said": at_both(WIDE / 2.55, "f4", 1, {SMIN: (11, [0]), SMAX: (11, [100])}),
    "12 bits, PNG": [png((WIDE * 16).astype(np.uint16)[..., None])],
    "14 bits, PNG, said": [png((WIDE * 64).astype(np.uint16)[..., None], (b"sBIT", b"\x0e"))],
    "12 bits said, spread over 16 as PNG demands": [png((WIDE * 257).astype(np.uint16)[..., None], (b"sBIT", b"\x0c"))],
    "12 bits, PGM": [b"P5\n30 20\n4095\n" + (WIDE * 16).astype(">u2").tobytes()],
}
RIGHT_COLOURS = {
    "12 bits": at_both(WIDE_COLOURS * 16, "u2", 2),
    "16 bits": at_both(WIDE_COLOURS * 257, "u2", 2),
    "16 bits, one colour after the other": at_both(WIDE_COLOURS * 257, "u2", 2, {284: (3, [2])}),
    "12 bits, one colour after the other": at_both(WIDE_COLOURS * 16, "u2", 2, {284: (3, [2])}),
    "12 bits, PNG": [png((WIDE_COLOURS * 16).astype(np.uint16))],
    "14 bits, PNG, said": [png((WIDE_COLOURS * 64).astype(np.uint16), (b"sBIT", b"\x0e\x0e\x0e"))],
    "16 bits, all dark, spread": [png((WIDE_COLOURS // 6 * 257).astype(np.uint16))],
}


@pytest.mark.parametrize("name", RIGHT)
def test_greys_of_any_depth_have_the_brightness_of_the_8_bit_picture(name: str) -> None:
    expected = GREY / 6 if "dark" in name else WIDE * 1.2 - 25.5 if "overshooting" in name else WIDE
    for data in RIGHT[name]:
        found = np.asarray(decode(data), dtype=float)
        assert np.abs(found - expected.clip(0, 255)[..., None]).max() <= 1.5


@pytest.mark.parametrize("name", RIGHT_COLOURS)
def test_colours_of_any_depth_have_the_brightness_of_the_8_bit_picture(name: str) -> None:
    expected = WIDE_COLOURS // 6 if "dark" in name else WIDE_COLOURS
    for data in RIGHT_COLOURS[name]:
        assert np.abs(np.asarray(decode(data), dtype=int) - expected).max() <= 1


HOLES = (WIDE / 255).astype("<f4")
HOLES[0, 0] = np.nan
ENDLESS = (WIDE / 255).astype("<f4")
ENDLESS[0, 0] = np.inf
UNCLEAR = {
    "14 bits or a dark picture": (at_both(WIDE * 64, "u2"), "unclear_range"),
    "13 bits or a dark picture": (at_both(WIDE * 32, "u2"), "unclear_range"),
    "14 bits or a dark picture, colours": ([png((WIDE_COLOURS * 64).astype(np.uint16))], "unclear_range"),
    "12 bits beside alpha": ([png((np.stack([WIDE, WIDE], -1) * 16).astype(np.uint16))], "unclear_range"),
    "below zero": (at_both(WIDE * 257 - 32768, "i2"), "unclear_range"),
    "-1 to 1": (at_both(WIDE / 127.5 - 1, "f4"), "unclear_range"),
    "0 to 100": (at_both(WIDE / 2.55, "f4"), "unclear_range"),
    "brighter than white": (at_both(WIDE / 60, "f4"), "unclear_range"),
    "not a number": ([tiff(HOLES)], "not_finite"),
    "infinite": ([tiff(ENDLESS)], "not_finite"),
    "64 bits": (at_both(WIDE / 255, "f8"), "samples_not_read"),
    "floating point colours": (at_both(WIDE_COLOURS / 255, "f4", 2), "samples_not_read"),
    "8 bits with a sign": ([tiff((GREY // 2).astype(np.int8))], "samples_not_read"),
    "a JPEG of 12 bits": (
        [b"\xff\xd8\xff\xc1\0\x0b\x0c" + struct.pack(">HHB", 8, 8, 1) + b"\1\x11\0"],
        "samples_not_read",
    ),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_not_clear_is_refused_with_that_reason(name: str) -> None:
    files, code = UNCLEAR[name]
    for data in files:
        with pytest.raises(UnreadableImage) as caught:
            decode(data)
        assert caught.value.code == code


def test_a_palette_of_8_bits_in_a_table_for_16_is_not_black() -> None:
    table = [min(255, 2 * i) for i in range(256)] * 3
    found = [decode(tiff(GREY // 2, 3, {320: (3, [by * v for v in table])})) for by in (1, 257)]
    assert np.abs(np.asarray(found[0], dtype=int) - (GREY // 2 * 2)[..., None]).max() == 0
    assert found[0].tobytes() == found[1].tobytes()


def test_a_value_that_is_declared_transparent_lies_over_white() -> None:
    greys = decode(png((WIDE * 257).astype(np.uint16)[..., None], (b"tRNS", struct.pack(">H", 12 * 257))))
    colours = decode(png(np.full((1, 1, 3), 40000, dtype=np.uint16), (b"tRNS", struct.pack(">3H", *[40000] * 3))))
    assert greys.getpixel((0, 0)) == (255,) * 3 and greys.getpixel((29, 19)) == (242,) * 3
    assert colours.getpixel((0, 0)) == (255,) * 3


@given(st.integers(1, 2**16 - 1), st.sampled_from([8, 10, 12, 16]))
def test_a_picture_never_becomes_much_darker_than_what_its_brightest_value_can_mean(most: int, bits: int) -> None:
    """What is not refused is at least a quarter as bright as it can be, unless it is spread over 16 bits."""
    try:
        found = decode(tiff(np.array([[1, most]], dtype="<u2")))
    except UnreadableImage:
        return
    assert found.getpixel((1, 0))[0] >= 63 or most <= 255  # type: ignore[index]
