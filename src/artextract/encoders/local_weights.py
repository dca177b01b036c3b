"""Pretrained weights from a file or folder of the user's, identified by their content and never by their path.

DVC does not look outside the repository, so a path alone would let a result outlive a change of the file. Therefore a
path needs its hash in params.yaml: with another hash the stage runs again, and with a changed file it stops.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes, sha256_file
from artextract.core.folders import user_path

SUFFIXES = (".safetensors", ".bin", ".pth", ".pt")
HIDDEN = (".", "__pycache__")


def content_hash(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of the list of its files with their hashes, as ``sha256sum`` writes it.

    Hidden files do not count: ``find . -type f -not -path '*/.*' | LC_ALL=C sort | xargs sha256sum | sha256sum`` gives
    the same.
    """
    if path.is_file():
        return sha256_file(path)
    names = [file.relative_to(path) for file in path.rglob("*") if file.is_file()]
    seen = sorted(f"./{name}" for name in names if not any(part.startswith(HIDDEN) for part in name.parts))
    return sha256_bytes("".join(f"{sha256_file(path / name)}  {name}\n" for name in seen).encode())


def local_weights(weights: str, sha256: str, key: str) -> Path:
    """The file or folder that params.yaml names, once its content is the expected one.

    Args:
        weights: Path; a relative one starts at the root of the repository.
        sha256: Its ``content_hash``.
        key: Parameter of the hash, for messages.

    Raises:
        ArtExtractError: Nothing is there, the hash is not set, or the content is another one.
    """
    path = user_path(weights)
    if not path.exists():
        raise ArtExtractError(
            "the weights are not there",
            where=str(path),
            remedy="correct the path in params.yaml (a relative one starts at the root of the repository), or use "
            "weights: package or hub",
        )
    found = content_hash(path)
    if not sha256:
        raise ArtExtractError(
            "weights from a path need their hash, so that a changed file is noticed",
            where=str(path),
            remedy=f"set {key} to {found}",
        )
    if found != sha256:
        raise ArtExtractError(
            f"the weights are not those that params.yaml names: SHA-256 is {found}, expected {sha256}",
            where=str(path),
            remedy=f"restore the file; after a wanted change, set {key} to {found}",
        )
    return path


def timm_source(path: Path, name: str) -> tuple[str, dict[str, Any]]:
    """How timm finds a network at a path.

    Args:
        path: A file with tensors, or a folder that timm has written: config.json and a file with tensors.
        name: timm's name of the model, with or without a tag.

    Returns:
        The name to create the model by, and arguments with which every tensor has to be in the file, the classifier
        too: timm leaves random what a file lacks as soon as it drops a classifier.

    Raises:
        ArtExtractError: The file is of another kind, or the folder holds another model.
    """
    if path.is_file():
        if path.suffix not in SUFFIXES:
            raise ArtExtractError(
                f"a file with weights ends in {', '.join(SUFFIXES)}", where=str(path), remedy="name such a file"
            )
        classes = _classes(path, name)
        return name, {"num_classes": classes, "pretrained_cfg_overlay": {"file": str(path), "num_classes": classes}}
    config = path / "config.json"
    try:
        architecture = json.loads(config.read_text(encoding="utf-8"))["architecture"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtExtractError(
            "is not a folder of a timm model: it has no config.json that names an architecture",
            where=str(path),
            remedy="name the file with the weights itself, or a folder as timm's save_for_hf writes it",
        ) from error
    if architecture != name.split(".")[0]:
        raise ArtExtractError(
            f"the folder holds {architecture}, and params.yaml names {name}",
            where=str(config),
            remedy=f"set the name to {architecture}",
        )
    return f"local-dir:{path}", {}


def _classes(path: Path, name: str) -> int:
    """Number of classes that the weights in a file end in; 0 where they have no classifier.

    Raises:
        ArtExtractError: The file cannot be read as tensors.
    """
    import timm
    from timm.models import load_state_dict

    config = timm.get_pretrained_cfg(name)
    classifiers = () if config is None or config.classifier is None else config.classifier
    first = classifiers if isinstance(classifiers, str) else next(iter(classifiers), "")
    try:
        weight = load_state_dict(str(path)).get(f"{first}.weight")
    except Exception as error:  # pickle, zip, safetensors and torch raise a dozen types
        raise ArtExtractError(
            f"is not a file of tensors: {(str(error).splitlines() or [''])[0]}",
            where=str(path),
            remedy="name a .safetensors file, or a .pth or .bin file that holds tensors and no code",
        ) from error
    return 0 if weight is None else int(weight.shape[0])
