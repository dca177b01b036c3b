"""Training of the siamese network: contrastive loss over title-derived pairs, stopped by title retrieval.

A first training watches works that it does not see (``select``) and finds the best epoch; a second one, on all
training works, runs that long. Each work is embedded once per step, however many pairs it is part of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from artextract.core.adamw import AdamW
from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.params.sections import Siamese
from artextract.siamese.projection.heads import Network, start
from artextract.siamese.projection.pairs import Pairs, at_most, mine_pairs, titled_rows
from artextract.siamese.projection.title_judge import TitleJudge

NOTHING = 1e-30  # weight of no negative; of zero, an anchor without negatives would have no gradient
RISE = 0.2  # share of the steps in which the learning rate rises
JUDGED = 20  # select works that stop a training: one for so many that pairs are taken from, 1,000 at most by default


def pair_loss(embedded: Tensor, positive: Tensor, negative: Tensor, temperature: float) -> Tensor:
    """NT-Xent over given pairs: each positive pair, both ways round, against all negatives of its anchor.

    -log(exp(s_ij / t) / (exp(s_ij / t) + sum_k w_ik exp(s_ik / t))), mean over ordered pairs (i, j). With weights 0
    and 1 it is ``NTXentLoss`` of pytorch-metric-learning with the same pairs.

    Args:
        embedded: Unit rows (b, k).
        positive: Pairs of positions int64 (p, 2).
        negative: Weights w of negatives (b, b); 0 = none.
        temperature: t.
    """
    logits = embedded @ embedded.T / temperature
    apart = torch.logsumexp(logits + torch.log(negative.clamp(min=NOTHING)), dim=1)
    anchor, other = positive.T
    alike = logits[anchor, other]
    return torch.cat([functional.softplus(apart[anchor] - alike), functional.softplus(apart[other] - alike)]).mean()


@dataclass(frozen=True)
class Trained:
    """Result of a training."""

    net: Network
    history: list[dict[str, float]]  # epoch, train, select, select_error; epoch 0 is the closed form
    epochs: int  # of the second training
    pairs: Pairs


def _epoch_batches(pairs: Pairs, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Positions of works in batches of equal size, at most ``size``."""
    return np.array_split(rng.permutation(len(pairs.rows)), math.ceil(len(pairs.rows) / size))


def _part_of(pairs: Pairs, works: np.ndarray, whole: np.ndarray | None = None) -> tuple[Tensor, Tensor]:
    """The positive pairs with both works in a batch, as positions in it, and the weights of its negatives.

    Args:
        pairs: Of m works.
        works: The batch, positions (b,).
        whole: Weights of all works as negatives of each other (m, m), where they are at hand.
    """
    place = np.full(len(pairs.rows), -1)
    place[works] = np.arange(len(works))
    positive = place[pairs.positive]
    negative = pairs.negative(works) if whole is None else whole.take(works, 0).take(works, 1)
    return torch.from_numpy(positive[(positive >= 0).all(axis=1)]), torch.from_numpy(negative)


def one_cycle(optimizer: torch.optim.Optimizer, peak: float, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Rising and falling learning rate; defined for any number of steps, 1 included.

    torch divides by the length of the rise, which is zero where the rise ends with the first step: five steps with a
    rise of a fifth.
    """
    steps = max(2, steps)
    rise = RISE if RISE * steps != 1 else RISE + 0.01
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, pct_start=rise)


def _steps(
    net: Network, images: np.ndarray, pairs: Pairs, epochs: int, params: Siamese, seed: int
) -> Iterator[tuple[int, float]]:
    """Train in place; yields (epoch, mean loss) after each epoch. ``epochs`` sets the length of the schedule."""
    rng = np.random.default_rng([seed, 1])
    with torch.no_grad():
        inputs = net.components(torch.from_numpy(images[pairs.rows]))
    origin = net.linear.weight.detach().clone()
    optimizer = AdamW(net.parameters(), lr=params.lr, weight_decay=0.0)
    batches = math.ceil(len(pairs.rows) / params.batch_size)
    schedule = one_cycle(optimizer, params.lr, params.epochs * batches)
    whole = pairs.negative(np.arange(len(pairs.rows))) if batches == 1 else None  # every batch is all works
    for epoch in range(1, epochs + 1):
        total, counted = 0.0, 0
        for works in _epoch_batches(pairs, params.batch_size, rng):
            positive, negative = _part_of(pairs, works, whole)
            if not len(positive):
                continue
            batch = functional.dropout(inputs[torch.from_numpy(works)], params.dropout)
            loss = pair_loss(net.head(batch), positive, negative, params.temperature)
            total, counted = total + float(loss.detach()) * len(positive), counted + len(positive)
            # Drawn back to the closed form, which generalises; the training works alone would be learnt by heart.
            drawn = ((net.linear.weight - origin) ** 2).sum() + (net.outer.weight**2).sum()
            loss = loss + params.anchor * (drawn + 0.1 * (net.inner.weight**2).sum())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        mean = total / max(1, counted)
        if not math.isfinite(mean):
            raise ArtExtractError(
                f"the loss is not finite at epoch {epoch}", where="train_siamese", remedy="lower siamese.lr"
            )
        yield epoch, mean


def train(
    index: pd.DataFrame,
    images: np.ndarray,
    titles: np.ndarray,
    train_rows: np.ndarray,
    select_rows: np.ndarray,
    params: Siamese,
    seed: int,
) -> Trained:
    """Find the number of epochs on select works, then train on training and select works together.

    Args:
        index: title, group, artist (and artist_qualified) of n works.
        images: Image embeddings, unit rows (n, d); rows of neither kind are not read.
        titles: Title embeddings, unit rows (n, t); the same.
        train_rows: Works to learn from.
        select_rows: Works that stop the first training. Where too few of them have a like title among the training
            works, ``siamese.epochs`` are trained.
        params: Section ``siamese``.
        seed: Seed of pairs, initial weights, batches and dropout.

    Raises:
        ArtExtractError: Too few works or pairs, or a loss that is not finite.
    """
    judged = at_most(titled_rows(index, select_rows), params.mined_works // JUDGED, seed)
    net, pairs = _prepare(index, images, titles, train_rows, params, seed)
    watched = np.concatenate([judged, pairs.rows])
    asked, gallery = np.arange(len(judged)), np.arange(len(judged), len(watched))
    judge = TitleJudge(titles[watched], index["group"].to_numpy()[watched], asked, gallery, pairs.positive_from)
    with torch.inference_mode():  # what no epoch changes
        own, inputs = (part(torch.from_numpy(images[watched])) for part in (net.own, net.components))

    def select(net: Network) -> dict[str, float]:
        with torch.inference_mode():
            mean, error = judge(net.joined(own, net.head(inputs)).numpy())
        return {"select": mean, "select_error": error}

    history = [{"epoch": 0, "train": math.nan} | select(net)]
    for epoch, loss in _steps(net, images, pairs, params.epochs, params, seed):
        history.append({"epoch": epoch, "train": loss} | select(net))
    best = stopping_epoch([line["select"] for line in history], [line["select_error"] for line in history])
    if len(select_rows):
        net, pairs = _prepare(index, images, titles, np.union1d(train_rows, select_rows), params, seed)
        for _ in _steps(net, images, pairs, best, params, seed):
            pass
    return Trained(net.eval(), history, best, pairs)


def stopping_epoch(select: Sequence[float], error: Sequence[float]) -> int:
    """How long to train: the last epoch from 1 on that is within one standard error of the best, epoch 0 included.

    The start is the best that least squares can do for titles; pairs then make room for what it had given up of the
    image. So training goes on while titles are found as well as ever, and not only as long as they are found better.

    Args:
        select: Score of each epoch, epoch 0 first.
        error: Standard error of each.

    Returns:
        The epoch; 1 where none is good enough, the last one where there are no scores.
    """
    scores = np.asarray(select)
    if np.isnan(scores).any():
        return len(scores) - 1
    best = int(scores.argmax())
    return max(1, int(np.flatnonzero(scores >= scores[best] - error[best])[-1]))


def _prepare(
    index: pd.DataFrame, images: np.ndarray, titles: np.ndarray, rows: np.ndarray, params: Siamese, seed: int
) -> tuple[Network, Pairs]:
    """The closed form and the pairs of some rows."""
    known = titled_rows(index, np.sort(rows))
    own = unit_rows(images - images[known].mean(axis=0)) if len(known) else images
    pairs = mine_pairs(index, titles, own, rows, params, seed)
    torch.manual_seed(seed)
    net = start(
        images[known], titles[known], components=params.components, rank=params.rank, hidden=params.hidden,
        penalty=params.ridge, subject=params.subject,
    )  # fmt: skip
    return net, pairs
