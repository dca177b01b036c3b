"""One table over frozen networks: what a head reads out of each of them, and the time that their features take."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import torch
from pydantic import ValidationError

from artextract.classification.network.networks import load_part, networks_of
from artextract.core.compute import set_threads
from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.encoders.backends import fast_backend, reference_backend, whole
from artextract.params.sections import Train
from artextract.runs.ablations import dvc, finished, parameters, scores

IMAGES = 8  # that are timed, after a first one that is not
Files = Mapping[str, Any]


def seconds_per_image(train: Train, images: int = IMAGES) -> float:
    """Wall seconds that the features of one view of an image take on this machine, without decoding.

    The networks get random weights, since time does not depend on them, so nothing is downloaded.

    Args:
        train: Section ``train`` of a run with frozen networks.
        images: How many are timed.
    """
    set_threads()
    total = 0.0
    for network in networks_of(train):
        part = load_part(network.model_copy(update={"weights": "none", "sha256": ""}), train, train.token_grid)
        backend = (
            fast_backend(part.modules, part.preprocessing, part.sha256, images)
            if train.precision == "fast"
            else reference_backend(whole(part.modules)[0], part.preprocessing, 1)
        )
        pixels = torch.zeros(images, 3, part.preprocessing.size, part.preprocessing.size, dtype=torch.uint8)
        list(backend.outputs([pixels[: backend.batch]]))
        start = time.perf_counter()
        list(backend.outputs(pixels.split(backend.batch)))
        total += time.perf_counter() - start
    return total / images


def _with_interval(scores: Mapping[str, float], name: str) -> str:
    if name not in scores:
        return ""
    low, high = scores.get(f"{name}_low"), scores.get(f"{name}_high")
    return f"{scores[name]:.4f}" + (f" ({low:.4f} to {high:.4f})" if low is not None and high is not None else "")


def row(files: Files, unseen: Files | None, seconds: float | None) -> list[str]:
    """The cells of one network after its name.

    Args:
        files: Metrics files of its experiment.
        unseen: Metrics files of its experiment with unseen painters; None where there is none.
        seconds: See ``seconds_per_image``; None where it was not measured.
    """
    found: Mapping[str, float] = files.get("metrics/classification.json", {})
    other: Mapping[str, float] = (unseen or {}).get("metrics/classification.json", {})
    top1 = [found.get(f"{task}.top1") for task in TASKS]
    return [
        f"{scores(files)['select']:.4f}",
        *(_with_interval(found, f"{task}.auc_ovo") for task in TASKS),
        *("" if value is None else f"{value:.3f}" for value in top1),
        _with_interval(other, "style.auc_ovo"),
        "" if seconds is None else f"{seconds:.3g}",
    ]


def markdown(rows: Mapping[str, list[str]]) -> str:
    """The table, one line per network: the one with the highest mean AUC on select rows first."""
    head = [
        "network", "AUC on select rows", *(f"{task} AUC" for task in TASKS), *(f"{task} top-1" for task in TASKS),
        "style AUC, unseen painters", "seconds per image",
    ]  # fmt: skip
    ordered = sorted(rows.items(), key=lambda entry: entry[1][0], reverse=True)
    lines = [head, ["---"] * len(head), *([name, *cells] for name, cells in ordered)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _train_of(name: str, params: Mapping[str, Any]) -> Train:
    try:
        return Train.model_validate(params.get("train"))
    except ValidationError as error:
        raise ArtExtractError(
            f"its section train is not one of this code: {error.errors()[0]['msg']}",
            where=f"experiment {name}",
            remedy="leave out --seconds, or run the experiment again",
        ) from error


def table(prefix: str, unseen: str | None, *, seconds: bool) -> str:
    """The Markdown table of all finished experiments of a prefix.

    Args:
        prefix: Prefix of the experiments.
        unseen: Prefix of the same experiments with ``artgan.held_out_painters``; None where there are none.
        seconds: Measure the seconds per image on this machine.

    Raises:
        ArtExtractError: None has finished.
    """
    shown = json.loads(dvc("exp", "show", "--json"))
    runs = finished(shown, prefix)
    if not runs:
        raise ArtExtractError(
            f"no experiment {prefix}-... has finished",
            where="dvc exp show",
            remedy="`dvc queue status`, `dvc queue start`",
        )
    others = finished(shown, unseen) if unseen else {}
    params = parameters(shown, prefix)
    rows = {}
    for name, files in runs.items():
        cost = seconds_per_image(_train_of(f"{prefix}-{name}", params[name])) if seconds else None
        rows[name] = row(files, others.get(name), cost)
    return markdown(rows)
