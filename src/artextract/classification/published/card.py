"""The model card of a trained network: everything in it is computed from the record of its run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from artextract.classification.network.networks import networks_of
from artextract.classification.network.saved_network import Record
from artextract.classification.published.front_matter import LICENCES, SHOWN, SOURCES, as_range, front_matter
from artextract.classification.published.limits import limits_of
from artextract.classification.published.provenance import Run, Score
from artextract.core.tasks import TASKS
from artextract.params.fields import FROM_SCRATCH


def card(name: str, record: Record, run: Run, parameters: int) -> str:
    """The text of README.md, YAML front matter included.

    Args:
        name: Name of the network.
        record: Its record.
        run: The run that it comes from.
        parameters: How many its file holds.
    """
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # nosec B701
    template = environment.from_string(Path(__file__).with_name("card.md.jinja").read_text(encoding="utf-8"))
    source = run.params["artgan"]["source"]
    return template.render(
        name=_cell(name),
        front=front_matter(name, record, run).to_yaml(),
        summary=_summary(record),
        network=_network(record, run, parameters),
        data=_data(run),
        classes={task: [_cell(each) for each in names] for task, names in record.classes.items()},
        splits=[_split(task, run.data) for task in TASKS],
        split_rules=_split_rules(run.params),
        scores=[row for task in TASKS for row in _scores(task, run.scores[task])],
        probabilities=[_probability(task, run.calibration.get(task, {})) for task in TASKS],
        limits=limits_of(record, run),
        licence=LICENCES[source][1],
        origin=f"`data/model` of a run of ArtExtract; DVC's hash of the folder is `{run.md5}`, and `dvc.lock` has the "
        "hashes of its data and code.",
    )


def _summary(record: Record) -> str:
    p = record.train
    kinds = {"linear": "Linear heads", "gru": "A GRU and linear heads"}
    if not p.frozen:
        return f"A network for three tasks at once: {p.backbone}, trained with a GRU and linear heads on its tokens."
    networks = networks_of(p)
    names = ", ".join(dict.fromkeys(network.name for network in networks))
    count = "a frozen network" if len(networks) == 1 else f"{len(networks)} frozen networks"
    return f"{kinds[p.head]} on {count} ({names})."


def _network(record: Record, run: Run, parameters: int) -> list[tuple[str, str]]:
    p = record.train
    rows = [("parameters in `model.safetensors`", f"{parameters:,}")]
    if p.backbone in FROM_SCRATCH:
        rows.append(("backbone", f"`{p.backbone}`, trained from scratch"))
    else:
        for network in networks_of(p):
            size = f", {network.size} px" if network.size else ""
            stages = f", stages {', '.join(map(str, network.layers))} and the last map" if network.layers else ""
            sha256 = f", SHA-256 `{network.sha256[:16]}...`" if network.sha256 else ""
            frozen = "frozen" if p.frozen else "fine-tuned"
            rows.append(
                (f"{frozen} network", f"`{network.name}`, weights: {_where(network.weights)}{size}{stages}{sha256}")
            )
    rows.append(("head", f"{p.head}, recurrence {p.recurrence}" if p.head == "gru" else p.head))
    top = {key: run.params[key] for key in ("seed", "lr", "epochs", "batch_size") if key in run.params}
    rows.append(
        ("training", ", ".join(f"{key} {value:g}" if key == "lr" else f"{key} {value}" for key, value in top.items()))
    )
    if "best_epoch" in run.training:
        rows.append(("epoch kept", f"{run.training['best_epoch']}, by the select rows"))
    return rows


def _where(weights: str) -> str:
    """Source of pretrained weights; a path of somebody's disk is nobody else's business."""
    return weights if weights in ("package", "hub", "none") else "in `weights/`"


def _data(run: Run) -> list[tuple[str, str]]:
    artgan = run.params["artgan"]
    rows = [
        ("source", SOURCES[artgan["source"]][0]),
        ("images", f"{run.data['images_stored']:,}, of {run.data['images_listed']:,} that are listed"),
        ("size of stored images", f"at most {artgan['max_side']} pixels on the longer side"),
    ]
    if artgan["source"] == "met":
        rows.append(("what `style` means", "the painter's nationality (a school)"))
    return rows


def _split(task: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    return (task, *(f"{data[f'{task}.{part}']:,}" for part in ("train", "select", "val", "guarded")))


def _split_rules(params: Mapping[str, Any]) -> str:
    artgan = params["artgan"]
    bits = artgan["near_duplicate_bits"]
    rules = f"Images of the same work (perceptual hashes that differ by at most {bits} bits) stay in one part."
    if artgan["held_out_painters"]:
        rules += f" {artgan['held_out_painters']:.0%} of the images were kept out of the training, by painter."
    return rules


def _scores(task: str, scores: Mapping[str, Score]) -> list[tuple[str, ...]]:
    rows = []
    for name, label in SHOWN.items():
        if (score := scores.get(name)) is None:
            continue
        evidence = [f"{score.rows:,} works"] if score.rows else []
        if score.units:
            evidence.append(f"{score.units:,} {score.unit}s")
        value = " ".join([f"{score.value:.3f}", *as_range(score.low, score.high, "({} to {})")])
        chance = " ".join(as_range(score.chance_low, score.chance_high, "{} to {}"))
        rows.append((task, label, value, ", ".join(evidence), chance))
    return rows


def _probability(task: str, fitted: Mapping[str, Any]) -> tuple[str, str, str]:
    temperature = fitted.get("temperature", f"none: {fitted.get('refused', 'not fitted')}")
    return (
        task,
        str(temperature),
        str(fitted.get("abstain_below", f"none: {fitted.get('abstain_refused', 'not fitted')}")),
    )


def _cell(text: str) -> str:
    """Text as it is in Markdown, also in a cell of a table."""
    return re.sub(r"([\\`*_\[\]<|])", r"\\\1", " ".join(text.split()))
