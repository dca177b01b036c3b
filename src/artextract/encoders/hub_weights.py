"""timm's weights from the hub, pinned by revision and by hash: a name on a hub may hold other weights tomorrow.

``hub@REVISION`` takes them as they were at a commit of the hub, and a sha256 beside it refuses every other file. What
is not pinned is said with what it would be pinned by.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_file
from artextract.encoders.torchvision_cure import import_timm
from artextract.params.fields import HUB

FILES = ("model.safetensors", "pytorch_model.bin")  # in the order in which timm tries them


@dataclass(frozen=True)
class HubFile:
    """A file of weights as the hub's own cache holds it."""

    repository: str
    revision: str
    sha256: str
    path: Path


def is_hub(weights: str) -> bool:
    """Whether ``weights`` is the hub, at a revision or not."""
    return weights == HUB or weights.startswith(f"{HUB}@")


def repository_of(name: str) -> str:
    """Repository of a model's weights on the hub, "" where timm knows none."""
    if name.startswith("hf-hub:"):
        return name.removeprefix("hf-hub:").partition("@")[0]
    import_timm()
    import timm

    config = timm.get_pretrained_cfg(name)
    return str(config.hf_hub_id or "") if config is not None else ""


def hub_file(name: str, weights: str, cache_dir: str | Path | None = None) -> HubFile | None:
    """The file that timm has loaded; None where it came from elsewhere.

    Args:
        name: Model name as timm knows it.
        weights: ``hub`` or ``hub@REVISION``.
        cache_dir: The hub's cache; default: its own.
    """
    from huggingface_hub import try_to_load_from_cache

    repository, revision = repository_of(name), weights.partition("@")[2] or None
    for file in FILES if repository else ():
        found = try_to_load_from_cache(repository, file, cache_dir=cache_dir, revision=revision)
        if isinstance(found, str):
            path = Path(found)
            return HubFile(repository, path.parent.name, _hash(path, path.stat().st_mtime_ns), path)
    return None


@cache
def _hash(path: Path, changed: int) -> str:
    return sha256_file(path)


def check_hub_file(name: str, weights: str, sha256: str, cache_dir: str | Path | None = None) -> None:
    """Compare loaded weights with what pins them; say by what they would be pinned where nothing does.

    Args:
        name: Model name.
        weights: ``hub`` or ``hub@REVISION``.
        sha256: Expected hash of the file; "" = not pinned.
        cache_dir: The hub's cache; default: its own.

    Raises:
        ArtExtractError: It is another file.
    """
    found = hub_file(name, weights, cache_dir)
    if found is None:
        if sha256:
            raise ArtExtractError(
                f"the weights of {name} did not come as a file of the hub, so their hash cannot be compared",
                where="params.yaml",
                remedy='set the hash to "": the weights\' own hash is recorded in the metrics all the same',
            )
    elif sha256 and found.sha256 != sha256:
        raise ArtExtractError(
            f"the weights of {name} (revision {found.revision}) have the SHA-256 {found.sha256}, expected {sha256}",
            where=str(found.path),
            remedy="delete the file if it is damaged (it is downloaded again); or set weights: hub@REVISION to the "
            "revision that the hash was taken from; or, after a wanted change, the hash in params.yaml",
        )
    elif not (sha256 or weights.partition("@")[2] == found.revision):
        print(
            f"{name}: weights of {found.repository}, not pinned. To pin them: weights: {HUB}@{found.revision}, and "
            f"their sha256: {found.sha256}",
            file=sys.stderr,
        )
