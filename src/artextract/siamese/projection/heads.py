"""The two heads of the siamese projection: a closed form, and a network that starts from it.

The closed form is ridge regression from images to titles. The network is trained with pairs (``training``); it starts
from reduced-rank ridge regression, which is the least-squares fit of title cosines by inner products of projected
images.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.siamese.projection.linear import principal_directions, ridge_weight, times
from artextract.siamese.projection.projection import Projection


class ClosedForm(Projection):
    """The head is a linear map into the space of titles."""

    weight: Tensor

    def __init__(self, dim: int, rank: int):
        """A head that maps all images to zero; ``closed_form`` gives a fitted one.

        Args:
            dim: Dimensions d of the image embedding.
            rank: Dimensions k of the head.
        """
        super().__init__(dim)
        self.register_buffer("weight", torch.zeros(dim, rank))

    def head_of(self, images: Tensor) -> Tensor:
        """See ``Projection.head_of``."""
        return functional.normalize((images - self.mean) @ self.weight, dim=1)


def untrained(dim: int) -> ClosedForm:
    """A projection that leaves images (n, d) as they are, for a collection that is too small for a training."""
    net = ClosedForm(dim, 1)
    net.subject.fill_(0)
    return net.eval()


class Network(Projection):
    """The head is a linear map of principal components, with a small non-linear part added."""

    basis: Tensor

    def __init__(self, dim: int, components: int, rank: int, hidden: int):
        """An untrained network; ``start`` gives one that is fitted in closed form.

        Args:
            dim: Dimensions d of the image embedding.
            components: Principal components that the head sees.
            rank: Dimensions k of the head.
            hidden: Units of the head's non-linear part.
        """
        super().__init__(dim)
        self.register_buffer("basis", torch.zeros(dim, components))
        self.linear = nn.Linear(components, rank)
        self.inner = nn.Linear(components, hidden)
        self.outer = nn.Linear(hidden, rank)
        for layer in (self.linear, self.outer):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def components(self, images: Tensor) -> Tensor:
        """Image embeddings (n, d) to the head's inputs (n, p)."""
        return (images - self.mean) @ self.basis

    def head(self, components: Tensor) -> Tensor:
        """The head's inputs (n, p) to unit rows (n, k)."""
        hidden = functional.gelu(self.inner(components))
        return functional.normalize(self.linear(components) + self.outer(hidden), dim=1)

    def head_of(self, images: Tensor) -> Tensor:
        """See ``Projection.head_of``."""
        return self.head(self.components(images))


def closed_form(images: np.ndarray, titles: np.ndarray, *, penalty: float, subject: float) -> ClosedForm:
    """The projection whose head predicts titles from images by ridge regression.

    Args:
        images: Image embeddings of the training rows (m, d).
        titles: Their title embeddings (m, t).
        penalty: Penalty for ``ridge_weight``.
        subject: Weight of the head, 0 to 1.
    """
    mean = images.mean(axis=0)
    weight = ridge_weight(images - mean, titles - titles.mean(axis=0), penalty)
    net = ClosedForm(*weight.shape)
    net.mean.copy_(torch.from_numpy(mean))
    net.weight.copy_(torch.from_numpy(weight))
    net.subject.fill_(subject)
    return net.eval()


def start(
    images: np.ndarray, titles: np.ndarray, *, components: int, rank: int, hidden: int, penalty: float, subject: float
) -> Network:
    """The network in closed form: PCA of the images, reduced-rank ridge regression to the titles.

    The non-linear part adds nothing yet. Its first layer is drawn from torch's own generator: seed it.

    Args:
        images: Image embeddings of the training rows (m, d).
        titles: Their title embeddings (m, t).
        components: Principal components of the images that the head sees; fewer where there are fewer.
        rank: Dimensions of the head; fewer where there are fewer.
        hidden: Units of the head's non-linear part.
        penalty: Penalty for ``ridge_weight``.
        subject: Weight of the head, 0 to 1.
    """
    mean = images.mean(axis=0)
    x, y = images - mean, titles - titles.mean(axis=0)
    basis = principal_directions(x, components)
    basis = basis / (np.sqrt((times(x, basis) ** 2).sum(axis=1).mean()) or 1.0)
    inputs = times(x, basis)
    weight = ridge_weight(inputs, y, penalty)
    # Directions in title space along which the fitted titles vary most; of the triangular factor alone, which is small.
    _, _, directions = np.linalg.svd(np.linalg.qr(inputs, mode="r") @ weight, full_matrices=False)
    weight = weight @ directions[:rank].T
    weight /= np.linalg.norm(inputs @ weight, axis=1).mean() or 1.0
    net = Network(images.shape[1], basis.shape[1], weight.shape[1], hidden)
    net.mean.copy_(torch.from_numpy(mean))
    net.basis.copy_(torch.from_numpy(basis))
    net.subject.fill_(subject)
    with torch.no_grad():
        net.linear.weight.copy_(torch.from_numpy(weight.T))
    return net
