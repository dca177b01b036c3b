"""``precision: auto``: which precision this machine is to compute a network in, found by measuring and then kept.

Each precision that is offered embeds some images of the collection. The fastest of those that agree with fp32 is taken.
Two measurements of a time are never equal, so the choice is made once for each network and machine and kept in the
user's cache: a repetition gives the same numbers, and a collection which has grown keeps its embeddings.
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from artextract.core.compute import bf16_pays, device
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_text
from artextract.core.fingerprint import content_key
from artextract.core.folders import cache_folder
from artextract.core.kept import dropped_unless_intact, locked, make_kept
from artextract.core.runtime import threads
from artextract.encoders.backends import (
    Backend,
    computed_by,
    fast_backend,
    openvino_backend,
    openvino_bf16,
    openvino_version,
)
from artextract.encoders.image import Preprocessing
from artextract.encoders.int8 import KEPT_STAGES, int8_backend, nncf_version
from artextract.encoders.parts import split

if TYPE_CHECKING:
    import torch
    from torch import nn

SECONDS = 2.0  # of measuring, all precisions together
INT8_FROM = 1024  # images from which it pays to quantise a network, which takes about as long as embedding 500
Offers = Mapping[str, Callable[[], Backend]]


def offers(
    model: nn.Module, reference: Backend, preprocessing: Preprocessing, key: str, images: list[torch.Tensor], count: int
) -> tuple[dict[str, Callable[[], Backend]], dict[str, str]]:
    """The precisions that this machine can compute a network in.

    Args:
        model: The encoder, on its device.
        reference: The same in fp32.
        preprocessing: Its preprocessing.
        key: Identity of the network.
        images: uint8 (1, 3, size, size), from which int8 takes its ranges.
        count: How many images are going to be embedded.

    Returns:
        Functions that set the precisions up, by name; and why others are not offered, by name.
    """
    parts = split(model)
    if device().type != "cpu" or openvino_version() is None:
        quick: dict[str, Callable[[], Backend]] = {"fp32": lambda: reference}
        if bf16_pays():
            quick["bf16"] = lambda: fast_backend(parts, preprocessing, key, count)
        return quick, {"int8": "needs OpenVINO, on a CPU"}
    found: dict[str, Callable[[], Backend]] = {"fp32": lambda: openvino_backend(parts, preprocessing, key, bf16=False)}
    left = {}
    if openvino_bf16():
        found["bf16"] = lambda: openvino_backend(parts, preprocessing, key, bf16=True)
    else:
        left["bf16"] = "this processor is not faster in bf16"
    if nncf_version() is None:
        left["int8"] = "NNCF is not installed (requirements-openvino.txt)"
    elif count < INT8_FROM:
        left["int8"] = f"pays from {INT8_FROM} images"
    elif len(split(model, KEPT_STAGES)) == 1:
        left["int8"] = "the network cannot be cut after its first stages"
    else:
        found["int8"] = lambda: int8_backend(model, preprocessing, key, images)
    return found, left


def choose(
    offered: Offers,
    left: Mapping[str, str],
    key: str,
    agree: Callable[[Backend], tuple[bool, dict[str, Any]]],
    images: list[torch.Tensor],
) -> tuple[Backend, dict[str, Any]]:
    """The fastest precision of those that agree with fp32, chosen once per network and machine.

    Args:
        offered: See ``offers``.
        left: See ``offers``.
        key: Identity of the network.
        agree: Tells of a backend whether it agrees on images of this collection, and the measures of agreement.
        images: uint8 (1, 3, size, size), for timing.

    Returns:
        The backend; and for the metrics ``precision`` with what was chosen and measured, and its agreement on this
        collection. An earlier choice that does not agree on this collection is made anew.

    Raises:
        ArtExtractError: No precision agrees.
    """
    machine = (platform.machine(), str(device()), bf16_pays(), openvino_version() is not None and openvino_bf16())
    identity = (key, machine, openvino_version(), nncf_version(), sorted(offered), computed_by(__name__))
    record = cache_folder() / "precision" / f"{content_key(identity)}.json"
    with locked(record):
        if dropped_unless_intact(record, "choice of precision"):
            kept = read_json(record)
            backend = offered[kept["chosen"]]()
            agrees, found = agree(backend)
            if agrees:
                return backend, {"precision": kept} | found
            print(f"{backend.name}, chosen before, does not agree here; chosen anew", file=sys.stderr, flush=True)
        backend, chosen, found = _measured(offered, left, agree, images)
        make_kept(record, lambda new: write_text(new, json.dumps(chosen)))
    return backend, {"precision": chosen} | found


def _measured(
    offered: Offers,
    left: Mapping[str, str],
    agree: Callable[[Backend], tuple[bool, dict[str, Any]]],
    images: list[torch.Tensor],
) -> tuple[Backend, dict[str, Any], dict[str, Any]]:
    backends, agreements, agreeing = {}, {}, []
    for name, make in offered.items():
        backends[name] = make()
        agrees, agreements[name] = agree(backends[name])
        agreeing += [name] if agrees else []
    speeds = rates(backends, images)
    measured = {
        name: {"images_per_second": speeds[name], "agrees": name in agreeing} | agreements[name] for name in backends
    }
    for name, found in measured.items():
        said = ", ".join(f"{key.removeprefix('check_')} {value:.4g}" for key, value in found.items())
        print(f"precision {name}: {said}", file=sys.stderr, flush=True)
    if not agreeing:
        raise ArtExtractError(
            f"none of the precisions {', '.join(backends)} agrees with fp32 by torch",
            where="params.yaml",
            remedy="set image_encoder.precision=fp32",
        )
    chosen = max(agreeing, key=speeds.__getitem__)
    return backends[chosen], {"chosen": chosen, "measured": measured, "not_measured": dict(left)}, agreements[chosen]


def rates(backends: Mapping[str, Backend], images: list[torch.Tensor], seconds: float = SECONDS) -> dict[str, float]:
    """Images per second of backends that have run before, in turn, so that other load on the machine affects all alike.

    On a CPU a second is one of processor time, of all threads together.

    Args:
        backends: By name.
        images: uint8 (1, 3, size, size).
        seconds: How long to measure, all together; each backend runs once at least.
    """
    import torch

    clock = time.process_time if device().type == "cpu" else time.perf_counter
    taken: dict[str, list[float]] = {name: [] for name in backends}
    end, first = time.perf_counter() + seconds, True
    while first or time.perf_counter() < end:
        first = False
        for name, backend in backends.items():
            count = max(backend.batch, 2 * threads())
            pixels = torch.cat([images[i % len(images)] for i in range(count)])
            start = clock()
            _run(backend, pixels.split(backend.batch))
            taken[name].append((clock() - start) / count)
    return {name: 1 / max(statistics.median(found), 1e-9) for name, found in taken.items()}


def _run(backend: Backend, batches: Iterable[torch.Tensor]) -> None:
    for _ in backend.outputs(batches):
        pass
