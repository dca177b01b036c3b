"""The siamese network: mining pairs from titles, and one epoch of training with them."""

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
from artextract.siamese.projection.heads import Network
from artextract.siamese.projection.pairs import Pairs, mine_pairs
from artextract.siamese.projection.training import _epoch_batches, _part_of, _prepare, _steps
from benchmarks import works
from benchmarks.measure import Benchmark, Pair, Side, Size
from benchmarks.retrieval import catalogue

IMAGE_DIM, TITLE_DIM = 1280, 768
PAIRS = {"tiny": 64, "quick": 4096, "full": 40_960}  # in one epoch of naive, pair by pair; half of them are positive
BATCH = 32


def collection(n: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Artificial collection of n works: index, image embeddings (n, 1280), and related title embeddings (n, 768)."""
    rng, images = np.random.default_rng(0), works.vectors(n, IMAGE_DIM)
    related = unit_rows(images @ rng.standard_normal((IMAGE_DIM, TITLE_DIM), dtype=np.float32))
    noise = unit_rows(rng.standard_normal((n, TITLE_DIM), dtype=np.float32))
    return catalogue(n), images, unit_rows(related + noise)


class _PairsOfRows(Dataset[Any]):
    """The straightforward data set: an item is a pair of embeddings with 1 if they belong together and -1 if not."""

    def __init__(self, images: np.ndarray, pairs: np.ndarray, together: np.ndarray):
        self.images, self.pairs, self.together = torch.from_numpy(images), pairs, together

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor, float]:
        first, second = self.pairs[item]
        return self.images[first], self.images[second], float(self.together[item])


def _negatives(pairs: Pairs, count: int) -> np.ndarray:
    """Negative pairs that are drawn at random, as positions (count, 2)."""
    rng, kept = np.random.default_rng(0), np.empty((0, 2), dtype=np.int64)
    weight = pairs.negative(np.arange(len(pairs.rows)))
    while len(kept) < count:
        drawn = rng.integers(len(pairs.rows), size=(count, 2))
        kept = np.concatenate([kept, drawn[weight[drawn[:, 0], drawn[:, 1]] > 0]])
    return kept[:count]


def _seen(pairs: Pairs, epochs: int, params: Siamese) -> tuple[int, int]:
    """Count the positive pairs, and the pairs of an anchor with a negative, in the loss over these epochs of seed 0."""
    rng, positives, negatives = np.random.default_rng([0, 1]), 0, 0
    for _ in range(epochs):
        for batch in _epoch_batches(pairs, params.batch_size, rng):
            positive, weight = _part_of(pairs, batch)
            positives += len(positive)
            negatives += int((weight > 0).sum(1)[positive.ravel()].sum())
    return positives, negatives


def _apart(net: Network, images: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
    """Mean cosine of the positive pairs minus the mean cosine of the negative pairs."""
    with torch.inference_mode():
        rows = net.head(net.components(torch.from_numpy(images))).numpy()
    return float((rows[positive[:, 0]] * rows[positive[:, 1]]).sum(1).mean()) - float(
        (rows[negative[:, 0]] * rows[negative[:, 1]]).sum(1).mean()
    )


def _training(size: Size, matched: bool) -> Pair:
    """One epoch of each side; with ``matched``, ours runs more epochs until it has seen as many positive pairs."""
    set_threads()
    n, half = size.works, PAIRS[size.name] // 2
    index, images, titles = collection(n)
    # No cap on pairs per painter, since with it the collection has fewer pairs than an epoch of naive needs.
    params = works.params().siamese.model_copy(update={"max_pairs_per_artist": n * n})
    start, mined = _prepare(index, images, titles, np.arange(n), params, 0)
    pairs = dataclasses.replace(mined, positive=mined.positive[:half])
    count = len(pairs.positive)
    negative = _negatives(pairs, count)
    dataset = _PairsOfRows(images, np.concatenate([pairs.positive, negative]), np.repeat([1, -1], count))
    epochs = 1
    while matched and _seen(pairs, epochs, params)[0] < count:
        epochs += 1
    positives, negatives = _seen(pairs, epochs, params)
    nets: dict[str, Network] = {}

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
            f"positive pairs in the loss: naive {count:,}, ours {positives:,} (epochs of {n:,} works: {epochs}); "
            f"negative pairs in the loss: naive {count:,}, ours {negatives:,}; pairs counted for the rate of ours: "
            f"{items:,}; mean cosine of positive pairs minus that of negative pairs: {apart}"
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
    """Mine one row after another: the positive pairs, and the hardest negatives of each work (n, count)."""
    n = len(titles)
    cosine = [titles @ row for row in titles]
    above = np.concatenate([row[i + 1 :] for i, row in enumerate(cosine)])
    positive_from, negative_to = np.quantile(above, [params.positive_quantile, params.negative_quantile])
    candidates, hardest = [], []
    for i in range(n):
        candidates += [(i, int(j)) for j in np.flatnonzero(cosine[i] >= positive_from) if j > i]
        order = np.argsort(-(images @ images[i]))
        hardest.append(order[(cosine[i][order] <= negative_to) & (order != i)][: params.hard_negatives])
    kept, used = [], np.zeros(painter.max() + 1, dtype=int)
    for place in np.random.default_rng(0).permutation(len(candidates)):
        i, j = candidates[place]
        a, b = painter[i], painter[j]
        if max(used[a], used[b]) < params.max_pairs_per_artist:
            kept.append((i, j))
            used[a] += 1
            used[b] += a != b
    return kept, np.array(hardest)


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
        (kept, hardest), pairs = results["naive"], results["ours"]
        ours_kept = set(map(tuple, pairs.positive.tolist()))
        weight = pairs.negative(np.arange(n))
        shared = len(ours_kept & set(kept)) / max(1, len(ours_kept | set(kept)))
        hard = np.take_along_axis(weight == params.hard_weight, hardest, axis=1).mean()
        return (
            f"both compare {n * (n - 1) // 2:,} pairs; positive pairs kept: naive {len(kept):,}, ours "
            f"{len(ours_kept):,}, share in common {shared:.4f}; hardest negatives, share in common {hard:.4f}"
        )

    flops = float(n * (IMAGE_DIM + TITLE_DIM))  # half of each of the two products, since both are symmetric
    return Pair(Side(naive, n), Side(ours, n), agreement, flops, "fp32", backend("fp32"))


_FIRST = "torch's tutorial: Dataset of pairs, batches of 32, CosineEmbeddingLoss, both works embedded for each pair"
BENCHMARKS = [
    Benchmark(
        "siamese_epoch", "pairs", "epoch of the projection: 40,960 pairs one by one (naive) or 4,000 works (ours)",
        _FIRST,
        "train_siamese: each work embedded once per batch of 512, and all pairs within the batch in the loss",
        partial(_training, matched=False),
    ),
    Benchmark(
        "siamese_positives", "pairs", "training of the projection on at least 20,480 positive pairs", _FIRST,
        "train_siamese for several epochs; one negative pair is counted for each positive pair, the others are not",
        partial(_training, matched=True),
    ),
    Benchmark(
        "pair_mining", "works", "positive pairs and hardest negatives of 4,000 works",
        "numpy, one row at a time: cosine to all others, quantile, argsort", "mine_pairs of siamese.projection.pairs",
        _mining,
    ),
]  # fmt: skip
