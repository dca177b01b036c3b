"""Images reduced to the input of a network by torch, for the precisions that are checked against fp32.

torch has Pillow's filters in vector instructions, for bytes: the same pixels but for roundings (54 dB and more, median
74, on the sample) in under half of the processor time. With Pillow, an image of 600 pixels takes longer to be reduced
than to be decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from artextract.encoders.image import Preprocessing

if TYPE_CHECKING:
    import torch

MODES = ("bilinear", "bicubic")  # those that torch has for bytes


def quick_pixels(preprocessing: Preprocessing) -> Callable[[Image.Image], torch.Tensor]:
    """A function from an RGB image to a uint8 tensor (3, size, size): ``Preprocessing.pixels`` but for roundings.

    Args:
        preprocessing: Size, crop and interpolation. What torch cannot do, Pillow does: other interpolations, and a crop
            that is larger than the reduced image.
    """
    import torch
    from torch.nn.functional import interpolate

    side, mode = preprocessing.size, preprocessing.interpolation
    if mode not in MODES or preprocessing.resized < side:
        return preprocessing.pixels()

    def pixels(image: Image.Image) -> torch.Tensor:
        width, height = preprocessing.target.size(*image.size)
        values = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
        if (width, height) != image.size:
            values = interpolate(values, (height, width), mode=mode, antialias=True)
        top, left = round((height - side) / 2), round((width - side) / 2)
        # Copied by numpy: torch would start a team of threads for each image, which costs more than the rest.
        return torch.from_numpy(np.ascontiguousarray(values[0].numpy()[:, top : top + side, left : left + side]))

    return pixels
