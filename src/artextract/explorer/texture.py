"""Texture of pictures: channel means of the first stages of a small network, on the picture in grey."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from artextract.core.compute import device, on_device, set_threads
from artextract.core.fingerprint import code_of
from artextract.core.prefetch import prefetched
from artextract.core.progress import progress
from artextract.core.rows_by_content import rows_by_content
from artextract.core.runtime import threads
from artextract.data.images.shards import ShardReader

NETWORK = "tf_efficientnet_lite0"  # comes with a package, whatever network embeds the collection; its hash is pinned
STAGES = 3  # of its first stages; later ones see things rather than strokes
CHANNELS = 16 + 24 + 40  # of these stages
BATCH = 32


def textures(reader: ShardReader) -> np.ndarray:
    """Channel means of each stage, each scaled to length one, next to each other; kept in the user's cache.

    Args:
        reader: n images.

    Returns:
        float32 (n, d), not centred.
    """
    key = (NETWORK, STAGES, code_of(__name__))
    return rows_by_content("textures", key, reader.hashes(), (CHANNELS,), np.float32, _compute(reader))


def _network():
    """The stages of the network on the device, and its preprocessing."""
    from artextract.encoders.image import Preprocessing
    from artextract.encoders.parts import chain_of
    from artextract.encoders.weights import timm_model

    model = timm_model(NETWORK, "package", "", num_classes=0).eval()
    chain = chain_of(model)
    assert chain is not None  # an EfficientNet
    from torch import nn

    first = nn.Sequential(*chain.stem, chain.stages[0])
    return [on_device(part.eval()) for part in (first, *chain.stages[1:STAGES])], Preprocessing.of(model)


def grey(image: Image.Image) -> Image.Image:
    """The picture in grey, as an RGB image."""
    return image.convert("L").convert("RGB")


def _compute(reader: ShardReader):
    def blocks(rows: list[int]) -> Iterator[np.ndarray]:
        import torch
        from torch.nn import functional

        set_threads()
        stages, preprocessing = _network()
        transform = preprocessing.pixels()

        def pixels(row: int) -> torch.Tensor:
            return transform(grey(reader.image(row, preprocessing.target)))

        todo = progress(rows, "textures", "img", total=len(rows))
        decoded = prefetched(pixels, todo, workers=threads(), ahead=2 * BATCH)
        with torch.inference_mode():
            while batch := [one for _, one in zip(range(BATCH), decoded, strict=False)]:
                maps, means = preprocessing.normalise(torch.stack(batch).to(device())), []
                for stage in stages:
                    maps = stage(maps)
                    means.append(functional.normalize(maps.mean(dim=(2, 3)), dim=1))
                yield torch.cat(means, dim=1).cpu().numpy()

    return blocks
