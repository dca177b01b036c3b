"""A projection as a file."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_tensors
from artextract.core.readable import readable
from artextract.siamese.projection.heads import ClosedForm, Network
from artextract.siamese.projection.projection import Projection


def save_projection(path: Path, net: Projection) -> None:
    """Write the projection as safetensors; names and shapes of the tensors tell all that is needed to load it."""
    write_tensors(path, net.state_dict())


def load_projection(path: Path) -> Projection:
    """A projection as ``save_projection`` wrote it.

    Raises:
        ArtExtractError: There is no such file, or it holds something else.
    """
    from safetensors.torch import load_file

    remedy = "`dvc repro train_siamese`"
    try:
        with readable(path, "a siamese projection", remedy):
            state = load_file(path)
            net = _of_the_same_shape(state)
            net.load_state_dict(state)
    except FileNotFoundError:
        raise ArtExtractError("there is no such file", where=str(path), remedy=remedy) from None
    return net.eval()


def _of_the_same_shape(state: dict[str, Tensor]) -> Projection:
    """A projection whose tensors have the names and shapes of these."""
    if "weight" in state:
        return ClosedForm(*state["weight"].shape)
    dim, components = state["basis"].shape
    return Network(dim, components, len(state["linear.bias"]), len(state["inner.bias"]))
