from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from artextract.data.images import header
from artextract.data.images.decode import Target, decode, normalise
from artextract.data.images.formats import image_formats, image_suffixes
from artextract.data.images.reasons import UnreadableImage
from tests.conftest import jpeg

RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "PNG", **save: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **save)
    return buffer.getvalue()


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=int)


def left_red_right_green() -> Image.Image:
    image = Image.new("RGB", (64, 32), RED)
    image.paste(GREEN, (32, 0, 64, 32))
    return image


# --- decode: one RGB for every format


# Where the red (left) half of a 64 x 32 picture stands once the orientation is applied.
RED_HALF = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(left_red_right_green(), kind, exif=exif))
    assert image.size == ((64, 32) if orientation <= 4 else (32, 64))
    width, height = image.size
    where = {
        "left": (2, height // 2),
        "right": (width - 3, height // 2),
        "top": (width // 2, 2),
        "bottom": (width // 2, height - 3),
    }
    half = RED_HALF[orientation]
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[half]
    assert np.abs(pixels(image)[where[half][1], where[half][0]] - RED).max() < 20
    assert np.abs(pixels(image)[where[opposite][1], where[opposite][0]] - GREEN).max() < 20


def test_damaged_exif_does_not_spoil_a_good_picture() -> None:
    data = encoded(Image.new("RGB", (20, 10), RED), "JPEG", exif=b"Exif\0\0no exif at all")
    assert decode(data).size == (20, 10)


def test_cmyk_jpeg_has_the_right_colours() -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # full magenta and yellow: red
    image = decode(encoded(cmyk, "JPEG", quality=95))
    assert image.mode == "RGB"
    assert np.abs(pixels(image) - RED).max() < 12


def test_transparent_palette_lies_over_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    decoded = decode(encoded(image, "PNG", transparency=0))
    assert [decoded.getpixel((x, 0)) for x in (0, 1)] == [WHITE, GREEN]


def test_opaque_palette_keeps_its_colours() -> None:
    image = Image.new("P", (1, 1))
    image.putpalette([1, 2, 3])
    assert decode(encoded(image)).getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize(("mode", "key"), [("RGB", (10, 20, 30)), ("L", 7)])
def test_colour_key_lies_over_white(mode: str, key: tuple[int, ...] | int) -> None:
    image = Image.new(mode, (2, 1), key)
    image.putpixel((1, 0), (0, 255, 0) if mode == "RGB" else 200)
    decoded = decode(encoded(image, "PNG", transparency=key))
    assert decoded.getpixel((0, 0)) == WHITE
    assert decoded.getpixel((1, 0)) == (GREEN if mode == "RGB" else (200, 200, 200))


@given(
    st.tuples(*[st.integers(0, 255)] * 4).map(lambda c: ("RGBA", c))
    | st.tuples(*[st.integers(0, 255)] * 2).map(lambda c: ("LA", c))
)
def test_alpha_is_a_mixture_with_white(colour: tuple[str, tuple[int, ...]]) -> None:
    mode, (*values, alpha) = colour
    decoded = decode(encoded(Image.new(mode, (1, 1), (*values, alpha))))
    rgb = values if mode == "RGBA" else values * 3
    expected = [alpha / 255 * value + (1 - alpha / 255) * 255 for value in rgb]
    assert decoded.mode == "RGB"
    assert np.abs(pixels(decoded)[0, 0] - expected).max() <= 1.01


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_is_rescaled_and_not_clipped_to_white(kind: str) -> None:
    values = np.array([[0, 257, 32_896, 65_535]], dtype=np.uint16)
    decoded = decode(encoded(Image.fromarray(values), kind))
    assert pixels(decoded)[0].tolist() == [[0] * 3, [1] * 3, [128] * 3, [255] * 3]


def test_32_bit_integers_and_floats_within_8_bit_stay_as_they_are() -> None:
    for dtype in (np.int32, np.float32):
        decoded = decode(encoded(Image.fromarray(np.array([[0, 100, 255]], dtype=dtype)), "TIFF"))
        assert pixels(decoded)[0, :, 0].tolist() == [0, 100, 255]


def test_black_and_white_and_grey() -> None:
    assert decode(encoded(Image.new("1", (1, 1), 1))).getpixel((0, 0)) == WHITE
    assert decode(encoded(Image.new("L", (1, 1), 100))).getpixel((0, 0)) == (100, 100, 100)


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN)]
    assert decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])).getpixel((4, 4)) == RED


# --- decode: what is refused


def test_empty_file() -> None:
    with pytest.raises(UnreadableImage, match="the file is empty"):
        decode(b"")


@pytest.mark.parametrize("percent", [5, 25, 50, 75, 95])
def test_truncated_jpeg_is_refused_though_verify_passes(percent: int) -> None:
    data = jpeg(1, 200, 150)
    cut = data[: len(data) * percent // 100]
    if percent == 50:
        Image.open(io.BytesIO(cut)).verify()  # why a header check is not enough
    with pytest.raises(UnreadableImage):
        decode(cut)


def test_truncated_png_is_refused() -> None:
    data = encoded(left_red_right_green().resize((300, 300)))
    with pytest.raises(UnreadableImage):
        decode(data[: len(data) // 2])


@pytest.mark.parametrize("data", [b"<html>404</html>", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0" * 999])
def test_no_image_is_refused_with_a_reason_that_is_the_same_each_time(data: bytes) -> None:
    with pytest.raises(UnreadableImage, match=r"^(?!.*0x).+"):
        decode(data)


@pytest.mark.parametrize("name", ["HEIF", "AVIF", "WEBP", "JPEG2000", "TIFF", "BMP", "GIF", "PNG"])
def test_formats_of_phones_and_scanners_are_read(name: str) -> None:
    assert name in image_formats()
    found = pixels(decode(encoded(left_red_right_green(), name)))
    left, right = found[1, 1], found[1, -2]
    assert left[0] > 150 > left[1] and right[1] > 150 > right[0]


def test_formats_that_start_another_program_are_not_read() -> None:
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    with pytest.raises(UnreadableImage, match="not accepted: PostScript"):
        decode(eps)
    assert not image_suffixes() & {".eps", ".ps", ".wmf", ".mpg", ".h5", ".pdf"}
    assert {".jpg", ".heic", ".avif", ".tif"} <= image_suffixes()


def test_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg(1, 40, 30)
    monkeypatch.setattr(header, "MAX_PIXELS", 1200)
    assert decode(data).size == (40, 30)
    monkeypatch.setattr(header, "MAX_PIXELS", 1199)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded a bomb"))
    with pytest.raises(UnreadableImage, match="40 x 30 pixels, at most 1,199"):
        decode(data)


def test_header_of_a_bomb_is_enough_to_refuse_it() -> None:
    png = bytearray(encoded(Image.new("RGB", (1, 1))))
    png[16:24] = struct.pack(">II", 20_000, 20_000)
    png[29:33] = struct.pack(">I", zlib.crc32(bytes(png[12:29])))
    with pytest.raises(UnreadableImage, match=r"(?i)pixels"):
        decode(bytes(png))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@given(st.binary(max_size=200))
def test_any_bytes_are_an_image_or_unreadable(data: bytes) -> None:
    for prefix in (
        b"",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"II*\0\x08\0\0\0",
        b"GIF89a",
    ):
        try:
            assert decode(prefix + data).mode == "RGB"
        except UnreadableImage as error:
            assert str(error)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@given(st.data())
def test_flipped_bytes_never_raise_anything_else(data: st.DataObject) -> None:
    broken = bytearray(jpeg(3, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"))
    for position in data.draw(st.lists(st.integers(0, len(broken) - 1), min_size=1, max_size=20)):
        broken[position] = data.draw(st.integers(0, 255))
    try:
        stored, image = normalise(bytes(broken), 64)
    except UnreadableImage:
        return
    assert max(image.size) <= 64
    assert np.array_equal(pixels(decode(stored)), pixels(image))


# --- normalise


def test_plain_small_jpeg_keeps_its_bytes() -> None:
    data = jpeg(1, 64, 48)
    stored, image = normalise(data, 64)
    assert stored == data and image.size == (64, 48)


@pytest.mark.parametrize("what", ["png", "cmyk", "grey", "rotated", "large"])
def test_anything_else_becomes_an_upright_rgb_jpeg(what: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = {
        "png": lambda: encoded(left_red_right_green()),
        "cmyk": lambda: encoded(Image.new("CMYK", (64, 32)), "JPEG"),
        "grey": lambda: encoded(Image.new("L", (64, 32), 9), "JPEG"),
        "rotated": lambda: encoded(left_red_right_green(), "JPEG", exif=exif),
        "large": lambda: jpeg(1, 65, 32),
    }[what]()
    stored, image = normalise(data, 64)
    assert stored != data
    with Image.open(io.BytesIO(stored)) as again:
        assert (again.format, again.mode) == ("JPEG", "RGB") and 0x0112 not in again.getexif()
        assert again.size == image.size == ((32, 64) if what == "rotated" else (64, 32))


@given(st.integers(1, 400), st.integers(1, 400), st.integers(64, 300))
def test_size_aspect_and_idempotence(width: int, height: int, max_side: int) -> None:
    stored, image = normalise(encoded(Image.new("RGB", (width, height), RED)), max_side)
    scale = min(1.0, max_side / max(width, height))
    assert max(image.size) == min(max_side, max(width, height))  # never enlarged
    for side, original in zip(image.size, (width, height), strict=True):
        assert abs(side - max(1.0, original * scale)) <= 0.5 + 1e-9
    assert np.array_equal(pixels(decode(stored)), pixels(image))  # what is hashed is what will be read
    assert normalise(stored, max_side)[0] == stored


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000), (6500, 5)])
def test_strip_keeps_a_pixel_of_its_short_side(size: tuple[int, int]) -> None:
    image = normalise(encoded(Image.new("RGB", size, RED)), 64)[1]
    assert sorted(image.size) == [1, 64]


def test_reencoding_is_close_to_the_original() -> None:
    data = jpeg(5, 300, 200)
    stored, image = normalise(data, 150)
    reference = decode(data).resize((150, 100), Image.Resampling.BOX)
    assert image.size == (150, 100)
    assert np.abs(pixels(image) - pixels(reference)).mean() < 3
    assert normalise(data, 150)[0] == stored


@pytest.mark.parametrize("data", [b"", b"no image", jpeg(1)[:500]])
def test_normalise_refuses_what_decode_refuses(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        normalise(data, 64)


@pytest.mark.skipif(not features.check("webp"), reason="this Pillow has no WebP")
def test_webp_is_read() -> None:
    assert np.abs(pixels(decode(encoded(Image.new("RGB", (16, 16), RED), "WEBP", quality=95))) - RED).max() < 12


# --- decoding at a fraction, by the DCT of a JPEG


def painted(width: int, height: int) -> Image.Image:
    """A picture with soft and with finer edges."""
    rng = np.random.default_rng(3)
    noise = [rng.integers(0, 256, (height // step, width // step, 3), dtype=np.uint8) for step in (100, 12)]
    soft, fine = (Image.fromarray(part).resize((width, height), Image.Resampling.BICUBIC) for part in noise)
    return Image.blend(soft, fine, 0.3)


def target(side: int, square: bool = False) -> Target:
    return Target(side, square, Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    ("size", "wanted", "decoded"),
    [
        ((1600, 1200), target(224), (298, 224)),  # 1200 is more than four times 224
        ((1200, 1600), target(224), (224, 298)),
        ((1600, 1200), target(224, square=True), (224, 224)),
        ((1600, 1200), target(320), (1600, 1200)),  # half of it would be less than twice 320
        ((1600, 1200), None, (1600, 1200)),
    ],
)
def test_large_jpeg_is_decoded_at_a_fraction_and_reduced(
    size: tuple[int, int], wanted: Target | None, decoded: tuple[int, int]
):
    assert decode(encoded(painted(*size), "JPEG", quality=92), wanted).size == decoded


def test_other_formats_are_decoded_whole():
    assert decode(encoded(painted(640, 480)), target(32)).size == (640, 480)


@pytest.mark.parametrize("size", [(1600, 1200), (1601, 1203), (1799, 2400)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_reduced_image_is_within_48_db_of_a_full_decode(size: tuple[int, int], orientation: int):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(painted(*size), "JPEG", quality=92, exif=exif)
    fast = decode(data, target(224))
    full = decode(data)
    assert min(fast.size) == 224 and (fast.width > fast.height) == (full.width > full.height)
    error = np.mean((pixels(full.resize(fast.size, Image.Resampling.BICUBIC)) - pixels(fast)) ** 2)
    assert 10 * np.log10(255**2 / error) > 48


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (257, 301), (640, 640)])
def test_reduced_size_is_torchvisions(size: tuple[int, int]):
    from artextract.encoders.torchvision_cure import import_torchvision

    import_torchvision()
    from torchvision.transforms import v2

    assert target(64).size(*size) == v2.Resize(64)(Image.new("RGB", size)).size
