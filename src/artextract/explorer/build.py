"""Builds the explorer's folder from what the pipeline has made."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.files import read_json
from artextract.data.images.shards import ShardReader
from artextract.explorer import alike, clusters, meaning, neighbours, positions, vocabulary
from artextract.explorer.facets import facets_of, write_facets
from artextract.explorer.folder import write_json
from artextract.explorer.gallery import write_gallery
from artextract.explorer.manifest import alike_described, frame_of_manifest, heading
from artextract.explorer.page import write_page
from artextract.explorer.texture import textures
from artextract.explorer.thumbnails import Seen, write_pictures
from artextract.explorer.works import write_works, years
from artextract.params.sections import Explorer, TitleEncoder
from artextract.siamese.projection.projection import Projection, project_head, projected
from artextract.siamese.projection.saved import load_projection
from artextract.siamese.projection.words import words_vectors
from artextract.similarity.ranking.collection import Collection, open_collection


@dataclass(frozen=True)
class Siamese:
    """What the siamese stage has made.

    Attributes:
        net: The projection.
        vectors: The works in its space, unit rows (n, d + k).
        seen: Images in the space of words, unit rows (n, t).
    """

    net: Projection
    vectors: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Inputs:
    """A collection with all that is shown of it.

    Attributes:
        root: Root of the repository or of a collection of the user's.
        collection: n works.
        reader: Their images.
        shown: Works whose pictures may be shown, boolean (n,).
        siamese: None where the pipeline has no such part.
    """

    root: Path
    collection: Collection
    reader: ShardReader
    shown: np.ndarray
    siamese: Siamese | None

    @property
    def spaces(self) -> dict[str, np.ndarray]:
        """The spaces in which works are compared: image, title and, where there is one, siamese."""
        further = {} if self.siamese is None else {"siamese": self.siamese.vectors}
        return self.collection.embeddings | further


def read_inputs(root: Path, params: Explorer) -> Inputs:
    """Read what the stages before have made."""
    data = root / "data"
    collection = open_collection(data / "nga", data / "embeddings")
    siamese = None
    if "siamese" in params.parts:
        net = load_projection(data / "siamese" / "projection.safetensors")
        seen = words_vectors(collection.images, data / "siamese" / "crossmodal.safetensors")
        siamese = Siamese(net, projected(net, collection.images), seen)
    open_access = collection.index["open_access"].to_numpy(dtype=bool)
    shown = open_access | params.show_all
    return Inputs(root, collection, ShardReader(data / "nga", collection.index), shown, siamese)


def build(root: Path, params: Explorer, title_encoder: TitleEncoder, seed: int, out: Path) -> None:
    """Write the explorer's folder; it appears under its name when it is complete.

    Args:
        root: Root of the repository or of a collection of the user's.
        params: Section ``explorer``.
        title_encoder: Section ``title_encoder``, by which the words are embedded.
        seed: Seed of the pairs that likeness is measured against.
        out: The folder.
    """
    inputs = read_inputs(root, params)
    new = out.with_name(f".{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    sizes = inputs.collection.index[["width", "height"]].to_numpy()
    seen = write_pictures(new, inputs.reader, inputs.shown, sizes, params.thumbnail, pictures=params.pictures)
    manifest = frame_of_manifest(
        params, len(sizes), int(inputs.shown.sum()), heading(params, root), list(inputs.spaces)
    )
    manifest |= _write_spaces(new / "data", inputs, seen, params, seed)
    manifest |= _write_works(new / "data", inputs, params)
    words, vectors = vocabulary.embedded_vocabulary(
        vocabulary.own_words(inputs.collection.index), params.words, title_encoder
    )
    shown_in_words = None if inputs.siamese is None else inputs.siamese.seen
    manifest["meaning"] = meaning.write_meaning(
        new / "data", words, vectors, inputs.collection.titles, shown_in_words
    )
    if "classification" in params.parts:
        _write_errors(new, root, params)
    manifest["errors"] = "classification" in params.parts
    write_json(new / "data" / "manifest.json", manifest)
    write_page(new)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)


def _write_spaces(folder: Path, inputs: Inputs, seen: Seen, params: Explorer, seed: int) -> dict[str, Any]:
    """Neighbours, the slider, and why works are alike; entries of the manifest."""
    group, images, k = inputs.collection.group, inputs.collection.images, params.neighbours
    found = neighbours.write_spaces(folder, inputs.spaces, group, k)
    subject = alike.centred(images)
    if inputs.siamese is not None:
        neighbours.write_subject(folder, inputs.siamese.net, images, group, k)
        subject = project_head(inputs.siamese.net, images)
    measures = {
        "palette": seen.palette,
        "texture": alike.centred(textures(inputs.reader)),
        "composition": alike.centred(seen.layout),
        "subject": subject,
    }
    alike.write_shares(folder, alike.shares(measures, found["image"], group, seed))
    slider = [] if inputs.siamese is None else list(neighbours.SUBJECT)
    return {"subject": slider, "alike": alike_described(inputs.siamese is not None)}


def _write_works(folder: Path, inputs: Inputs, params: Explorer) -> dict[str, Any]:
    """Maps, works, facets, clusters and lists of the similarity stage; entries of the manifest."""
    index, root = inputs.collection.index, inputs.root
    labels, told = np.ones(len(index), dtype=np.int64), {"maps": [], "clusters": [], "outliers": []}
    if "similarity" in params.parts:
        table = pd.read_csv(root / "plots/similarity/tsne.csv", dtype={"id": str}, keep_default_na=False)
        measured = read_json(root / "metrics/similarity.json")
        trust = {space: measured[f"tsne.{space}.trustworthiness"] for space in inputs.spaces}
        told["maps"] = positions.write_maps(folder, table, index["id"], inputs.spaces, trust)
        labels = pd.read_parquet(root / "data/similarity/clusters.parquet")["cluster"].to_numpy()
        names = clusters.read_names(root / "data/names/clusters.yaml")
        told["clusters"] = clusters.described_clusters(index, labels, inputs.collection.images, names)
        suspects = pd.read_csv(root / "plots/similarity/outliers.csv", dtype={"id": str}, keep_default_na=False)
        told["outliers"] = clusters.doubtful(suspects, index)
    place = {entry["number"]: at for at, entry in enumerate(told["clusters"])}
    cluster = np.array([place.get(label, -1) for label in labels.tolist()])
    write_works(folder, index, inputs.shown & params.pictures, cluster)
    names_of_clusters = [f"Cluster {label}" if place else "" for label in labels.tolist()]
    told["facets"] = write_facets(folder, facets_of(index, names_of_clusters, inputs.shown))
    known = [year for year in years(index) if year is not None]
    told["years"] = {"min": min(known), "max": max(known)} if known else None
    told["duplicates"] = clusters.near_duplicates(index["object_group"])
    return told


def _write_errors(folder: Path, root: Path, params: Explorer) -> None:
    """The gallery of errors; WikiArt's images must not be passed on, so that only the sample's are shown unasked."""
    source, index = root / "data/artgan", pd.read_parquet(root / "data/artgan/index.parquet")
    may_be_shown = params.show_all or read_json(root / "data/sources/artgan.json")["source"] == "met"
    write_gallery(
        folder,
        pd.read_parquet(root / "data/evaluation/predictions.parquet"),
        read_json(source / "labels.json"),
        read_json(root / "data/evaluation/calibration.json"),
        index,
        ShardReader(source, index) if may_be_shown and params.pictures else None,
    )
