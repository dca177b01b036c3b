"""The picture of what mattered: the painting, and for each task the parts of it that carried the answer."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from artextract.classification.prediction.occlusion import SHARES, Why
from artextract.classification.prediction.screen import name, percent
from artextract.core.files import write_bytes
from artextract.pictures.style import INK

PAPER, SOFT, ACCENT = "#fbfaf7", "#6b737d", "#b5432a"
SIDE, GAP, MARGIN, CAPTION = 420, 26, 30, 88
FADED = 0.16  # of the painting is still seen where nothing mattered
LEAST = 0.05  # largest fall of a log-probability below which no part mattered by itself: 5% of the probability
SHOWN = 1  # the share of SHARES that the captions report: 20%
LEGEND = (
    "In full strength: covering this part lowers the probability of the answer most. Faded: covering it changes "
    "nothing, or raises the probability. Each panel has its own scale; a panel that explains nothing is faded all over."
)


@cache
def _font(size: int, style: str = "DejaVuSans") -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib: the same letters on every machine."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{style}.ttf"), size)


def spotlit(image: Image.Image, importance: np.ndarray) -> Image.Image:
    """The painting in full strength where it mattered, faded to paper and grey where it did not."""
    largest = float(importance.max())
    strength = np.clip(importance / largest, 0, 1) if largest > 0 else np.zeros_like(importance)
    coarse = Image.fromarray((255 * strength).round().astype(np.uint8))
    smooth = np.asarray(coarse.resize(image.size, Image.Resampling.BICUBIC), dtype=np.float32)[..., None] / 255
    alpha = FADED + (1 - FADED) * np.clip(smooth, 0, 1)
    grey = np.asarray(ImageOps.grayscale(image).convert("RGB"), dtype=np.float32)
    paper = np.array([int(PAPER[k : k + 2], 16) for k in (1, 3, 5)], dtype=np.float32)
    ground = 0.35 * grey + 0.65 * paper
    mixed = alpha * np.asarray(image, dtype=np.float32) + (1 - alpha) * ground
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8))


def captions(task: str, why: Why, classes: Sequence[str]) -> tuple[str, list[str]]:
    """The answer, and in two lines what the deletion test says of its panel."""
    share = f"{100 * SHARES[SHOWN]:.0f}%"
    first, random = percent(float(why.falling[SHOWN])), percent(float(why.at_random[:, SHOWN].mean()))
    heading = f"{task}: {name(classes[why.answer], task)}, {percent(why.probability)}"
    if why.importance.max() < LEAST:
        return heading, ["No part mattered by itself: the answer comes", "from the picture as a whole."]
    if not why.holds:
        return heading, [
            "Not explained: covering single parts does not",
            "lower it faster than covering parts at random.",
        ]
    return heading, [f"With the {share} that mattered most covered: {first};", f"with {share} at random: {random}."]


def panel(image: Image.Image, why: Why) -> Image.Image:
    """The painting as a task's answer saw it: faded all over where nothing is explained."""
    explained = why.holds and why.importance.max() >= LEAST
    return spotlit(image, why.importance if explained else np.zeros_like(why.importance))


def draw_why(
    path: Path, title: str, image: Image.Image, found: Mapping[str, Why], classes: Mapping[str, Sequence[str]]
) -> None:
    """Write the picture of what mattered, as WebP.

    Args:
        path: File to write.
        title: Name of the picture.
        image: The picture, RGB.
        found: What mattered for each task.
        classes: Class names of each task.
    """
    small = ImageOps.contain(image, (SIDE, SIDE), Image.Resampling.LANCZOS)
    panels = [(small, "the picture", ["as the network is shown it", ""])]
    panels += [(panel(small, why), *captions(task, why, classes[task])) for task, why in found.items()]
    columns = 2 if small.width > 1.1 * small.height else len(panels)
    lines = -(-len(panels) // columns)
    width, height = max(small.width, 330) + GAP, small.height + CAPTION
    total = (2 * MARGIN + columns * width - GAP, MARGIN + 44 + lines * height + 60)
    sheet = Image.new("RGB", total, PAPER)
    draw = ImageDraw.Draw(sheet)
    serif = _font(17, "DejaVuSerif")
    draw.text((MARGIN, MARGIN), _shortened(title, total[0] - 2 * MARGIN, serif), INK, serif)
    for number, (picture, heading, words) in enumerate(panels):
        x, y = MARGIN + number % columns * width, MARGIN + 44 + number // columns * height
        sheet.paste(picture, (x, y))
        draw.text((x, y + picture.height + 8), _shortened(heading, width - GAP, _font(13)), INK, _font(13))
        for line, text in enumerate(words):
            draw.text((x, y + picture.height + 29 + 16 * line), text, SOFT, _font(11))
    for line, text in enumerate(_wrapped(LEGEND, total[0] - 2 * MARGIN, _font(11))):
        draw.text((MARGIN, total[1] - 62 + 16 * line), text, SOFT, _font(11))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=88, method=4)
    write_bytes(path, buffer.getvalue())


def _shortened(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _wrapped(text: str, width: float, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
