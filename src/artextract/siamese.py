"""The siamese projection: image embeddings drawn together where titles are alike, pushed apart where they are not.

Both arms are the same small residual head over frozen image embeddings, so an epoch takes a moment. Pairs come from
the title embedding; groups (near-duplicates, siblings) never straddle the split.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from artextract.errors import ArtExtractError
from artextract.nga import is_untitled
from artextract.params import Siamese

PARTS = ("train", "select", "held_out")


class Projection(nn.Module):
    """Unit vectors to unit vectors of the same size; before training it changes nothing."""

    def __init__(self, dim: int, hidden: int):
        """A residual head whose last layer starts at zero."""
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(dim, hidden), nn.GELU())
        self.outer = nn.Linear(hidden, dim)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, embeddings: Tensor) -> Tensor:
        """(n, dim) to unit rows (n, dim)."""
        return functional.normalize(embeddings + self.outer(self.inner(embeddings)), dim=1)


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows: positive (p, 2), and for every row the rows that are negative to it."""

    positive: np.ndarray
    negative: np.ndarray  # boolean (n, n)
    threshold: float  # smallest title cosine of a positive pair


def split_parts(group: np.ndarray, params: Siamese, seed: int) -> np.ndarray:
    """train, select or held_out for each row, by group; array of str (n,)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.unique(group))
    held = round(params.held_out_fraction * len(order))
    select = round(params.select_fraction * (len(order) - held))
    part = {g: "held_out" for g in order[:held].tolist()} | {g: "select" for g in order[held : held + select].tolist()}
    return np.array([part.get(g, "train") for g in group.tolist()])


def mine_pairs(
    index: pd.DataFrame, titles: np.ndarray, anchors: np.ndarray, others: np.ndarray, params: Siamese
) -> Pairs:
    """Positive and negative pairs by title cosine; at least one side of each is an anchor.

    Args:
        index: title, group and artist of n works.
        titles: Title embeddings, unit rows (n, d).
        anchors: Rows of which each pair has at least one; untitled works among them do not take part.
        others: Further rows that may stand on the other side.
        params: Quantiles over all such pairs, and the cap per artist.

    Returns:
        Pairs with row numbers of ``index``; positives from the most similar title down, those that would give a
        painter more than ``max_pairs_per_artist`` left out.
    """
    rows = np.union1d(anchors, others)
    titled = rows[~index["title"].iloc[rows].map(is_untitled).to_numpy(dtype=bool)]
    group, is_anchor = index["group"].to_numpy(), np.isin(titled, anchors)
    cosine = titles[titled] @ titles[titled].T
    possible = (group[titled][:, None] != group[titled][None, :]) & (is_anchor[:, None] | is_anchor[None, :])
    upper = np.triu(possible, 1)
    if upper.sum() < 2:
        raise ArtExtractError(f"only {len(titled)} titled works to take pairs from", where="train_siamese")
    positive_from, negative_to = np.quantile(cosine[upper], [params.positive_quantile, params.negative_quantile])
    negative = np.zeros((len(index), len(index)), dtype=bool)
    # Where most titles are equal both quantiles are one number, and a pair must not be drawn together and apart.
    negative[np.ix_(titled, titled)] = (cosine <= negative_to) & (cosine < positive_from) & possible
    left, right = np.nonzero(upper & (cosine >= positive_from))
    order = np.argsort(-cosine[left, right], kind="stable")
    used: Counter[str] = Counter()
    artists = index["artist"].astype("string").fillna("").tolist()
    positive = []
    for i, j in zip(titled[left[order]], titled[right[order]], strict=True):
        names = {name for name in (artists[i], artists[j]) if name}
        if all(used[name] < params.max_pairs_per_artist for name in names):
            used.update(names)
            positive.append((i, j))
    return Pairs(np.array(positive, dtype=np.int64).reshape(-1, 2), negative, float(positive_from))


def _loss(function: Any, net: Projection, images: Tensor, pairs: np.ndarray, negative: np.ndarray) -> Tensor:
    """NT-Xent over the given positive pairs, with every known negative among the works of the batch."""
    items, position = np.unique(pairs, return_inverse=True)
    position = position.reshape(-1, 2)
    anchors = np.concatenate([position[:, 0], position[:, 1]])
    positives = np.concatenate([position[:, 1], position[:, 0]])
    negative_anchor, negative_item = np.nonzero(negative[np.ix_(items, items)])
    indices = tuple(torch.from_numpy(part) for part in (anchors, positives, negative_anchor, negative_item))
    embedded = net(images[torch.from_numpy(items)])
    return function(embedded, indices_tuple=indices)


@dataclass(frozen=True)
class Trained:
    """Result of a training."""

    net: Projection
    history: list[dict[str, float]]
    best_epoch: int


def train(images: np.ndarray, train_pairs: Pairs, select_pairs: Pairs, params: Siamese, seed: int) -> Trained:
    """Train the projection; the epoch with the lowest loss on the select pairs is kept.

    Args:
        images: Image embeddings, unit rows (n, d).
        train_pairs: Pairs among training rows.
        select_pairs: Pairs among select rows.
        params: Section ``siamese``.
        seed: Of initial weights and batches.
    """
    from pytorch_metric_learning.losses import NTXentLoss
    from tqdm import tqdm

    for name, pairs in (("train", train_pairs), ("select", select_pairs)):
        if not len(pairs.positive) or not pairs.negative.any():
            raise ArtExtractError(
                f"no positive pairs, or no negative ones, among the {name} rows",
                where="train_siamese",
                remedy="lower siamese.positive_quantile, or use more works",
            )
    torch.manual_seed(seed)
    function, data = NTXentLoss(temperature=params.temperature), torch.from_numpy(images)
    net = Projection(images.shape[1], params.hidden)
    optimizer = torch.optim.AdamW(net.parameters(), lr=params.lr, weight_decay=1e-2)
    best: tuple[float, int, dict[str, Tensor]] = (math.inf, -1, {})
    history = []
    for epoch in tqdm(range(-1, params.epochs), desc="train siamese", unit="epoch", mininterval=1):
        total = 0.0
        if epoch >= 0:  # epoch -1 is the untouched embedding: training has to beat it
            order = np.random.default_rng([seed, epoch]).permutation(len(train_pairs.positive))
            batches = np.array_split(order, math.ceil(len(order) / params.batch_size))
            for batch in batches:
                loss = _loss(function, net, data, train_pairs.positive[batch], train_pairs.negative)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total += float(loss.detach()) * len(batch) / len(order)
        with torch.inference_mode():
            if epoch < 0:
                total = float(_loss(function, net, data, train_pairs.positive, train_pairs.negative))
            select = float(_loss(function, net, data, select_pairs.positive, select_pairs.negative))
        if not (math.isfinite(total) and math.isfinite(select)):
            raise ArtExtractError(
                f"the loss is not finite at epoch {epoch}", where="train_siamese", remedy="lower siamese.lr"
            )
        history.append({"epoch": epoch + 1, "train": total, "select": select})
        if select < best[0]:
            best = (select, epoch + 1, {key: t.detach().clone() for key, t in net.state_dict().items()})
    net.load_state_dict(best[2])
    return Trained(net.eval(), history, best[1])


def project(net: Projection, images: np.ndarray) -> np.ndarray:
    """Projected embeddings: float32 unit rows (n, d)."""
    with torch.inference_mode():
        return net(torch.from_numpy(images)).numpy()
