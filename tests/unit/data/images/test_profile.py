"""A picture with a colour profile becomes sRGB; one that means sRGB already keeps its bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from artextract.data.images.decode import decode, normalise
from tests.odd_pictures import ADOBE, PROPHOTO, SRGB, icc, png

COLOUR = (150, 100, 80)
LOSSLESS = {"JPEG": {"quality": 100}, "PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def saved(image: Image.Image, kind: str, profile: bytes | None) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, icc_profile=profile, **LOSSLESS[kind])
    return buffer.getvalue()


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize(
    ("profile", "expected"),
    [(icc(PROPHOTO, 1.8), (205, 105, 94)), (icc(ADOBE, 2.2), (167, 100, 78))],  # by littleCMS' own program
    ids=["ProPhoto", "Adobe RGB"],
)
def test_colours_are_those_that_the_profile_means(kind: str, profile: bytes, expected: tuple[int, ...]) -> None:
    data = saved(Image.new("RGB", (40, 30), COLOUR), kind, profile)
    stored, image = normalise(data, 64)
    for found in (decode(data), image):
        assert np.abs(np.subtract(found.getpixel((9, 9)), expected)).max() <= 2  # type: ignore[arg-type]
    assert "icc_profile" not in Image.open(io.BytesIO(stored)).info  # or it would be converted twice
    assert decode(stored).tobytes() == image.tobytes()


def test_a_profile_in_a_jpeg_2000_counts_too() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), COLOUR).save(buffer, "JPEG2000", irreversible=False)
    data, profile = buffer.getvalue(), icc(PROPHOTO, 1.8)
    at = data.index(b"colr") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    box = (11 + len(profile)).to_bytes(4, "big") + b"colr\2\0\0" + profile
    header = data.index(b"jp2h") - 4  # the box around it grows as well
    longer = int.from_bytes(data[header : header + 4], "big") + len(box) - old
    data = data[:header] + longer.to_bytes(4, "big") + data[header + 4 : at] + box + data[at + old :]
    assert decode(data).getpixel((9, 9)) == (205, 105, 94)


def test_a_png_may_tell_its_gamma_instead() -> None:
    def told(gamma: float, *chunks: tuple[bytes, bytes]) -> tuple[int, ...]:
        chunk = (b"gAMA", round(gamma * 100_000).to_bytes(4, "big"))
        return decode(png(np.full((2, 2, 3), COLOUR, dtype=np.uint8), chunk, *chunks)).getpixel((0, 0))  # type: ignore[return-value]

    assert told(1.0) == (202, 168, 152)  # light itself
    assert told(0.45455) == told(1.0, (b"sRGB", b"\0")) == COLOUR


def test_transparency_and_palettes_are_converted_too() -> None:
    transparent = Image.new("RGBA", (8, 8), (*COLOUR, 128))
    assert decode(saved(transparent, "PNG", icc(PROPHOTO, 1.8))).getpixel((1, 1)) == (230, 180, 174)
    palette = Image.new("RGB", (8, 8), COLOUR).convert("P", palette=Image.Palette.ADAPTIVE)
    assert decode(saved(palette, "PNG", icc(PROPHOTO, 1.8))).getpixel((1, 1)) == (205, 105, 94)


def test_greys_have_profiles_of_their_own() -> None:
    grey = Image.new("L", (40, 30), 113)
    assert decode(saved(grey, "PNG", icc(gamma=1.0))).getpixel((1, 1)) == (178,) * 3
    assert decode(saved(grey, "PNG", icc(PROPHOTO, 1.8))).getpixel((1, 1)) == (113,) * 3  # of another kind


@pytest.mark.parametrize("profile", [None, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()])
def test_a_jpeg_in_srgb_keeps_its_bytes(profile: bytes | None) -> None:
    data = saved(Image.new("RGB", (40, 30), COLOUR), "JPEG", profile)
    assert normalise(data, 64)[0] == data


@pytest.mark.parametrize("profile", [b"no profile", icc(SRGB)[:300], bytes(5000), icc(PROPHOTO)[:-60]])
def test_a_broken_profile_counts_as_none(profile: bytes) -> None:
    data = saved(Image.new("RGB", (40, 30), COLOUR), "PNG", profile)
    assert decode(data).getpixel((1, 1)) == COLOUR


def test_cmyk_is_a_negative_only_where_adobe_says_so() -> None:
    def jpeg(ink: tuple[int, ...]) -> bytes:
        return saved(Image.new("CMYK", (16, 16), ink), "JPEG", None)

    adobe = jpeg((0, 255, 255, 0))  # red; Pillow writes a negative, and Adobe's marker
    at = (other := jpeg((255, 0, 0, 255))).index(b"\xff\xee")
    plain = other[:at] + other[at + 16 :]  # the same red: stored as ink, without the marker
    for data in (adobe, plain):
        assert np.abs(np.subtract(decode(data).getpixel((8, 8)), (255, 0, 0))).max() <= 12  # type: ignore[arg-type]
    assert np.abs(np.subtract(normalise(plain, 8)[1].getpixel((4, 4)), (255, 0, 0))).max() <= 12  # type: ignore[arg-type]


def test_lab_is_read() -> None:
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.new("RGB", (8, 8), COLOUR), to_lab)
    assert lab is not None
    assert np.abs(np.subtract(decode(saved(lab, "TIFF", None)).getpixel((1, 1)), COLOUR)).max() <= 3  # type: ignore[arg-type]
