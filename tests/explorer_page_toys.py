"""A small explorer folder with known numbers, written without the pipeline, and a server for it."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

K, CHUNK, DIMS = 10, 2000, 128
SPACES = ("image", "title", "siamese")
STEPS = (0, 25, 50, 75, 100)
PAINTERS = ("Paul Cézanne", "Berthe Morisot", "Unknown", "الخطاط", 'O\'Brien, "Mo"')
HOSTILE = "<img src=x onerror=\"document.title='broken'\"> & <script>alert(1)</script>"
WORDS = ("horse", "river", "saint", "apple", "still life")
MEASURES = ("palette", "texture", "composition", "subject")


@dataclass
class Toy:
    """What was written.

    Attributes:
        titles: One per work.
        years: One per work; None where unknown.
        painter: Number of the painter of each work, (n,).
        cluster: Number of the cluster of each work, (n,).
        positions: Of the first map, (n, 2).
        found: Rows of the k nearest per space, each (n, k).
    """

    titles: list[str]
    years: list[int | None]
    painter: np.ndarray
    cluster: np.ndarray
    positions: np.ndarray
    found: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        return [f"w{row}" for row in range(len(self.titles))]


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(vectors: np.ndarray, k: int = K) -> tuple[np.ndarray, np.ndarray]:
    """Rows and cosines of the k nearest other works."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, : min(k, len(vectors) - 1)]
    return rows.astype("<i4"), np.take_along_axis(cosines, rows, 1).astype("<f4")


def toy_collection(n: int, seed: int = 5) -> Toy:
    rng = np.random.default_rng(seed)
    titles = [f"{WORDS[row % len(WORDS)].capitalize()} number {row}" for row in range(n)]
    titles = [HOSTILE, "=2+3, a formula", "Nature morte à l'église", "", *titles[4:]][:n]
    years: list[int | None] = [1500 + int(year) for year in rng.integers(0, 400, n)]
    years[1:2] = [None][: n - 1]
    return Toy(titles, years, np.arange(n) % len(PAINTERS), np.arange(n) % 3, rng.random((n, 2)).astype("<f4"))


def write_folder(folder: Path, n: int, pictures: bool = True) -> Toy:
    """Write the data of an explorer; the page itself comes from ``write_page``.

    Args:
        folder: Where.
        n: Works.
        pictures: With single pictures besides the thumbnails; the third work has none in any case.
    """
    toy = toy_collection(n)
    for name in ("data/works", "data/alike", "thumbs"):
        (folder / name).mkdir(parents=True)
    _write_vectors(folder / "data", toy)
    _write_works(folder / "data", toy, pictures)
    _write_pictures(folder, n, pictures)
    _write_errors(folder / "data")
    (folder / "data" / "manifest.json").write_text(json.dumps(_manifest(toy)))
    return toy


def _write_vectors(data: Path, toy: Toy) -> None:
    n = len(toy.titles)
    rng = np.random.default_rng(1)
    spaces = {space: unit(rng.normal(size=(n, 16))) for space in SPACES}
    look, subject = spaces["image"], spaces["title"]
    mixed = {f"subject-{w}": np.hstack([look * np.sqrt(1 - w / 100), subject * np.sqrt(w / 100)]) for w in STEPS}
    for space, vectors in {**spaces, **mixed}.items():
        if n <= CHUNK:
            rows, scores = nearest(vectors)
        else:
            rows, scores = rng.integers(0, n, (n, K)).astype("<i4"), np.full((n, K), 0.5, "<f4")
        toy.found[space] = rows
        place = data / "neighbours" / space
        place.mkdir(parents=True)
        for start in range(0, n, CHUNK):
            part = rows[start : start + CHUNK].tobytes() + scores[start : start + CHUNK].tobytes()
            (place / f"{start // CHUNK:04d}.bin").write_bytes(part)
    maps = [toy.positions, *(rng.random((n, 2)).astype("<f4") for _ in SPACES[1:])]
    (data / "positions.bin").write_bytes(b"".join(xy.tobytes() for xy in maps))
    centuries = np.array([65535 if year is None else year // 100 - 15 for year in toy.years])
    facets = [toy.painter, centuries, toy.cluster]
    (data / "facets.bin").write_bytes(b"".join(codes.astype("<u2").tobytes() for codes in facets))
    years = np.array([-32768 if year is None else year for year in toy.years], "<i2")
    (data / "years.bin").write_bytes(years.tobytes())
    (data / "ids.json").write_text(json.dumps(toy.ids))
    words = unit(rng.normal(size=(len(WORDS), DIMS)))
    titles = words[np.arange(n) % len(WORDS)] + rng.normal(size=(n, DIMS)) * 0.02
    seen = words[(np.arange(n) + 1) % len(WORDS)] + rng.normal(size=(n, DIMS)) * 0.02
    for name, vectors in {"words": words, "titles": titles, "seen": seen}.items():
        (data / f"{name}.bin").write_bytes(np.round(unit(vectors) * 127).astype("i1").tobytes())
    (data / "words.json").write_text(json.dumps({"words": WORDS, "dims": DIMS}))


def _write_works(data: Path, toy: Toy, pictures: bool) -> None:
    n = len(toy.titles)
    for start in range(0, n, CHUNK):
        rows = range(start, min(n, start + CHUNK))
        m = len(rows)
        works: dict[str, Any] = {
            "id": [f"w{row}" for row in rows], "title": [toy.titles[row] for row in rows],
            "artist": [PAINTERS[toy.painter[row]] for row in rows], "attribution": [""] * m,
            "date": [str(toy.years[row] or "") for row in rows], "year": [toy.years[row] for row in rows],
            "medium": ["oil"] * m, "credit": ["A museum, CC0"] * m,
            "link": ["javascript:alert(1)" if row == 0 else f"https://museum.example/{row}" for row in rows],
            "width": [60] * m, "height": [40] * m, "picture": [pictures and row != 2 for row in rows], "iiif": [""] * m,
            "group": list(rows), "cluster": [int(toy.cluster[row]) for row in rows],
            "extra": {"Room": [f"room {row % 4}" for row in rows]},
        }  # fmt: skip
        (data / "works" / f"{start // CHUNK:04d}.json").write_text(json.dumps(works))
        shares = [[[0.6, 0.25, 0.1, 0.05]] * K] * m
        (data / "alike" / f"{start // CHUNK:04d}.json").write_text(json.dumps(shares))


def colour(row: int) -> tuple[int, int, int]:
    return (60 + row * 53 % 180, 60 + row * 97 % 180, 60 + row * 31 % 180)


def _write_pictures(folder: Path, n: int, pictures: bool) -> None:
    for start in range(0, n, 1024):
        sheet = Image.new("RGBA", (2048, 2048))
        for row in range(start, min(n, start + 1024)):
            cell = row - start
            sheet.paste(Image.new("RGBA", (64, 43), (*colour(row), 255)), (cell % 32 * 64, cell // 32 * 64 + 10))
        sheet.save(folder / "thumbs" / f"{start // 1024:04d}.webp", quality=80, method=0)
    for row in range(n if pictures else 0):
        path = folder / "pictures" / f"{row // 1000:04d}" / f"{row}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), colour(row)).save(path)


def _write_errors(data: Path) -> None:
    cases = [(0, 0, 0.9), (0, 1, 0.8), (0, 1, 0.6), (1, 1, 0.7), (1, 0, 0.95)]
    rows = [
        {"id": f"e{i}", "title": f"Case {i}", "true": true, "predicted": said, "confidence": sure, "unsure": sure < 0.7,
         "top": [[said, sure], [1 - said, 1 - sure]], "picture": None}
        for i, (true, said, sure) in enumerate(cases)
    ]  # fmt: skip
    (data / "errors.json").write_text(
        json.dumps({"tasks": {"genre": {"classes": ["portrait", "still_life"], "rows": rows}}})
    )


def _manifest(toy: Toy) -> dict[str, Any]:
    n = len(toy.titles)
    labels = {"image": "How it looks", "title": "What it is called", "siamese": "Look and subject"}
    spaces = [{"key": key, "label": label, "description": f"About {key}."} for key, label in labels.items()]
    known = [year for year in toy.years if year is not None]
    measures = {name: f"About {name}." for name in MEASURES}

    def counted(names: list[str], codes: list[int]) -> list[dict[str, Any]]:
        return [{"label": name, "count": codes.count(code)} for code, name in enumerate(names)]

    facets = [
        ("painter", "Painter", counted(list(PAINTERS), toy.painter.tolist()), False),
        (
            "century",
            "Century",
            counted([f"{c}th century" for c in range(16, 20)], [y // 100 - 15 for y in known]),
            True,
        ),
        ("cluster", "Cluster", counted(["Cluster 1", "Cluster 2", "Cluster 3"], toy.cluster.tolist()), False),
    ]
    keys = ("key", "label", "categories", "ordered")
    return {
        "format": 1, "title": "Toys & <b>games</b>", "made_by": "artextract", "works": n, "chunk": CHUNK, "k": K,
        "maps": spaces, "spaces": spaces, "subject": STEPS, "years": {"min": min(known), "max": max(known)},
        "facets": [{**dict(zip(keys, one, strict=True)), "kind": "category"} for one in facets],
        "clusters": [
            {"id": f"w{i}", "number": i + 1, "count": int((toy.cluster == i).sum()), "name": "",
             "works": np.flatnonzero(toy.cluster == i)[:24].tolist()} for i in range(3)
        ],
        "duplicates": [[4, 5], [6, 7, 8]],
        "outliers": [{"row": 9, "attributed": PAINTERS[4], "looks_like": PAINTERS[0], "score": 0.25, "reason": ""}],
        "thumbs": {"cell": 64, "columns": 32, "per": 1024}, "shown": n - 1, "not_shown": 1, "api": False,
        "words": True, "seen": True, "errors": True,
        "alike": {"labels": MEASURES, "measures": measures, "description": "Shares."},
    }  # fmt: skip


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Static files, and the few answers of `artextract serve` that a test gives."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, Any]] = {}
    received: ClassVar[list[tuple[str, dict[str, str], bytes]]] = []

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.received.append((self.path, dict(self.headers), body))
        status, answer = self.answers.get(path, (404, {"problem": "There is no such address."}))
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        if self.path.partition("?")[0] in self.answers:
            self._answer()
        else:
            super().do_GET()

    do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def served(folder: Path, answers: dict[str, Any] | None = None, received: list[Any] | None = None) -> Iterator[str]:
    """Address of the folder on a loopback port.

    Args:
        folder: Static files.
        answers: Status and JSON per path, before the files.
        received: Takes path, headers and body of each request that was answered so.
    """
    kind = type("Handler", (_Quiet,), {"answers": answers or {}, "received": [] if received is None else received})
    handler = functools.partial(kind, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
