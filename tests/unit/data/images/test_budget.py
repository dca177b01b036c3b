"""What decoding may take: known from the header, shared by all threads, refused where it is too much."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artextract.data.images import budget, decode, header, rgb, white
from artextract.data.images.budget import reserved
from artextract.data.images.reasons import UnreadableImage
from tests.odd_pictures import png


def encoded(image: Image.Image, kind: str, **save: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **save)
    return buffer.getvalue()


def header_only(width: int, height: int, bits: int = 8) -> bytes:
    """A PNG that tells of many pixels and holds none."""
    data = bytearray(png(np.zeros((1, 1, 3), dtype=np.uint16 if bits == 16 else np.uint8)))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


RGB = Image.new("RGB", (64, 48), (9, 99, 199))
JPEG = encoded(RGB, "JPEG", progressive=True, subsampling=0)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (header_only(20_000, 20_000), "178,000,000 pixels"),
        (header_only(13_400, 13_300), "13,400 x 13,300 pixels"),
        (header_only(150_000, 1), "a side of 100,000"),
        (b"P2\n5000 5000\n255\n" + b"9 " * 9, "16,000,000 in this form of PPM"),
        (JPEG[:-2] + b"\xff\xda\0\x02" * 100 + JPEG[-2:], "in 101 passes"),
        (encoded(RGB, "WEBP", lossless=True)[:21] + b"\xff\xff\xff\x0f" + bytes(99), "pixels"),  # 16,384 x 16,384
    ],
)
def test_bombs_are_refused_by_their_header(data: bytes, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded a bomb"))
    with pytest.raises(UnreadableImage, match=says) as caught:
        decode.decode(data)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16", "F", "CMYK"])
def test_a_large_picture_is_reduced_strip_by_strip_and_looks_the_same(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    y, x = np.mgrid[0:300, 0:410]
    soft = (60 + 60 * np.sin(x / 40) + 60 * np.cos(y / 30) + 60).clip(0, 255).astype(np.uint8)
    picture = Image.merge("RGB", [Image.fromarray(a) for a in (soft, soft[::-1], soft[:, ::-1])])
    if mode in ("I;16", "F"):
        image = Image.fromarray(soft.astype(np.uint16) * 257 if mode == "I;16" else soft.astype(np.float32))
    else:
        image = picture.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "TIFF" if mode in ("F", "CMYK") else "PNG", exif=exif)
    whole = decode.normalise(data, 40)[1]
    monkeypatch.setattr(decode, "LARGE", 1000)
    for module in (rgb, white):
        monkeypatch.setattr(module, "STRIP", 3000)
    reduced = decode.normalise(data, 40)[1]
    assert reduced.size == whole.size == (29, 40)
    assert np.abs(np.asarray(reduced, dtype=int) - np.asarray(whole, dtype=int)).mean() < 2


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000"])
def test_a_large_picture_is_decoded_at_a_fraction_where_its_format_can(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(Image.effect_noise((24, 18), 60).resize((1200, 900)).convert("RGB"), kind)
    whole = decode.normalise(data, 100)[1]
    monkeypatch.setattr(decode, "LARGE", 1_000_000)
    costs: list[int] = []
    real = decode.cost
    monkeypatch.setattr(decode, "cost", lambda *a, **k: costs.append(real(*a, **k)) or costs[-1])
    reduced = decode.normalise(data, 100)[1]
    assert costs[0] < 5 * 1200 * 900 and reduced.size == whole.size == (100, 75)
    assert np.abs(np.asarray(reduced, dtype=int) - np.asarray(whole, dtype=int)).mean() < 3


def test_memory_of_all_threads_is_bounded_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MEMORY", 100)
    inside, most = [], []

    def work() -> None:
        with reserved(60):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(5)
    assert most == [1] * 4
    with pytest.raises(UnreadableImage, match="at most 0 are used"), reserved(101):
        pass
    with pytest.raises(KeyError), reserved(100):
        raise KeyError
    with reserved(100):
        pass


def test_a_picture_that_takes_more_than_there_is_says_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MEMORY", 2**20)
    with pytest.raises(UnreadableImage, match=r"about \d+ MiB, at most 1 are used"):
        decode.decode(encoded(RGB.resize((700, 700)), "PNG"))


def test_a_film_behind_a_picture_does_not_count_as_passes() -> None:
    assert decode.decode(JPEG + b"\xff\xda\0\x02" * 200).size == (64, 48)


def test_a_shortage_of_memory_is_no_fault_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    data = encoded(RGB, "PNG")
    monkeypatch.setattr(Image.Image, "load", short)
    with pytest.raises(UnreadableImage) as caught:  # there is memory: the file asks for more than its size tells
        decode.decode(data)
    assert caught.value.code == "broken"
    monkeypatch.setattr(decode, "MEMORY", 2**60)
    with pytest.raises(MemoryError):
        decode.decode(data)


def test_costs_cover_what_was_measured() -> None:
    """Bytes per pixel at the peak of decoding, measured with pictures of 16 million pixels (VmHWM)."""
    measured = {("PNG", ""): 4.1, ("WEBP", ""): 16.4, ("JPEG2000", ""): 19.6, ("AVIF", ""): 9.6, ("HEIF", ""): 7.4}
    for (kind, _), expected in measured.items():
        with Image.open(io.BytesIO(encoded(RGB, kind))) as image:
            pixels = image.width * image.height
            told = budget.cost(image, image.size, image.size, buffered=False, kept=0) - 16 * pixels
            assert expected - 0.5 <= told / pixels <= expected + 8
    with Image.open(io.BytesIO(JPEG)) as image:
        told = budget.cost(image, image.size, image.size, buffered=header.is_buffered(image, JPEG), kept=0)
        assert told == (4 + 6 + 16) * 64 * 48


BIG = """
import sys
from artextract.data.images.decode import normalise
from artextract.data.images.formats import image_formats
from tests.odd_pictures import big_png

def most():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) // 1024

image_formats()
data = big_png(13_300, 16)
before = most()
image = normalise(data, 600)[1]
print(len(data), most() - before, image.size, image.getpixel((300, 300)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_177_megapixels_of_16_bits_cost_less_than_half_a_gibibyte() -> None:
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", BIG],
        cwd=root,
        env=os.environ | {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    size, megabytes, rest = done.stdout.split(maxsplit=2)
    assert int(size) < 500_000 and int(megabytes) < 512
    assert rest.strip() == "(600, 600) (64, 64, 64)"
