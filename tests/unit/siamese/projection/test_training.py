"""The loss against other implementations, training that learns what titles know, and when it stops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from artextract.core.compute import unit_rows
from artextract.core.errors import ArtExtractError
from artextract.siamese.projection.projection import project
from artextract.siamese.projection.title_judge import TitleJudge
from artextract.siamese.projection.training import Trained, one_cycle, pair_loss, stopping_epoch, train
from tests.unit.siamese_toys import settings, two_subjects, works

HELD = np.arange(96, 120)


def fitted(seed: int = 7, images: np.ndarray | None = None, **changes: object) -> Trained:
    own, titles, index, _ = two_subjects()
    images = own if images is None else images
    return train(index, images, titles, np.arange(76), np.arange(76, 96), settings(**changes), seed)


def same_subject(embedding: np.ndarray, rows: np.ndarray) -> float:
    """P@10 of subject for some rows among all works."""
    subject = two_subjects()[3]
    similarity = embedding[rows] @ embedding.T
    similarity[np.arange(len(rows)), rows] = -np.inf
    return float((subject[np.argsort(-similarity, axis=1)[:, :10]] == subject[rows][:, None]).mean())


def test_loss_is_the_formula_one_pair_at_a_time():
    rng = np.random.default_rng(0)
    rows = unit_rows(rng.normal(size=(6, 3)))
    weight = np.array([[0, 0, 1, 2, 0, 1]] * 6, dtype=np.float32)
    pairs, t = [(0, 1), (4, 1)], 0.3
    expected = []
    for i, j in [*pairs, *((j, i) for i, j in pairs)]:
        alike = math.exp(rows[i] @ rows[j] / t)
        apart = sum(weight[i, k] * math.exp(rows[i] @ rows[k] / t) for k in range(6))
        expected.append(-math.log(alike / (alike + apart)))
    found = pair_loss(torch.from_numpy(rows), torch.tensor(pairs), torch.from_numpy(weight), t)
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-5)


def test_the_learning_rate_is_defined_for_any_number_of_steps():
    """Five steps divided by zero: what a schedule makes of a legal number of epochs is checked, not the number."""
    for steps in range(1, 41):
        optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
        schedule = one_cycle(optimizer, 0.1, steps)
        rates = []
        for _ in range(steps):
            rates.append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
        assert all(0 < rate <= 0.1 for rate in rates) and (steps < 6 or max(rates) > 0.08)


def test_loss_with_weights_of_one_is_nt_xent():
    from pytorch_metric_learning.losses import NTXentLoss

    rng = np.random.default_rng(1)
    rows = torch.from_numpy(unit_rows(rng.normal(size=(12, 4))))
    pairs = torch.tensor([[0, 1], [2, 3], [0, 5]])
    negative = np.triu(rng.random((12, 12)) < 0.6, 1)
    negative[0, 6:] = True
    negative |= negative.T
    anchor, other = torch.cat([pairs, pairs.flip(1)]).T
    indices = (anchor, other, *(torch.from_numpy(side) for side in np.nonzero(negative)))
    expected = NTXentLoss(temperature=0.2)(rows, indices_tuple=indices)
    found = pair_loss(rows, pairs, torch.from_numpy(negative.astype(np.float32)), 0.2)
    assert float(found) == pytest.approx(float(expected), rel=1e-4)


def test_an_anchor_without_negatives_costs_nothing():
    rows = torch.eye(3, requires_grad=True)
    loss = pair_loss(rows, torch.tensor([[0, 1]]), torch.zeros(3, 3), 0.1)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6) and rows.grad is not None and torch.isfinite(rows.grad).all()


def test_training_brings_unseen_works_of_one_subject_together():
    images = two_subjects()[0]
    assert same_subject(project(fitted().net, images), HELD) > same_subject(images, HELD) + 0.15


@pytest.mark.slow
def test_pairs_alone_teach_it_too():
    """From a start that knows nothing: the ridge penalty is so high that the closed form is noise."""
    trained = fitted(ridge=1e6, rank=8, epochs=40, lr=0.02, anchor=0.0)
    losses = [line["train"] for line in trained.history[1:]]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.slow
def test_training_twice_gives_the_same_bits_and_another_seed_others():
    images = two_subjects()[0]
    one, two, other = (project(fitted(seed).net, images) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_held_out_works_are_never_read():
    """Neither their images nor their titles change a bit of the network."""
    images, titles, index, _ = two_subjects()
    spoiled, other = images.copy(), titles.copy()
    spoiled[HELD], other[HELD] = np.nan, np.nan
    nets = [
        train(index, i, t, np.arange(76), np.arange(76, 96), settings(epochs=2), 0).net
        for i, t in ((images, titles), (spoiled, other))
    ]
    for a, b in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.slow
def test_works_that_stop_the_training_are_learnt_from_in_the_end():
    trained = fitted()
    assert set(trained.pairs.rows.tolist()) == set(range(96))
    assert [line["epoch"] for line in trained.history] == list(range(7)) and 1 <= trained.epochs <= 6
    assert not trained.net.training


def test_small_batches_cover_all_works():
    trained = fitted(batch_size=20, epochs=3)
    assert all(math.isfinite(line["train"]) for line in trained.history[1:])


def test_stopping():
    steady = [0.1] * 5
    assert stopping_epoch([0.5, 0.6, 0.55, 0.52, 0.3], steady) == 3  # .6 less its error is .5
    assert stopping_epoch([0.9, 0.2, 0.2, 0.2, 0.2], steady) == 1  # something has to be trained
    assert stopping_epoch([math.nan] * 5, [math.nan] * 5) == 4
    assert stopping_epoch([0.5, 0.5, 0.5, 0.5, 0.5], [0.0] * 5) == 4


def test_title_judge_by_hand():
    titles = np.eye(2)[[0, 1, 0, 1, 0]]
    perfect, group = titles, np.arange(5)
    args = (np.array([0, 1]), np.array([2, 3, 4]), 0.5)
    assert math.isnan(TitleJudge(titles, group, *args)(perfect)[0])  # two queries are too few
    many, n = np.tile(titles, (6, 1)), 30
    rows, group = np.arange(n), np.arange(n)
    mean, error = TitleJudge(many, group, rows[:15], rows[15:], 0.5)(many)
    assert mean == 1 and error == 0
    turned = many * np.where(rows < 15, -1, 1)[:, None]  # what is alike is now farthest
    worst, _ = TitleJudge(many, group, rows[:15], rows[15:], 0.5)(turned)
    assert worst < 0.6
    own = np.repeat(np.arange(15), 2)  # the group of a query does not count as found
    found, _ = TitleJudge(np.eye(15)[own], own, rows[::2], rows[1::2], 0.5)(np.eye(15)[own])
    assert math.isnan(found)


def test_too_few_works_and_losses_that_are_not_finite_stop_with_a_remedy():
    images, titles, index, _ = two_subjects()
    with pytest.raises(ArtExtractError, match="only 2 titled works"):
        train(index, images, titles, np.arange(2), np.arange(2, 4), settings(), 0)
    with pytest.raises(ArtExtractError, match="only 0 titled works"):
        train(works(["Untitled"] * 120), images, titles, np.arange(60), np.arange(60, 80), settings(), 0)
    with pytest.raises(ArtExtractError, match=r"not finite at epoch \d+") as caught:
        fitted(lr=1e30, epochs=3)
    assert caught.value.remedy
