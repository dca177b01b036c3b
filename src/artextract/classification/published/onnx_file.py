"""A trained network as an ONNX file that runs without torch: pixels in, probabilities out, names in its metadata."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artextract.classification.network.saved_network import Record, read_record
from artextract.classification.published.folder import check_network
from artextract.classification.published.whole import Calibration, Whole, load_whole
from artextract.core.compute import set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.files import write_bytes
from artextract.core.fingerprint import sha256_file
from artextract.core.tasks import TASKS

TOLERANCE = 1e-4  # largest difference of a probability from torch's
CHECKED = 3  # images


@dataclass(frozen=True)
class Exported:
    """What became of an export.

    Attributes:
        path: The file.
        inputs: Name of each input and how an image becomes it.
        difference: Largest difference of a probability from torch's.
    """

    path: Path
    inputs: list[dict[str, Any]]
    difference: float


def export_onnx(folder: Path, target: Path, calibration: Calibration) -> Exported:
    """Write a trained network with its frozen networks as one ONNX file, and compare it with torch.

    Args:
        folder: Folder of the network.
        target: File to write; it appears when the comparison has passed.
        calibration: Temperature and threshold of each task, where they are known.

    Raises:
        ArtExtractError: The packages for ONNX are not installed, the folder holds no network, or the file gives other
            probabilities than torch.
    """
    check_packages()
    check_network(folder)
    set_threads()
    record = read_record(folder)
    whole = load_whole(folder, record, calibration).cpu()
    inputs = inputs_of(whole)
    pixels = noise(inputs)
    content = with_metadata(_converted(whole, inputs, pixels), metadata(record, whole, inputs, folder))
    difference = compare(content, whole, noise(inputs, seed=1))
    if not difference <= TOLERANCE:  # NaN is no agreement
        raise ArtExtractError(
            f"the file gives other probabilities than torch: they differ by up to {difference:.2g}, allowed is "
            f"{TOLERANCE:g}",
            where=str(target),
            remedy="nothing was written; install the versions of requirements-onnx.txt",
        )
    write_bytes(target, content)
    return Exported(target, inputs, difference)


def check_packages() -> None:
    """Refuse to begin without the packages for ONNX.

    Raises:
        ArtExtractError: One of them is not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise ArtExtractError(
            f"the package {error.name} is not installed", remedy="`pip install -r requirements-onnx.txt`"
        ) from error


def inputs_of(whole: Whole) -> list[dict[str, Any]]:
    """Inputs of the file: a name, and how an RGB image becomes its pixels.

    Returns:
        ``size`` in pixels, square; ``crop``: None where the whole image is squashed to it, else the share of the
        shorter side that a centre crop keeps; ``interpolation`` as Pillow calls it.
    """
    names = ["image"] if len(whole.framings) == 1 else [f"image_{size}" for size, _, _ in whole.framings]
    return [
        {"name": name, "size": size, "crop": crop, "interpolation": interpolation}
        for name, (size, crop, interpolation) in zip(names, whole.framings, strict=True)
    ]


def noise(inputs: list[dict[str, Any]], seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Images of coloured patches, for every input: uint8 (CHECKED, 3, size, size)."""
    rng = np.random.default_rng(seed)
    patches = torch.from_numpy(rng.integers(0, 256, (CHECKED, 3, 8, 8), dtype=np.uint8))
    scaled = [torch.nn.functional.interpolate(patches.float(), one["size"], mode="bilinear") for one in inputs]
    return tuple(images.round().to(torch.uint8) for images in scaled)


def _converted(whole: Whole, inputs: list[dict[str, Any]], pixels: tuple[torch.Tensor, ...]) -> Any:
    """The network as an ONNX model for any number of images."""
    batch = torch.export.Dim("batch")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of the exporter's own, about its insides
        program = torch.onnx.export(
            whole,
            pixels,
            dynamo=True,
            verbose=False,
            input_names=[one["name"] for one in inputs],
            output_names=whole.outputs,
            dynamic_shapes=(tuple({0: batch} for _ in inputs),),
        )
    assert program is not None
    return program.model_proto


def metadata(record: Record, whole: Whole, inputs: list[dict[str, Any]], folder: Path) -> dict[str, str]:
    """What a user of the file has to know, as JSON by key."""
    return {
        "classes": json.dumps({task: record.classes[task] for task in TASKS}, ensure_ascii=False),
        "inputs": json.dumps(inputs),
        "temperatures": json.dumps(whole.temperatures),
        "thresholds": json.dumps(whole.thresholds),
        "sha256": json.dumps(sha256_file(folder / "model.safetensors")),
    }


def with_metadata(model: Any, values: Mapping[str, str]) -> bytes:
    """An ONNX model as the content of a file."""
    import onnx

    onnx.helper.set_model_props(model, dict(values))
    onnx.checker.check_model(model)
    return model.SerializeToString()


def compare(content: bytes, whole: Whole, pixels: tuple[torch.Tensor, ...]) -> float:
    """Largest difference of a probability between onnxruntime and torch, for several images and for one.

    Args:
        content: The ONNX file.
        whole: The network.
        pixels: Its inputs.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    worst = 0.0
    for images in (pixels, tuple(one[:1] for one in pixels)):
        with torch.inference_mode():
            expected = whole(*images)
        found = session.run(list(TASKS), {name: one.numpy() for name, one in zip(names, images, strict=True)})
        for ours, theirs in zip(found, expected, strict=False):
            worst = max(worst, float(np.abs(np.asarray(ours) - theirs.numpy()).max()))
    return worst
