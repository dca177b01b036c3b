"""A trained network as one folder for others: tensors, record, calibration, evidence and a model card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from safetensors import safe_open

from artextract.classification.network.saved_network import OWN_WEIGHTS, read_record
from artextract.classification.published.card import card
from artextract.classification.published.provenance import read_run
from artextract.classification.published.sums import SUMS, write_sums
from artextract.core.errors import ArtExtractError
from artextract.core.files import copy_file, write_bytes, write_text
from artextract.core.intact import require_intact
from artextract.encoders.local_weights import local_weights
from artextract.params.fields import is_path

NETWORK = ("model.safetensors", "model.json")
OPTIONAL = ("calibration.json", "evidence.safetensors", "evidence.parquet", "README.md", SUMS)
FILES = (*NETWORK, *OPTIONAL)
WEIGHTS = "weights"  # frozen networks whose weights came from a path


def publish(root: Path, model: Path, target: Path, name: str = "") -> list[Path]:
    """Write a trained network with its model card, and what its predictions need.

    Args:
        root: Folder of the pipeline, with dvc.lock.
        model: Folder of the network.
        target: Folder to write; files of an earlier network in it are replaced.
        name: Name on the card; that of the folder where empty.

    Returns:
        The files that were written.

    Raises:
        ArtExtractError: ``model`` holds no network or a damaged one, its scores are not known, or ``target`` holds
            something else.
    """
    check_network(model)
    require_intact(model)
    refuse_other_folder(target, model)
    run = read_run(root, model)
    record = read_record(model)
    for old in FILES:
        (target / old).unlink(missing_ok=True)
    shutil.rmtree(target / WEIGHTS, ignore_errors=True)
    write_bytes(target / "model.safetensors", (model / "model.safetensors").read_bytes())
    write_text(target / "model.json", _with_weights(model, target))
    fitted = {task: values for task, values in run.calibration.items() if values}
    write_text(target / "calibration.json", json.dumps(fitted, indent=2, sort_keys=True) + "\n")
    for file in (model / extra for extra in OPTIONAL if extra.startswith("evidence")):
        if file.is_file():
            write_bytes(target / file.name, file.read_bytes())
    write_text(target / "README.md", card(name or target.resolve().name, record, run, parameters_in(target)))
    write_sums(target)  # last
    return sorted(target / file for file in FILES if (target / file).is_file())


def _with_weights(model: Path, target: Path) -> str:
    """The content of model.json for others, whose weights from a path are copied into the folder."""
    text = (model / "model.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    own = [(raw["train"], "weights_sha256"), *((network, "sha256") for network in raw["train"]["networks"])]
    files = [(section, section[key]) for section, key in own if is_path(section["weights"])]
    if not files:
        return text
    for section, sha256 in files:
        source = section["weights"]
        source = source if not source.startswith(OWN_WEIGHTS) else str((model / source).resolve())
        path = local_weights(source, sha256, "the sha256 of these weights")
        name = f"{sha256[:16]}{path.suffix if path.is_file() else ''}"
        if path.is_file():
            write_bytes(target / WEIGHTS / name, path.read_bytes())
        else:
            shutil.copytree(path, target / WEIGHTS / name, copy_function=copy_file, dirs_exist_ok=True)
        section["weights"] = f"{OWN_WEIGHTS}{name}"
    return json.dumps(raw, indent=2, ensure_ascii=False) + "\n"


def parameters_in(folder: Path) -> int:
    """How many numbers model.safetensors holds."""
    with safe_open(folder / "model.safetensors", "np") as handle:
        shapes = [handle.get_slice(key).get_shape() for key in handle.keys()]
    total = 0
    for shape in shapes:
        size = 1
        for side in shape:
            size *= side
        total += size
    return total


def check_network(folder: Path) -> None:
    """Refuse a folder that holds no network.

    Raises:
        ArtExtractError: A file is missing.
    """
    missing = [name for name in NETWORK if not (folder / name).is_file()]
    if missing:
        raise ArtExtractError(
            f"holds no trained network: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            where=str(folder),
            remedy="name a folder that `artextract publish` has written, or `dvc repro train_multitask`",
        )


def refuse_other_folder(target: Path, model: Path) -> None:
    """Refuse to write into the pipeline's own folder, or into one with other files.

    Raises:
        ArtExtractError: It is such a folder.
    """
    if target.resolve() == model.resolve():
        raise ArtExtractError(
            "is the network's own folder, which DVC tracks", where=str(target), remedy="name another folder"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())) and not (target / "model.json").is_file():
        raise ArtExtractError(
            "exists and holds something else than a network", where=str(target), remedy="name a new folder"
        )


def copy_network(source: Path, target: Path) -> None:
    """Copy the files of a published network, and no others."""
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (source / name).is_file():
            copy_file(source / name, target / name)
    if (source / WEIGHTS).is_dir():
        shutil.copytree(source / WEIGHTS, target / WEIGHTS, copy_function=copy_file, dirs_exist_ok=True)
