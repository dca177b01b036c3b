"""Title embedding by all-mpnet-base-v2."""

from __future__ import annotations

import copy

import numpy as np

from artextract.core.compute import backend, bf16_pays, device, set_threads, unit_rows
from artextract.encoders.title import load_title_encoder
from benchmarks import works
from benchmarks.measure import Benchmark, Pair, Side, Size


def _make(size: Size) -> Pair:
    set_threads()
    model, _ = load_title_encoder(works.params().title_encoder)
    reduced = copy.deepcopy(model)
    if bf16_pays():
        reduced.bfloat16()
    titles = works.titles(size.images)
    results: dict[str, np.ndarray] = {}

    def naive() -> None:
        results["naive"] = np.asarray(model.encode(titles))

    def ours() -> None:
        results["ours"] = np.asarray(reduced.encode(titles, batch_size=32, convert_to_numpy=True))

    def agreement() -> str:
        cosine = (unit_rows(results["naive"]) * unit_rows(results["ours"])).sum(axis=1)
        return f"cosine min {cosine.min():.4f}, cosine mean {cosine.mean():.4f}"

    parameters = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)
    tokens = float(np.mean([len(model.tokenizer(title)["input_ids"]) for title in titles]))
    return Pair(
        Side(naive, len(titles)),
        Side(ours, len(titles)),
        agreement,
        2 * parameters * tokens,
        "bf16" if bf16_pays() else "fp32",
        backend("fast"),
        device().type,
    )


BENCHMARKS = [
    Benchmark(
        "titles", "titles", "title embedding by all-mpnet-base-v2",
        "sentence-transformers' manual: model.encode(titles)",
        "embed_titles, precision fast, with weights in bf16", _make,
    )
]  # fmt: skip
