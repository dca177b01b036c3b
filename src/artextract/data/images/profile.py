"""Colour profiles: a picture that brings one is converted to sRGB, which everything after this takes it for."""

from __future__ import annotations

import io
import itertools
from functools import lru_cache
from typing import Any

from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}  # mode of an image: space of its profile
SAME = 2  # levels by which a conversion may differ from none: profiles of sRGB itself differ by so much
_USUAL_GAMMA = 1 / 2.2
_SRGB = ImageCms.createProfile("sRGB")
_INTENT = ImageCms.Intent.PERCEPTUAL


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """The conversion to sRGB; None where it changes nothing, is for images of another kind, or is broken."""
    try:
        source: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB", _INTENT)
        return None if _changes_nothing(transform, mode) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: Any, mode: str) -> bool:
    """Whether a conversion leaves colours as they are, as all the profiles do that mean sRGB, whatever their name."""
    if mode not in ("RGB", "L"):
        return False
    values = bytes(range(0, 256, 15)) if mode == "L" else bytes(itertools.chain(*_cube()))
    image = Image.frombytes(mode, (len(values) // len(mode), 1), values)
    converted = ImageCms.applyTransform(image, transform)
    before = image.convert("RGB").tobytes()
    return max(abs(a - b) for a, b in zip(before, converted.tobytes(), strict=True)) <= SAME  # type: ignore[union-attr]


def _cube() -> itertools.product[tuple[int, int, int]]:
    return itertools.product(range(0, 256, 51), repeat=3)  # type: ignore[return-value]


@lru_cache(maxsize=1)
def _from_lab() -> Any:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _SRGB, "LAB", "RGB", _INTENT)


def changes_colours(image: Image.Image) -> bool:
    """Whether an image of mode RGB, L or CMYK has a profile that changes its colours."""
    profile = image.info.get("icc_profile")
    return bool(profile) and image.mode in _SPACES and _transform(bytes(profile), image.mode) is not None


def by_gamma(image: Image.Image) -> list[int] | None:
    """What becomes of the 256 values of an image by the gAMA chunk of its PNG; None where nothing does.

    A profile and sRGB's own chunk count more, and the usual gamma is as good as sRGB's.
    """
    gamma = image.info.get("gamma")
    if image.format != "PNG" or not isinstance(gamma, float) or not 0.1 < gamma < 10:
        return None
    if "srgb" in image.info or image.info.get("icc_profile") or abs(gamma - _USUAL_GAMMA) < 0.03:
        return None
    light = [(value / 255) ** (1 / gamma) for value in range(256)]
    return [round(255 * (12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055)) for x in light]


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An image of mode RGB, L, CMYK or LAB as RGB; by its profile, where that is whole and of its kind.

    Args:
        image: Any size.
        profile: The ICC profile of its file. A broken one counts as none: most viewers do the same.
    """
    transform = _transform(bytes(profile), image.mode) if profile and image.mode in _SPACES else None
    if transform is None and image.mode == "LAB":
        transform = _from_lab()
    if transform is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    converted.info.pop("icc_profile", None)
    return converted
