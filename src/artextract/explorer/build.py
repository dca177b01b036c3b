"""Builds the explorer's folder from what the pipeline has made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.files import read_json
from artextract.core.spreadsheet import read_csv
from artextract.data.images.shards import ShardReader
from artextract.explorer import alike, clusters, meaning, neighbours, positions, vocabulary
from artextract.explorer.cells import cell_order
from artextract.explorer.facets import facets_of, write_facets
from artextract.explorer.folder import whole_folder, write_json, write_numbers
from artextract.explorer.gallery import write_gallery
from artextract.explorer.inputs import Inputs, read_inputs
from artextract.explorer.manifest import alike_described, frame_of_manifest, heading
from artextract.explorer.names import read_names
from artextract.explorer.page import write_page
from artextract.explorer.texture import textures
from artextract.explorer.thumbnails import Seen, write_pictures
from artextract.explorer.works import write_works, years
from artextract.params.sections import Explorer, TitleEncoder
from artextract.siamese.projection.projection import project_head


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
    with whole_folder(out) as new:
        manifest = frame_of_manifest(params, inputs.shown, heading(params, root), list(inputs.spaces))
        told, order = _write_maps(new / "data", inputs, params)
        manifest |= told
        manifest["thumbs"]["order"] = "rows" if order is None else "cells"
        manifest |= _write_works(new / "data", inputs, params, manifest["clusters"])
        seen = _write_pictures(new, inputs, params, order)
        manifest |= _write_spaces(new / "data", inputs, seen, params, seed)
        manifest |= _write_words(new / "data", inputs, params, title_encoder)
        manifest["errors"] = "classification" in params.parts
        if manifest["errors"]:
            _write_errors(new, root, params)
        write_json(new / "data" / "manifest.json", manifest)
        write_page(new)


def _write_maps(folder: Path, inputs: Inputs, params: Explorer) -> tuple[dict[str, Any], np.ndarray | None]:
    """What the similarity stage has found: maps, clusters, doubtful attributions; and the order of the thumbnails."""
    if "similarity" not in params.parts:
        return {"maps": [], "clusters": [], "outliers": []}, None
    index, root = inputs.collection.index, inputs.root
    plots = root / "plots" / "similarity"
    measured = read_json(root / "metrics" / "similarity.json")
    trust = {space: measured[f"tsne.{space}.trustworthiness"] for space in inputs.spaces}
    table = read_csv(plots / "tsne.csv", dtype={"id": str}, keep_default_na=False)
    maps, places = positions.write_maps(folder, table, index["id"], inputs.spaces, trust)
    order = cell_order(places)
    if order is not None:
        cells = np.empty(len(order), dtype=np.int32)
        cells[order] = np.arange(len(order))
        write_numbers(folder / "cells.bin", cells)
    labels = pd.read_parquet(root / "data" / "similarity" / "clusters.parquet")["cluster"].to_numpy()
    names = read_names(root / "data" / "names" / "clusters.yaml")
    suspects = read_csv(plots / "outliers.csv", dtype={"id": str}, keep_default_na=False)
    described = clusters.described_clusters(index, labels, inputs.collection.images, names)
    return {"maps": maps, "clusters": described, "outliers": clusters.doubtful(suspects, index)}, order


def _write_works(folder: Path, inputs: Inputs, params: Explorer, described: list[dict[str, Any]]) -> dict[str, Any]:
    """The works as text, their facets, and the groups of near-duplicates; entries of the manifest."""
    index = inputs.collection.index
    cluster = np.full(len(index), -1)
    if described:
        labels = pd.read_parquet(inputs.root / "data" / "similarity" / "clusters.parquet")["cluster"]
        cluster = labels.map({entry["number"]: place for place, entry in enumerate(described)}).to_numpy()
    write_works(folder, index, inputs.shown & params.pictures, cluster)
    names = ["" if place < 0 else f"Cluster {described[place]['number']}" for place in cluster.tolist()]
    facets = write_facets(folder, facets_of(index, names, inputs.shown))
    known = [year for year in years(index) if year is not None]
    span = {"min": min(known), "max": max(known)} if known else None
    return {"facets": facets, "years": span, "duplicates": clusters.near_duplicates(index["object_group"])}


def _write_pictures(folder: Path, inputs: Inputs, params: Explorer, order: np.ndarray | None) -> Seen:
    sizes = inputs.collection.index[["width", "height"]].to_numpy()
    return write_pictures(
        folder, inputs.reader, inputs.shown, sizes, params.thumbnail, pictures=params.pictures, order=order
    )


def _write_spaces(folder: Path, inputs: Inputs, seen: Seen, params: Explorer, seed: int) -> dict[str, Any]:
    """Neighbours, the slider, and why works are alike; entries of the manifest."""
    group, images, k = inputs.collection.group, inputs.collection.images, params.neighbours
    found = neighbours.write_spaces(folder, inputs.spaces, group, k)
    subject, taught = alike.centred(images), False
    if inputs.siamese is not None:
        head = project_head(inputs.siamese.net, images)
        taught = bool(head.any())  # the head of a collection that was too small for a training gives zero
        if taught:
            neighbours.write_subject(folder, inputs.siamese.net, images, group, k)
            subject = head
    measures = {
        "palette": seen.palette,
        "texture": alike.centred(textures(inputs.reader)),
        "composition": alike.centred(seen.layout),
        "subject": subject,
    }
    alike.write_shares(folder, alike.shares(measures, found["image"], group, seed))
    slider = list(neighbours.SUBJECT) if taught else []
    return {"subject": slider, "alike": alike_described(taught)}


def _write_words(folder: Path, inputs: Inputs, params: Explorer, encoder: TitleEncoder) -> dict[str, Any]:
    """The words that a page can search by meaning; entries of the manifest."""
    words, titles = vocabulary.wanted_words(inputs.collection.index)[: params.words], inputs.collection.titles
    weights = read_json(inputs.root / "metrics" / "embed_titles.json")["weights_sha256"]
    vectors = vocabulary.word_vectors(words, encoder, weights, titles.shape[1])
    seen = None if inputs.siamese is None else inputs.siamese.seen
    return meaning.write_meaning(folder, words, vectors, titles, seen)


def _write_errors(folder: Path, root: Path, params: Explorer) -> None:
    """The gallery of errors; WikiArt's images must not be passed on, so that only the sample's are shown unasked."""
    source, evaluation = root / "data" / "artgan", root / "data" / "evaluation"
    index = pd.read_parquet(source / "index.parquet")
    may_be_shown = params.show_all or read_json(root / "data" / "sources" / "artgan.json")["source"] == "met"
    write_gallery(
        folder,
        pd.read_parquet(evaluation / "predictions.parquet"),
        read_json(source / "labels.json"),
        read_json(evaluation / "calibration.json"),
        index,
        ShardReader(source, index) if may_be_shown and params.pictures else None,
    )
