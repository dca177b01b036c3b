"""A checkout in small: 48 images of WikiArt's form, a museum of 40 works, tiny networks, and the pipeline's parameters.

The whole pipeline runs on it in a fraction of a minute, so that a stage can be run hundreds of times.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from artextract.core.tasks import TASKS
from artextract.data.wikiart.lists import SPLITS
from artextract.encoders.local_weights import content_hash
from artextract.params.yaml12 import read_yaml
from tests.closure import ROOT
from tests.conftest import jpeg
from tests.museum import link, museum, painting, person, term, view, write_tables

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
CODE = ("src/", "stages/")
WORDS = ("hay", "sun", "sea", "portrait")
BROKEN = b"\xff\xd8\xff not a picture"

SMALL: dict[str, dict[str, Any]] = {
    "artgan": {"source": "folder", "max_missing_fraction": 0.2, "select_fraction": 0.3},
    "nga": {"source": "folder", "max_failed_fraction": 0.2},
    "evaluate": {"blocks": 5, "permutations": 20, "probe": False},
    "relevance": {"bootstrap": 20, "min_queries": 3, "whitened_components": 8},
    "splits": {"folds": 2},
    "tsne": {"perplexity": 4},
    "similarity": {"clusters": 3, "examples": 2},
    "explorer": {"words": 20, "neighbours": 3},
    "siamese": {"epochs": 3, "components": 8, "rank": 4, "hidden": 8, "hard_negatives": 2, "batch_size": 8},
    "train": {
        "backbone": "reference", "weights": "none", "weights_sha256": "", "frozen": False, "token_dim": 0, "layers": [],
        "token_grid": 2, "hidden": 8,
    },
}  # fmt: skip


def write_wikiart(folder: Path, images: int = 48) -> None:
    """Pictures of two classes by four painters, one of them broken; every third is validation."""
    names = [f"Style{i % 2}/painter{i % 4}_work{i}.jpg" for i in range(images)]
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BROKEN if i == 5 else jpeg(i))
    for task in TASKS:
        lists = folder / task.capitalize()
        lists.mkdir(exist_ok=True)
        classes = 4 if task == "artist" else 2
        (lists / f"{task}_class").write_text("".join(f"{i} {task}-{i}\n" for i in range(classes)))
        for split in SPLITS:
            rows = [f"{name},{i % classes}" for i, name in enumerate(names) if (i % 3 == 0) == (split == "val")]
            (lists / f"{task}_{split}.csv").write_text("\n".join(rows) + "\n")


def write_museum(folder: Path, works: int = 40, iiif: str = "") -> None:
    """Tables of works by five painters with three motifs, and their pictures, of which one is broken.

    Args:
        folder: New folder for them.
        works: How many.
        iiif: Base address of the image server that the tables name; "" = the pictures are beside the tables.
    """
    numbers = range(1, works + 1)
    titles = [f"{WORDS[k % 3].capitalize()} {k % 7}" for k in numbers]
    tables = museum(
        [painting(k, title=title) for k, title in zip(numbers, titles, strict=True)],
        [view(k, **({"iiifurl": f"{iiif}/uuid-{k}"} if iiif else {})) for k in numbers],
        [link(k, k % 5) for k in numbers],
        [person(k, f"Painter{k}, A.") for k in range(5)],
        [term(k, "Theme", "landscape", visualbrowsertheme="landscape") for k in numbers if k % 2],
    )
    write_tables(folder, tables)
    (folder / "images").mkdir(exist_ok=True)
    for k in numbers:
        (folder / "images" / f"{k}.jpg").write_bytes(BROKEN if k == 9 else jpeg(200 + k))


def params(networks: Path | None = None) -> dict[str, Any]:
    """The committed parameters with a small run.

    Args:
        networks: Folder with the tiny encoders; None where no stage that needs them will run.
    """
    values = read_yaml(ROOT / "params.yaml", set())
    for section, changes in SMALL.items():
        values[section] |= changes
    values |= {"epochs": 2, "batch_size": 8}
    if networks is not None:
        image, title = networks / "image", networks / "title"
        values["image_encoder"] |= {
            "name": "test_resnet", "weights": str(image), "sha256": content_hash(image),
        }  # fmt: skip
        values["title_encoder"] |= {
            "name": "tiny", "weights": str(title), "revision": "", "sha256": content_hash(title),
        }  # fmt: skip
    return values


def write_params(folder: Path, values: dict[str, Any]) -> None:
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def without_code(stage: str) -> dict[str, Any]:
    """A stage as dvc.yaml has it, its code aside: that is the same in all runs."""
    entry = STAGES[stage]
    return entry | {"deps": [dep for dep in entry["deps"] if not dep.startswith(CODE)]}


@cache
def outs_of(stage: str) -> tuple[str, ...]:
    """Files and folders that DVC removes before it runs the stage."""
    kinds = ("outs", "metrics")
    return tuple(
        next(iter(out)) if isinstance(out, dict) else out for kind in kinds for out in STAGES[stage].get(kind, [])
    )


def digests(root: Path, names: tuple[str, ...] = ("",)) -> dict[str, str]:
    """SHA-256 of every file below the named parts of a folder, by relative path."""
    found = {}
    for name in names:
        top = root / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file():
                found[str(path.relative_to(root))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
