"""The shared projection of both arms: an image embedding, joined with the output of a head that learns from titles.

The image embedding passes through untouched (a residual connection by concatenation: cosine is then a weighted mean of
the image's own and the learnt one, so that what titles do not tell, such as style, is kept). The head starts from the
closed form of the same task: reduced-rank ridge regression, which is the least-squares fit of title cosines by inner
products of projected images.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_tensors
from artextract.siamese.projection.linear import principal_directions, ridge_weight


class Projection(nn.Module):
    """Image embeddings (n, d) to unit rows (n, d + k)."""

    mean: Tensor
    basis: Tensor
    beta: Tensor

    def __init__(self, dim: int, components: int, rank: int, hidden: int):
        """An untrained network; ``start`` gives one that is fitted in closed form.

        Args:
            dim: Dimensions d of the image embedding.
            components: Principal components that the head sees.
            rank: Dimensions k of the head.
            hidden: Units of the head's non-linear part.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("basis", torch.zeros(dim, components))
        self.register_buffer("beta", torch.ones(()))
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
        """The learnt part alone: (n, p) to unit rows (n, k)."""
        hidden = functional.gelu(self.inner(components))
        return functional.normalize(self.linear(components) + self.outer(hidden), dim=1)

    def own(self, images: Tensor) -> Tensor:
        """The image's own part: centred, unit rows (n, d)."""
        return functional.normalize(images - self.mean, dim=1)

    def beside(self, own: Tensor, components: Tensor) -> Tensor:
        """Both parts as one: (n, d) and the head's inputs (n, p) to unit rows (n, d + k)."""
        return torch.cat([own, self.beta * self.head(components)], dim=1) / torch.sqrt(1 + self.beta**2)

    def forward(self, images: Tensor) -> Tensor:
        """Unit rows (n, d + k); cosine = (cosine of centred images + beta^2 cosine of heads) / (1 + beta^2)."""
        return self.beside(self.own(images), self.components(images))


def start(
    images: np.ndarray, titles: np.ndarray, *, components: int, rank: int, hidden: int, penalty: float, beta: float
) -> Projection:
    """The projection in closed form: PCA of the images, reduced-rank ridge regression to the titles.

    The non-linear part adds nothing yet. Its first layer is drawn from torch's own generator: seed it.

    Args:
        images: Image embeddings of the training rows (m, d).
        titles: Their title embeddings (m, t).
        components: Principal components of the images that the head sees; fewer where there are fewer.
        rank: Dimensions of the head; fewer where there are fewer.
        hidden: Units of the head's non-linear part.
        penalty: Penalty for ``ridge_weight``.
        beta: Weight of the head, relative to the image embedding.
    """
    mean = images.mean(axis=0)
    x, y = images - mean, titles - titles.mean(axis=0)
    basis = principal_directions(x, components)
    basis = basis / (np.sqrt(((x @ basis) ** 2).sum(axis=1).mean()) or 1.0)
    inputs = x @ basis
    weight = ridge_weight(inputs, y, penalty)
    # Directions in title space along which the fitted titles vary most; of the triangular factor alone, which is small.
    _, _, directions = np.linalg.svd(np.linalg.qr(inputs, mode="r") @ weight, full_matrices=False)
    weight = weight @ directions[:rank].T
    weight /= np.linalg.norm(inputs @ weight, axis=1).mean() or 1.0
    net = Projection(images.shape[1], basis.shape[1], weight.shape[1], hidden)
    net.mean.copy_(torch.from_numpy(mean))
    net.basis.copy_(torch.from_numpy(basis))
    net.beta.fill_(beta)
    with torch.no_grad():
        net.linear.weight.copy_(torch.from_numpy(weight.T))
    return net


def project(net: Projection, images: np.ndarray) -> np.ndarray:
    """Projected embeddings: float32 unit rows (n, d + k)."""
    with torch.inference_mode():
        return net(torch.from_numpy(images)).numpy()


def projected(net: Projection, images: np.ndarray) -> np.ndarray:
    """``project`` for embeddings that may be another network's.

    Raises:
        ArtExtractError: The projection was trained on embeddings of another size.
    """
    if images.shape[1] != len(net.mean):
        raise ArtExtractError(
            f"the siamese projection maps {len(net.mean)} dimensions, and the image embedding has {images.shape[1]}",
            where="projection.safetensors",
            remedy="`dvc repro train_siamese`",
        )
    return project(net, np.array(images))  # a copy: torch warns of mapped files


def project_head(net: Projection, images: np.ndarray) -> np.ndarray:
    """The learnt part alone: float32 unit rows (n, k)."""
    with torch.inference_mode():
        return net.head(net.components(torch.from_numpy(images))).numpy()


def save_projection(path: Path, net: Projection) -> None:
    """Write the network as safetensors; the shapes of the tensors tell all that is needed to load it."""
    write_tensors(path, net.state_dict())


def load_projection(path: Path) -> Projection:
    """A network as ``save_projection`` wrote it.

    Raises:
        ArtExtractError: There is none, or it is not one.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    remedy = "`dvc repro train_siamese`"
    try:
        state = load_file(path)
        dim, components = state["basis"].shape
        net = Projection(dim, components, len(state["linear.bias"]), len(state["inner.bias"]))
        net.load_state_dict(state)
    except FileNotFoundError:
        raise ArtExtractError("there is no such file", where=str(path), remedy=remedy) from None
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ArtExtractError(f"not a siamese projection: {error}", where=str(path), remedy=remedy) from error
    return net.eval()
