"""The siamese projection: the image's own part beside the output of a head that learns from titles.

The image's own part is the image embedding, centred and otherwise untouched, so that what titles do not tell, such as
style, is kept. The weight ``subject`` says how much the head counts: cosine in the space is
(1 - subject) * cosine of own parts + subject * cosine of heads. It is chosen when a work is projected, so one trained
head serves every weight.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.core.errors import ArtExtractError

ROWS = 8192  # works that are projected at a time


class Projection(nn.Module):
    """Image embeddings (n, d) to unit rows (n, d + k); a subclass is the head."""

    mean: Tensor
    subject: Tensor

    def __init__(self, dim: int):
        """A projection without a head.

        Args:
            dim: Dimensions d of the image embedding.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("subject", torch.tensor(0.5))

    def head_of(self, images: Tensor) -> Tensor:
        """The head alone: image embeddings (n, d) to unit rows (n, k)."""
        raise NotImplementedError

    @property
    def was_trained(self) -> bool:
        """False where the collection was too small for a training (``heads.untrained``)."""
        return bool(self.subject > 0)

    def own(self, images: Tensor) -> Tensor:
        """The image's own part: centred, unit rows (n, d)."""
        return functional.normalize(images - self.mean, dim=1)

    def joined(self, own: Tensor, head: Tensor, subject: float | None = None) -> Tensor:
        """Both parts, unit rows (n, d) and (n, k), as unit rows (n, d + k).

        Args:
            own: The image's own part.
            head: Output of the head.
            subject: Weight of the head, from 0 (own part alone) to 1 (head alone); default: that of the training.
        """
        weight = self.subject if subject is None else torch.tensor(subject)
        return torch.cat([torch.sqrt(1 - weight) * own, torch.sqrt(weight) * head], dim=1)

    def forward(self, images: Tensor, subject: float | None = None) -> Tensor:
        """Image embeddings (n, d) to unit rows (n, d + k); ``subject`` as in ``joined``."""
        return self.joined(self.own(images), self.head_of(images), subject)


def project(net: Projection, images: np.ndarray, subject: float | None = None) -> np.ndarray:
    """Projected embeddings: float32 unit rows (n, d + k).

    Args:
        net: A fitted projection.
        images: Image embeddings, float32 (n, d).
        subject: Weight of the head, 0 to 1; default: that of the training.
    """
    return _in_blocks(lambda rows: net(rows, subject), images)


def _in_blocks(function: Callable[[Tensor], Tensor], images: np.ndarray) -> np.ndarray:
    """A function of rows (b, d) to rows (b, k) for images (n, d), some rows at a time: no copy of them all is made."""
    with torch.inference_mode():
        first = function(torch.from_numpy(images[:ROWS])).numpy()
        if len(images) <= ROWS:
            return first
        result = np.empty((len(images), first.shape[1]), dtype=first.dtype)
        result[:ROWS] = first
        for start in range(ROWS, len(images), ROWS):
            result[start : start + ROWS] = function(torch.from_numpy(images[start : start + ROWS])).numpy()
        return result


def projected(net: Projection, images: np.ndarray, subject: float | None = None) -> np.ndarray:
    """``project`` for embeddings that may be another network's.

    Raises:
        ArtExtractError: The projection was trained on embeddings of another size, or not at all where a weight of the
            subject is asked for.
    """
    if subject and not net.was_trained:
        raise ArtExtractError(
            "the siamese space of this collection was not trained, and has no weight of the subject",
            where="metrics/siamese.json",
            remedy="it says why; search by look alone, without --subject",
        )
    if images.shape[1] != len(net.mean):
        raise ArtExtractError(
            f"the siamese projection maps {len(net.mean)} dimensions, and the image embedding has {images.shape[1]}",
            where="projection.safetensors",
            remedy="`dvc repro train_siamese`",
        )
    return project(net, np.array(images), subject)  # a copy: torch warns of mapped files


def project_head(net: Projection, images: np.ndarray) -> np.ndarray:
    """The head alone: float32 unit rows (n, k)."""
    return _in_blocks(net.head_of, images)
