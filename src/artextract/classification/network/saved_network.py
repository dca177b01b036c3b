"""A trained network on disk: tensors as safetensors, and a JSON record of all that is needed to use it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from artextract.classification.network.linear_net import LinearNet, part_dims
from artextract.classification.network.network import Ensemble, MultitaskNet
from artextract.core.compute import device
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_tensors, write_text
from artextract.core.tasks import TASKS
from artextract.params.sections import Train

ANEW = "train it anew (`dvc repro train_multitask`)"
OTHER_VERSION = "or use the version of artextract that wrote it"

OWN_WEIGHTS = "./weights/"  # paths that begin so are in the folder of the network


def save_model(
    folder: Path,
    net: nn.Module,
    classes: Mapping[str, Sequence[str]],
    params: Train,
    backbone_sha256: str,
    widths: Sequence[Sequence[int]] = (),
) -> None:
    """Write model.safetensors and model.json; the record is written last. See ``Record`` for the arguments."""
    write_tensors(folder / "model.safetensors", net.state_dict())
    record = {
        "classes": {task: list(classes[task]) for task in TASKS},
        "train": params.model_dump(),
        "backbone_sha256": backbone_sha256,
        "widths": [list(blocks) for blocks in widths],
    }
    write_text(folder / "model.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class Record:
    """Content of model.json.

    Attributes:
        classes: Class names of each task.
        train: Section ``train`` of the training.
        backbone_sha256: Identity of the frozen networks; "" where nothing is frozen.
        widths: Channels of each block of each frozen network, see ``Inputs.widths``.
    """

    classes: dict[str, list[str]]
    train: Train
    backbone_sha256: str
    widths: list[list[int]]


def read_record(folder: Path) -> Record:
    """The record of a trained network, so that it is used as it was trained, whatever params.yaml says now.

    Raises:
        ArtExtractError: There is no record, or it is not one that this version can use; names the keys.
    """
    path = folder / "model.json"
    if not path.is_file():
        raise ArtExtractError(
            "holds no trained network: model.json is missing", where=str(folder), remedy=f"{ANEW}, or name its folder"
        )
    try:
        record = read_json(path)
        classes = {task: [str(name) for name in record["classes"][task]] for task in TASKS}
        train, backbone, widths = record["train"], record["backbone_sha256"], record["widths"]
    except (ValueError, TypeError, KeyError) as error:
        problem = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else f"not a record: {error}"
        raise ArtExtractError(problem, where=str(path), remedy=ANEW) from None
    try:
        return Record(classes, _with_own_weights(Train.model_validate(train), folder), backbone, widths)
    except ValidationError as error:
        raise ArtExtractError(_explained(error), where=str(path), remedy=f"{ANEW}, {OTHER_VERSION}") from None


def _with_own_weights(train: Train, folder: Path) -> Train:
    """The section with the places of those weights that are in the network's own folder."""

    def place(weights: str) -> str:
        return str((folder / weights).resolve()) if weights.startswith(OWN_WEIGHTS) else weights

    networks = [network.model_copy(update={"weights": place(network.weights)}) for network in train.networks]
    return train.model_copy(update={"weights": place(train.weights), "networks": networks})


def _explained(error: ValidationError) -> str:
    """Keys of the section ``train`` that do not fit, in words."""
    found: dict[str, list[str]] = {"missing": [], "extra_forbidden": [], "": []}
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "train"
        kind = item["type"] if item["type"] in found else ""
        found[kind].append(f"`{key}`" if kind else f"`{key}` {item['msg'].removeprefix('Input ')}")
    words = {"missing": "lacks", "extra_forbidden": "has the unknown", "": "is wrong:"}
    parts = [f"{words[kind]} {', '.join(keys)}" for kind, keys in found.items() if keys]
    return f"section train {'; '.join(parts)}"


def build_network(record: Record) -> nn.Module:
    """The network of a record, before its tensors are loaded."""
    classes = {task: len(names) for task, names in record.classes.items()}
    if record.train.head == "linear":
        return LinearNet(part_dims(record.widths, record.train.combine), classes)
    dim = sum(width for blocks in record.widths for width in blocks)
    members = [MultitaskNet(record.train, classes, dim) for _ in range(record.train.members)]
    return members[0] if len(members) == 1 else Ensemble(members)


def load_model(folder: Path, record: Record, backbone_sha256: str) -> nn.Module:
    """The trained network.

    Args:
        folder: As written by ``save_model``.
        record: Its record.
        backbone_sha256: Hash of the frozen backbone at hand, which must be the one that the network was trained with.

    Raises:
        ArtExtractError: The network belongs to another backbone, or its tensors do not fit its record.
    """
    if record.backbone_sha256 != backbone_sha256:
        raise ArtExtractError(
            "the network was trained on the output of another backbone",
            where=str(folder),
            remedy="`dvc repro train_multitask`",
        )
    net = build_network(record)
    try:
        net.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, SafetensorError) as error:
        raise ArtExtractError(
            f"cannot be read: {error}", where=str(folder / "model.safetensors"), remedy="`dvc repro train_multitask`"
        ) from None
    except RuntimeError as error:
        raise ArtExtractError(
            "the stored network does not fit its record", where=str(folder), remedy="`dvc repro train_multitask`"
        ) from error
    return net.to(device()).eval()
