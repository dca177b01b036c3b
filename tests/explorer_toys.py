"""A small collection with all that the explorer's folder is built from, and large folders of made-up works.

``python -m tests.explorer_toys FOLDER 100000`` writes a folder of 100,000 works, to try the page with.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from artextract.core.compute import unit_rows
from artextract.core.files import write_array, write_bytes, write_table, write_text
from artextract.data.images.shard_writer import Source, write_shards
from artextract.explorer.cells import cell_order
from artextract.explorer.facets import Facet, write_facets
from artextract.explorer.folder import FORMAT, chunks, write_json, write_numbers
from artextract.explorer.page import write_page
from artextract.explorer.thumbnails import COLUMNS, PER_ATLAS, Atlas
from artextract.explorer.works import write_works
from artextract.params.sections import Explorer
from artextract.siamese.projection.heads import ClosedForm
from artextract.siamese.projection.saved import save_projection

HOSTILE = [
    "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "a, \"b\"; c", "صورة سيدة", "🎨 Sea & sky",
    "=HYPERLINK(\"x\")",
]  # fmt: skip

LINKS = ["https://museum.example/1", "javascript:alert(1)", "http://museum.example/3"]


def settings(**changes: Any) -> Explorer:
    values: dict[str, Any] = {
        "title": "", "parts": ["siamese", "similarity", "classification"], "pictures": True, "show_all": False,
        "neighbours": 4, "thumbnail": 32, "words": 50,
    }  # fmt: skip
    return Explorer(**(values | changes))


def picture(seed: int, width: int = 60, height: int = 40) -> bytes:
    """A JPEG of coloured stripes."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (1, 6, 3)).repeat(height, 0).repeat(width // 6, 1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def index_of(n: int) -> pd.DataFrame:
    """Everything of n works but their pictures."""
    even = np.arange(n) % 2 == 0
    return pd.DataFrame(
        {
            "id": [f"w{i}" for i in range(n)],
            "title": [HOSTILE[i] if i < len(HOSTILE) else f"Harbour {i}" for i in range(n)],
            "attribution": [f"Painter {i % 3}" for i in range(n)],
            "displaydate": [str(1600 + i) for i in range(n)],
            "year": [1600.0 + 30 * i if i % 4 else np.nan for i in range(n)],
            "medium": ["oil on canvas, lined" if i % 3 else "Tempera" for i in range(n)],
            "credit": ["Gift of <b>Somebody</b>"] * n,
            "link": [
                ["https://museum.example/1", "javascript:alert(1)", "http://museum.example/3"][i % 3] for i in range(n)
            ],
            "artist": pd.array([str(i % 3) if i % 5 else None for i in range(n)], dtype="string"),
            "artist_qualified": pd.array([None] * n, dtype="string"),
            "artist_name": pd.array([f"Painter {i % 3}" for i in range(n)], dtype="string"),
            "themes": [["still_life"] if i % 2 else ["landscape", "portrait"] for i in range(n)],
            "styles": [[] for _ in range(n)],
            "schools": [[] for _ in range(n)],
            "techniques": [[] for _ in range(n)],
            "keywords": [["Boats", "Low tide"] if i % 2 else [] for i in range(n)],
            "object_group": [0 if i < 2 else i for i in range(n)],
            "group": [0 if i < 2 else i for i in range(n)],
            "open_access": ~(np.arange(n) == n - 1) | (n == 1),
            "extra.Wall": pd.array(["north" if e else "south" for e in even], dtype="string"),
            "label.Wall": pd.array(["north" if e else "south" for e in even], dtype="string"),
        }
    )


def write_root(root: Path, n: int = 12, seed: int = 3, dims: int = 16) -> pd.DataFrame:
    """Write what the stages before make of n works; their index."""
    rng = np.random.default_rng(seed)
    folder = root / "data" / "nga"
    stored = write_shards([Source(f"w{i}", lambda i=i: picture(i)) for i in range(n)], folder, max_side=64)
    index = index_of(n).merge(stored.drop(columns="error"), on="id")
    write_table(folder / "index.parquet", index)
    images, titles = (unit_rows(rng.normal(size=(n, dims))) for _ in range(2))
    for name, vectors in (("images", images), ("titles", titles)):
        write_array(root / "data" / "embeddings" / f"{name}.npy", vectors)
    net = ClosedForm(dims, 5)
    net.weight.copy_(net.weight.new_tensor(rng.normal(size=(dims, 5))))
    save_projection(root / "data" / "siamese" / "projection.safetensors", net)
    from artextract.siamese.projection.words import save_head

    head = {"mean": np.zeros(dims, np.float32), "weight": rng.normal(size=(dims, dims)).astype(np.float32)}
    save_head(root / "data" / "siamese" / "crossmodal.safetensors", head)
    _write_similarity(root, index, rng)
    _write_classification(root, rng)
    return index


def _write_similarity(root: Path, index: pd.DataFrame, rng: np.random.Generator) -> None:
    n, plots = len(index), root / "plots" / "similarity"
    spaces = ("image", "title", "siamese")
    places = [index[["id"]].assign(space=s, x=rng.normal(size=n) * 20, y=rng.normal(size=n) * 9) for s in spaces]
    write_table(plots / "tsne.csv", pd.concat(places))
    line = {"rank": 1, "id": "w4", "title": "x", "attribution": "Painter 1", "score": 0.2}
    line |= {"nearest_other_painter": "Painter 2", "evidence_other": 0.3, "evidence_own": 0.1}
    write_table(plots / "outliers.csv", pd.DataFrame([line]))
    trust = {f"tsne.{space}.trustworthiness": 0.9 for space in spaces}
    write_text(root / "metrics" / "similarity.json", json.dumps(trust))
    write_text(root / "metrics" / "embed_titles.json", json.dumps({"weights_sha256": ""}))
    clusters = pd.DataFrame({"id": index["id"], "cluster": 1 + np.arange(n) % 2})
    write_table(root / "data" / "similarity" / "clusters.parquet", clusters)
    write_text(root / "data" / "names" / "clusters.yaml", "{}\n")


def _write_classification(root: Path, rng: np.random.Generator) -> None:
    folder = root / "data" / "artgan"
    names = [f"School/ann-lee_boats-at-sea-{i}.jpg" for i in range(4)]
    stored = write_shards(
        [Source(name, lambda i=i: picture(50 + i)) for i, name in enumerate(names)], folder, max_side=64
    )
    write_table(folder / "index.parquet", stored)
    write_text(folder / "labels.json", json.dumps({"style": ["old_school", "new"], "artist": ["ann-lee", "bo"]}))
    first = rng.uniform(size=4)
    table = pd.DataFrame({"id": names, "task": "style", "split": ["val"] * 3 + ["select"], "y_true": [0, 1, 0, 1]})
    write_table(root / "data" / "evaluation" / "predictions.parquet", table.assign(p_0=first, p_1=1 - first))
    write_text(root / "data" / "evaluation" / "calibration.json", json.dumps({"style": {"abstain_below": 0.99}}))
    for kind in ("artgan", "nga"):
        write_text(root / "data" / "sources" / f"{kind}.json", '{"source": "met"}')


def write_large(folder: Path, n: int, seed: int = 0) -> None:
    """Write an explorer's folder of n made-up works: clouds of coloured cards, no pictures; seconds for 100,000."""
    shutil.rmtree(folder, ignore_errors=True)
    rng = np.random.default_rng(seed)
    data, k = folder / "data", 10
    cloud = rng.integers(12, size=n)
    places = np.clip(rng.uniform(0.15, 0.85, (12, 2))[cloud] + rng.normal(size=(n, 2)) * 0.05, 0, 1).astype(np.float32)
    write_numbers(data / "positions.bin", places)
    order = cell_order(places)
    if order is not None:
        cells = np.empty(n, dtype=np.int32)
        cells[order] = np.arange(n)
        write_numbers(data / "cells.bin", cells)
    index = index_of(12).iloc[np.arange(n) % 12].reset_index(drop=True)
    index = index.assign(
        id=[str(i) for i in range(n)], title=[f"Harbour at dusk, number {i}" for i in range(n)], width=60, height=40,
        year=rng.integers(1300, 1990, n).astype(float), object_group=np.arange(n),
    )  # fmt: skip
    write_works(data, index, np.zeros(n, dtype=bool), cloud)
    for name, rows in chunks(n):
        near = rng.integers(n, size=(rows.stop - rows.start, k)).astype(np.int32)
        scores = np.sort(rng.uniform(0.2, 0.9, near.shape).astype(np.float32))[:, ::-1]
        write_numbers(data / "neighbours" / "image" / f"{name}.bin", near, scores)
    painters = [f"Painter {i % 3000}" for i in range(n)]
    facets = [Facet("painter", "Painter", painters), Facet("cluster", "Cluster", [f"Cluster {c + 1}" for c in cloud])]
    _write_cards(folder, cloud if order is None else cloud[order], rng)
    described = [
        {"id": str(c), "number": c + 1, "count": int((cloud == c).sum()), "name": "", "works": []} for c in range(12)
    ]
    one = {"key": "image", "label": "How it looks", "description": "Made up."}
    manifest = {
        "format": FORMAT, "title": f"{n:,} made-up works", "made_by": "tests", "works": n, "shown": n, "not_shown": 0,
        "chunk": 2000, "k": k, "spaces": [one], "subject": [], "maps": [one | {"trustworthiness": 1.0}],
        "facets": write_facets(data, facets), "clusters": described, "duplicates": [], "outliers": [], "api": False,
        "years": {"min": 1300, "max": 1989}, "words": False, "seen": False, "errors": False,
        "thumbs": {"cell": 64, "columns": COLUMNS, "per": PER_ATLAS, "order": "rows" if order is None else "cells"},
    }  # fmt: skip
    write_json(data / "manifest.json", manifest)
    write_page(folder)


def _write_cards(folder: Path, cloud: np.ndarray, rng: np.random.Generator) -> None:
    """Atlases of cards in the colour of their cloud; a few that repeat, since encoding 100 of them takes a minute."""
    colours = rng.integers(60, 230, (12, 3))
    atlases = []
    for number in range(min(4, -(-len(cloud) // PER_ATLAS))):
        atlas = Atlas(folder / "thumbs", 64)
        for c in cloud[number * PER_ATLAS : (number + 1) * PER_ATLAS]:
            shade = np.clip(colours[c] + rng.integers(-30, 30, 3), 0, 255)
            atlas.add(Image.new("RGBA", (64, int(rng.integers(36, 64))), (*shade.tolist(), 255)))
        atlas.close()
        atlases.append((folder / "thumbs" / "0000.webp").read_bytes())
    for number in range(-(-len(cloud) // PER_ATLAS)):
        write_bytes(folder / "thumbs" / f"{number:04d}.webp", atlases[number % len(atlases)])


if __name__ == "__main__":
    write_large(Path(sys.argv[1]), int(sys.argv[2]))
