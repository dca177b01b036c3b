"""A trained network on disk: tensors as safetensors, and a JSON record of the classes and the frozen backbone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import load_file, save_file

from artextract.artgan import TASKS
from artextract.compute import device
from artextract.errors import ArtExtractError
from artextract.files import read_json, write_text
from artextract.multitask import MultitaskNet
from artextract.params import Train


def save_model(folder: Path, net: MultitaskNet, classes: Mapping[str, Sequence[str]], backbone_sha256: str) -> None:
    """Write model.safetensors and model.json; the record is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "model.partial"
    save_file({key: tensor.cpu().contiguous() for key, tensor in net.state_dict().items()}, partial)
    partial.replace(folder / "model.safetensors")
    record = {"classes": {task: list(classes[task]) for task in TASKS}, "backbone_sha256": backbone_sha256}
    write_text(folder / "model.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def load_model(folder: Path, params: Train, backbone_sha256: str) -> tuple[MultitaskNet, dict[str, list[str]]]:
    """The trained network and its class names.

    Args:
        folder: As written by ``save_model``.
        params: Section ``train`` that it was trained with.
        backbone_sha256: Of the frozen backbone at hand; must be the one that it was trained with.

    Raises:
        ArtExtractError: The network belongs to other parameters or to another backbone.
    """
    record = read_json(folder / "model.json")
    if record["backbone_sha256"] != backbone_sha256:
        raise ArtExtractError(
            "the network was trained on the tokens of another backbone",
            where=str(folder),
            remedy="`dvc repro train_multitask`",
        )
    net = MultitaskNet(params, {task: len(names) for task, names in record["classes"].items()})
    try:
        net.load_state_dict(load_file(folder / "model.safetensors"))
    except RuntimeError as error:
        raise ArtExtractError(
            "the stored network does not fit section `train`", where=str(folder), remedy="`dvc repro train_multitask`"
        ) from error
    return net.to(device()).eval(), record["classes"]
