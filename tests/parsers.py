"""Every file that comes from outside: a good one, and the function that reads it.

Property, tested in ``test_parsers.py``: a bad file is read as something that keeps the reader's promises, or refused
with an ``ArtExtractError`` (an ``UnreadableImage`` for pictures); nothing else is raised.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from tests.conftest import jpeg
from tests.museum import link, painting, person, table_text, term, view
from tests.spoiled import Parser


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _json(content: Any, read: Callable[[Path], Any], file: str = "given.json") -> Parser:
    return Parser(file, json.dumps(content).encode(), read, content)


def _wikiart() -> dict[str, Parser]:
    from artextract.data.wikiart.index import read_manifest
    from artextract.data.wikiart.lists import read_classes, read_list

    def listed(path: Path) -> Any:
        rows = read_list(path, 3).rows
        assert rows["label"].between(0, 2).all()
        assert not any(p.startswith("/") or ".." in p.split("/") for p in rows["path"])
        return rows

    def classes(path: Path) -> Any:
        names = read_classes(path)
        assert names and len(set(names)) == len(names)
        return names

    rows = b"a/b_c.jpg,0\nd/e_f.jpg,1\nPop_Art/g_h-i.jpg,2\n"
    return {
        "list": Parser("style_train.csv", rows, listed),
        "classes": Parser("style_class", b"0 Abstract\n1 Pop_Art\n2 Realism\n", classes),
        "manifest": Parser(
            "manifest.csv", b"path,geometry,group\na/b.jpg,square,x\nc.jpg,,\n", lambda path: read_manifest(path.parent)
        ),
    }


def _museum() -> dict[str, Parser]:
    from artextract.data.museum.labels import read_labels
    from artextract.data.museum.schemas import read_table

    rows = {
        "objects": [painting(k) for k in (1, 2, 3)],
        "published_images": [view(1), view(2)],
        "objects_constituents": [link(1, 7), link(2, 8)],
        "constituents": [person(7, "Painter, A."), person(8, "Monet, C.")],
        "objects_terms": [term(1, "Theme", "landscape"), term(2, "Style", "Impressionist")],
    }
    found = {
        f"table {name}": Parser(
            f"{name}.csv", table_text(name, part).encode(), lambda path, name=name: read_table(path.parent, name)
        )
        for name, part in rows.items()
    }
    labels = Parser("labels.csv", b"objectid,motif\n1,ship\n2,face\n", lambda path: read_labels(path, ["motif"]))
    return found | {"labels": labels}


def _own() -> dict[str, Parser]:
    from artextract.data.outside.place import read_place
    from artextract.data.own.read import read_own

    table = "file,title,artist,year,room\n1.jpg,Harbour,A. Painter,1890,north\n2.jpg,Sea,B. Painter,c. 1900,south\n"
    records = [{"file": "1.jpg", "title": "Harbour", "artist": {"name": "A"}}, {"file": "2.jpg", "title": ["Sea"]}]

    def read(path: Path) -> Any:
        pictures = path.parent / "pictures"
        if not pictures.is_dir():
            pictures.mkdir()
            for k in (1, 2):
                (pictures / f"{k}.jpg").write_bytes(jpeg(k))
        return read_own(pictures, path)

    frame = pd.DataFrame({"file": ["1.jpg", "2.jpg"], "title": ["Harbour", "Sea"], "year": [1890, 1900]})
    book, parquet = io.BytesIO(), io.BytesIO()
    frame.to_excel(book, index=False)
    frame.to_parquet(parquet)
    canvas = {
        "id": "https://a.example/c/1", "type": "Canvas", "label": {"en": ["One"]},
        "items": [{"type": "AnnotationPage", "items": [{"type": "Annotation", "body": {
            "id": "https://a.example/1.jpg", "type": "Image", "service": [{"id": "https://a.example/iiif/1"}]}}]}],
    }  # fmt: skip
    manifest = {
        "@context": "http://iiif.io/api/presentation/3/context.json", "id": "https://a.example/m", "type": "Manifest",
        "label": {"en": ["Two works"]}, "items": [canvas, canvas | {"id": "https://a.example/c/2"}],
        "metadata": [{"label": {"en": ["Artist"]}, "value": {"none": ["A"]}}], "rights": "CC0",
    }  # fmt: skip
    place = {"folder": "/pictures", "table": "", "columns": {"title": "Titel"}, "hosts": ["a.example"]}
    return {
        "own csv": Parser("own.csv", table.encode(), read),
        "own csv in UTF-16": Parser("own.csv", table.encode("utf-16"), read),
        "own tsv": Parser("own.tsv", table.replace(",", "\t").encode(), read),
        "own json": _json(records, read),
        "own json lines": Parser("own.jsonl", "\n".join(map(json.dumps, records)).encode(), read),
        "own xlsx": Parser("own.xlsx", book.getvalue(), read),
        "own parquet": Parser("own.parquet", parquet.getvalue(), read),
        "IIIF manifest": _json(manifest, read),
        "source.json": _json(place, read_place, "source.json"),
    }


def _settings() -> dict[str, Parser]:
    from artextract.explorer.names import read_names
    from artextract.params.reading import read_params
    from artextract.params.yaml12 import read_yaml
    from artextract.runs.ablations import read_ablations, read_profile
    from tests.closure import ROOT

    params = read_yaml(ROOT / "params.yaml", set())
    names, ablations = {"w1": "Ships", "w2": "Heads"}, {"all": ["seed=1"], "wide": ["train.hidden=128"]}
    return {
        "params.yaml": Parser("params.yaml", (ROOT / "params.yaml").read_bytes(), read_params, params, _yaml),
        "profile": Parser("a.args", b"-S train.views=2  # two\n-S 'nga.labels=[a b]'\n", read_profile),
        "ablations": Parser("a.yaml", _yaml(ablations).encode(), read_ablations, ablations, _yaml),
        "names of clusters": Parser("clusters.yaml", _yaml(names).encode(), read_names, names, _yaml),
    }


def _kept() -> dict[str, Parser]:
    from artextract.core.kept import is_intact

    def sealed(path: Path) -> Any:
        path.with_suffix("").write_bytes(b"work")
        return is_intact(path.with_suffix(""))

    def judged(path: Path) -> Any:
        from artextract.runs.judging import read_vectors

        vectors = read_vectors(path, 3)
        assert vectors.shape[0] == 3 and np.isfinite(vectors).all() and (vectors != 0).any(axis=1).all()
        return vectors

    def answers(path: Path) -> Any:
        from artextract.triplets.answers import read_answers

        found = read_answers([path], pd.Series(["w1", "w2", "w3"]))
        assert found["query"].between(0, 2).all()
        return found

    from artextract.runs.attempts import read_values
    from artextract.runs.comparison import read_predictions
    from artextract.triplets.answers import COLUMNS
    from artextract.triplets.draw import PLAIN

    row = dict(
        zip(COLUMNS, ["anna", "p", "1", "1", "t1", PLAIN, "0", "w1", "w2", "w3", "left", "2.5", "now"], strict=True)
    )
    vectors, predictions, values = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(vectors, np.ones((3, 4), np.float32))
    pd.DataFrame(
        {
            "id": ["a_b.jpg"],
            "task": ["style"],
            "split": ["val"],
            "y_true": [0],
            "stratum": [None],
            "group": [0],
            "p_0": 1.0,
        }
    ).to_parquet(predictions)
    pd.DataFrame(
        {"split": ["s1"], "judge": ["artist"], "space": ["image"], "id": ["w1"], "painter": [0], "p10": [0.5]}
    ).to_parquet(values)
    seal = {"size": 4, "sha256": "0" * 64}
    return {
        "seal": _json(seal, sealed, "work.bin.seal"),
        "vectors": Parser("v.npy", vectors.getvalue(), judged),
        "answers": Parser("answers.csv", pd.DataFrame([row]).to_csv(index=False).encode(), answers),
        "predictions": Parser("p.parquet", predictions.getvalue(), lambda path: read_predictions(str(path))),
        "values": Parser("v.parquet", values.getvalue(), lambda path: read_values(str(path))),
    }


def _networks() -> dict[str, Parser]:
    from safetensors.numpy import save

    from artextract.classification.network.saved_network import read_record
    from artextract.classification.prediction.confidence import read_confidence
    from artextract.classification.prediction.evidence import read_evidence
    from artextract.classification.published.provenance import read_scores
    from artextract.siamese.projection.heads import ClosedForm
    from artextract.siamese.projection.saved import load_projection
    from tests.closure import ROOT

    record = json.loads((ROOT / "models/wikiart/model.json").read_text())
    confidence = {"style": {"temperature": 1.1, "abstain_below": 0.4}, "genre": {}}
    closed = {name: tensor.numpy() for name, tensor in ClosedForm(4, 2).state_dict().items()}
    scores = (ROOT / "plots/classification/scores.csv").read_bytes()

    def calibrated(path: Path) -> Any:
        for fitted in read_confidence(path.parent).values():
            temperature = fitted.get("temperature")
            assert temperature is None or 0 < temperature < float("inf")

    def evident(path: Path) -> Any:
        pd.DataFrame({"id": ["a", "b"], "title": "", "artist": ""}).to_parquet(path.with_name("evidence.parquet"))
        return read_evidence(path.parent)

    tensors = {
        "vectors": np.ones((2, 3), np.int8), "components": np.ones((4, 3), np.int8), "scale": np.ones(3, np.float32),
        "mean": np.zeros(4, np.float32), "spread": np.ones(4, np.float32),
    }  # fmt: skip
    return {
        "evidence": Parser("evidence.safetensors", save(tensors), evident),
        "model.json": _json(record, lambda path: read_record(path.parent), "model.json"),
        "calibration.json": _json(confidence, calibrated, "calibration.json"),
        "projection": Parser("projection.safetensors", save(closed), load_projection),
        "scores.csv": Parser("scores.csv", b"\n".join(scores.split(b"\n")[:6]), read_scores),
    }


def _pictures() -> dict[str, Parser]:
    from PIL import Image

    from artextract.data.images.decode import decode
    from artextract.data.images.sources import open_images

    picture = Image.open(io.BytesIO(jpeg(1)))

    def looked_at(path: Path) -> Any:
        image = decode(path.read_bytes())
        assert image.mode == "RGB" and image.width * image.height
        return image

    found = {}
    for form in ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"):
        buffer = io.BytesIO()
        picture.save(buffer, form)
        found[f"picture {form}"] = Parser(f"p.{form.lower()}", buffer.getvalue(), looked_at)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
        for k in (1, 2):
            pack.writestr(f"a/{k}.jpg", jpeg(k))
        pack.writestr("manifest.csv", "path,group\na/1.jpg,x\n")

    def opened(path: Path) -> Any:
        source, found = open_images(path), {}
        for name in source.sizes():
            with contextlib.suppress(OSError):  # a promise of this reader, whose failures become rows of a table
                found[name] = len(source.read(name))
        return found

    return found | {"archive": Parser("w.zip", archive.getvalue(), opened)}


def _web() -> dict[str, Parser]:
    from artextract.core.errors import ArtExtractError
    from artextract.data.museum.answers import retry_after
    from artextract.data.museum.robots import read_rules
    from artextract.explorer.names import LONGEST, checked

    def waited(path: Path) -> Any:
        seconds = retry_after(path.read_bytes().decode("latin-1"))  # as headers come
        assert 0 <= seconds <= 3600
        return seconds

    def ruled(path: Path) -> Any:
        return read_rules(path.read_bytes()).allow("https://museum.example/iiif/1/full/max/0/default.jpg")

    def named(path: Path) -> Any:
        try:
            given = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            raise ArtExtractError("names are sent as JSON") from None
        names = checked(given, {"w1", "w2"})
        assert set(names) <= {"w1", "w2"} and all(len(name) <= LONGEST for name in names.values())
        return names

    robots = b"User-agent: *\nCrawl-delay: 1\nDisallow: /private/*.jpg$\nAllow: /\nSitemap: https://a.example/s.xml\n"
    return {
        "Retry-After": Parser("header", b"Wed, 21 Oct 2026 07:28:00 GMT", waited),
        "Retry-After in seconds": Parser("header", b"120", waited),
        "robots.txt": Parser("robots.txt", robots, ruled),
        "names sent by a page": _json({"w1": "Ships", "w2": ""}, named),
    }


def all_parsers() -> dict[str, Parser]:
    """All of them by name."""
    return _wikiart() | _museum() | _own() | _settings() | _kept() | _networks() | _pictures() | _web()
