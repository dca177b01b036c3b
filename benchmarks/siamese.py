"""The siamese arm: pairs mined from titles, and an epoch of training with them."""

from __future__ import annotations

import copy
import dataclasses
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from artextract.core.compute import backend, set_threads, unit_rows
from artextract.params.sections import Siamese
from artextract.siamese.projection.pairs import Pairs, mine_pairs
from artextract.siamese.projection.projection import Projection
from artextract.siamese.projection.training import _epoch_batches, _part_of, _prepare, _steps
from benchmarks import works
from benchmarks.measure import Benchmark, Pair, Side, Size
from benchmarks.retrieval import catalogue

IMAGE_DIM, TITLE_DIM = 1280, 768
PAIRS = {"tiny": 64, "quick": 4096, "full": 40_960}  # of an epoch that takes them one by one, half of them positive
BATCH = 32


def collection(n: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """n works: an index, image embeddings (n, 1280), and title embeddings (n, 768) that images tell something of."""
    rng, images = np.random.default_rng(0), works.vectors(n, IMAGE_DIM)
    told = unit_rows(images @ rng.standard_normal((IMAGE_DIM, TITLE_DIM), dtype=np.float32))
    other = unit_rows(rng.standard_normal((n, TITLE_DIM), dtype=np.float32))
    return catalogue(n), images, unit_rows(told + other)


class _PairsOfRows(Dataset[Any]):
    """What one would write first: an item is a pair of embeddings, and whether they belong together (1 or -1)."""

    def __init__(self, images: np.ndarray, pairs: np.ndarray, together: np.ndarray):
        self.images, self.pairs, self.together = torch.from_numpy(images), pairs, together

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor, float]:
        first, second = self.pairs[item]
        return self.images[first], self.images[second], float(self.together[item])


def _negatives(pairs: Pairs, count: int) -> np.ndarray:
    """Negative pairs drawn at random, as positions (count, 2)."""
    rng, found = np.random.default_rng(0), np.empty((0, 2), dtype=np.int64)
    while len(found) < count:
        drawn = rng.integers(len(pairs.rows), size=(count, 2))
        found = np.concatenate([found, drawn[pairs.negative[drawn[:, 0], drawn[:, 1]] > 0]])
    return found[:count]


def _seen(pairs: Pairs, epochs: int, params: Siamese) -> tuple[int, int]:
    """Positive pairs, and pairs of an anchor with a negative of it, in the loss over some epochs of seed 0."""
    rng, positives, negatives = np.random.default_rng([0, 1]), 0, 0
    for _ in range(epochs):
        for batch in _epoch_batches(pairs, params.batch_size, rng):
            positive, weight = _part_of(pairs, batch)
            positives += len(positive)
            negatives += int((weight > 0).sum(1)[positive.ravel()].sum())
    return positives, negatives


def _apart(net: Projection, images: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
    """Mean cosine of positive pairs less that of negative ones."""
    with torch.inference_mode():
        rows = net.head(net.components(torch.from_numpy(images))).numpy()
    return float((rows[positive[:, 0]] * rows[positive[:, 1]]).sum(1).mean()) - float(
        (rows[negative[:, 0]] * rows[negative[:, 1]]).sum(1).mean()
    )


def _training(size: Size, matched: bool) -> Pair:
    """An epoch of either; or of ours as many as it takes until it has seen as many positive pairs."""
    set_threads()
    n, half = size.works, PAIRS[size.name] // 2
    index, images, titles = collection(n)
    # Without the painters' cap, since the naive epoch wants more pairs than a collection with it has.
    params = works.params().siamese.model_copy(update={"max_pairs_per_artist": n * n})
    start, found = _prepare(index, images, titles, np.arange(n), params, 0)
    pairs = dataclasses.replace(found, positive=found.positive[:half])
    count = len(pairs.positive)
    negative = _negatives(pairs, count)
    dataset = _PairsOfRows(images, np.concatenate([pairs.positive, negative]), np.repeat([1, -1], count))
    epochs = 1
    while matched and _seen(pairs, epochs, params)[0] < count:
        epochs += 1
    positives, negatives = _seen(pairs, epochs, params)
    nets: dict[str, Projection] = {}

    def naive() -> None:
        net = nets["naive"] = copy.deepcopy(start)
        optimizer = torch.optim.AdamW(net.parameters(), lr=params.lr)
        loss_of = torch.nn.CosineEmbeddingLoss()
        for first, second, together in DataLoader(dataset, batch_size=BATCH, shuffle=True):
            optimizer.zero_grad()
            arms = [net.head(functional.dropout(net.components(x), params.dropout)) for x in (first, second)]
            loss = loss_of(*arms, together)
            loss.backward()
            optimizer.step()

    def ours() -> None:
        net = nets["ours"] = copy.deepcopy(start)
        for _ in _steps(net, images, pairs, epochs, params, 0):
            pass

    def agreement() -> str:
        values = {"start": start, **nets}
        apart = ", ".join(f"{k} {_apart(net, images, pairs.positive, negative):.2f}" for k, net in values.items())
        return (
            f"positive pairs in the loss: naive {count:,}, ours {positives:,} ({epochs} x {n:,} works); negative ones "
            f"{count:,} and {negatives:,}; ours is credited with {items:,} of both; "
            f"cosine of positive less negative pairs: {apart}"
        )

    with FlopCounterMode(display=False) as counter:
        ours()
    items = 2 * positives if matched else min(2 * count, positives + negatives)
    return Pair(
        Side(naive, 2 * count), Side(ours, items), agreement, counter.get_total_flops() / items, "fp32", backend("fp32")
    )  # fmt: skip


def _mine_by_rows(
    titles: np.ndarray, images: np.ndarray, painter: np.ndarray, params: Siamese
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Positive pairs, and the hardest negatives of each work (n, count): row after row."""
    n = len(titles)
    cosine = [titles @ row for row in titles]
    above = np.concatenate([row[i + 1 :] for i, row in enumerate(cosine)])
    positive_from, negative_to = np.quantile(above, [params.positive_quantile, params.negative_quantile])
    candidates, hardest = [], []
    for i in range(n):
        candidates += [(i, int(j)) for j in np.flatnonzero(cosine[i] >= positive_from) if j > i]
        order = np.argsort(-(images @ images[i]))
        hardest.append(order[(cosine[i][order] <= negative_to) & (order != i)][: params.hard_negatives])
    chosen, used = [], np.zeros(painter.max() + 1, dtype=int)
    for place in np.random.default_rng(0).permutation(len(candidates)):
        i, j = candidates[place]
        a, b = painter[i], painter[j]
        if max(used[a], used[b]) < params.max_pairs_per_artist:
            chosen.append((i, j))
            used[a] += 1
            used[b] += a != b
    return chosen, np.array(hardest)


def _mining(size: Size) -> Pair:
    set_threads()
    n, params = size.works, works.params().siamese
    index, images, titles = collection(n)
    painter, results = pd.factorize(index["artist"])[0], {}

    def naive() -> None:
        results["naive"] = _mine_by_rows(titles, images, painter, params)

    def ours() -> None:
        results["ours"] = mine_pairs(index, titles, images, np.arange(n), params, 0)

    def agreement() -> str:
        (chosen, hardest), pairs = results["naive"], results["ours"]
        ours_chosen = set(map(tuple, pairs.positive.tolist()))
        shared = len(ours_chosen & set(chosen)) / max(1, len(ours_chosen | set(chosen)))
        hard = np.take_along_axis(pairs.negative == params.hard_weight, hardest, axis=1).mean()
        return (
            f"{n * (n - 1) // 2:,} pairs looked at by either; positive ones kept: naive {len(chosen):,}, ours "
            f"{len(ours_chosen):,}, shared {shared:.4f}; hardest negatives shared {hard:.4f}"
        )

    flops = float(n * (IMAGE_DIM + TITLE_DIM))  # half of either product, which is symmetric
    return Pair(Side(naive, n), Side(ours, n), agreement, flops, "fp32", backend("fp32"))


_FIRST = "torch's tutorial: Dataset of pairs, DataLoader of 32, CosineEmbeddingLoss, both works embedded for each pair"
BENCHMARKS = [
    Benchmark(
        "siamese_epoch", "pairs", "epoch of the projection: 40,960 pairs one by one, or 4,000 works", _FIRST,
        "train_siamese: each work embedded once a batch of 512, all pairs among them in the loss",
        partial(_training, matched=False),
    ),
    Benchmark(
        "siamese_positives", "pairs", "the same, ours until it has seen as many positive pairs", _FIRST,
        "train_siamese, several epochs; a negative pair is counted for each positive one, the others are not",
        partial(_training, matched=True),
    ),
    Benchmark(
        "pair_mining", "works", "positive pairs and hardest negatives of 4,000 works",
        "numpy, a row at a time: cosine to all others, quantile, argsort", "siamese_pairs.mine_pairs", _mining,
    ),
]  # fmt: skip
