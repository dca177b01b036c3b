"""Small collections of invented pictures, for the tests of a user's own collections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.collections.pipeline import repository_pipeline, sections
from artextract.collections.settings import params_text
from artextract.core.compute import unit_rows
from artextract.data.outside.place import Place
from artextract.data.own.collect import collect
from artextract.params.reading import load_params
from tests.conftest import ROOT, jpeg


def pictures(folder: Path, n: int, *, same: bool = False) -> Path:
    """A folder with the files w0.jpg and on."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(n):
        (folder / f"w{k}.jpg").write_bytes(jpeg(0 if same else k, 80, 60))
    return folder


def table(path: Path, n: int, *, artist: Callable[[int], str] = lambda k: f"Painter {k // 3}") -> Path:
    """A CSV about them."""
    rows = [
        {"file": f"w{k}.jpg", "title": f"Harbour {k}", "artist": artist(k), "date": 1800 + k, "school": "xy"[k % 2]}
        for k in range(n)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def collected(root: Path, folder: Path, about: Path | None, labels: list[str], **changes: object) -> pd.DataFrame:
    """A collection's folder as after fetch_nga; its index. With changes to the section ``nga``."""
    root.mkdir(parents=True, exist_ok=True)
    keys = sections(repository_pipeline(ROOT)["stages"])
    text = params_text((ROOT / "params.yaml").read_text(encoding="utf-8"), keys, works=10, labels=labels)
    (root / "params.yaml").write_text(text, encoding="utf-8")
    collect(
        Place(str(folder), "" if about is None else str(about), {}, []),
        load_params("nga", path=root / "params.yaml").nga.model_copy(update=changes),
        out=root / "data/nga",
        metrics=root / "metrics/fetch_nga.json",
        notes={},
        problems=root / "problems.csv",
        works=root / "works.csv",
    )
    return pd.read_parquet(root / "data/nga/index.parquet")


def embeddings(root: Path, n: int, *, same: bool = False) -> None:
    """Random embeddings, as after embed_images and embed_titles."""
    rng = np.random.default_rng(1)
    (root / "data/embeddings").mkdir(parents=True)
    images = np.repeat(rng.normal(size=(1, 40)), n, axis=0) if same else rng.normal(size=(n, 40))
    np.save(root / "data/embeddings/images.npy", unit_rows(images))
    np.save(root / "data/embeddings/titles.npy", unit_rows(rng.normal(size=(n, 20))))
