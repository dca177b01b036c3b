"""What is fitted on the known works of one split: both heads of the siamese projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artextract.params.sections import Siamese
from artextract.siamese.projection.heads import ClosedForm, closed_form
from artextract.siamese.projection.pairs import titled_rows
from artextract.siamese.projection.projection import Projection
from artextract.siamese.projection.training import Trained, train
from artextract.similarity.ranking.collection import Collection


@dataclass(frozen=True)
class Held:
    """One training: the rows that it learns from, those that stop it, and the query works."""

    train: np.ndarray
    select: np.ndarray
    queries: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Rows that may be learnt from, those that stop the training included; sorted."""
        return np.union1d(self.train, self.select)


@dataclass(frozen=True)
class Fitted:
    """Both heads of one training.

    Attributes:
        closed_form: Ridge regression beside the image.
        trained: The network and its training.
        head: ``siamese.head``, which of the two is the siamese embedding.
    """

    closed_form: ClosedForm
    trained: Trained
    head: str

    @property
    def primary(self) -> Projection:
        """The projection that is the siamese embedding."""
        return self.closed_form if self.head == "closed_form" else self.trained.net

    @property
    def rival(self) -> Projection:
        """The other one, which is scored next to it."""
        return self.trained.net if self.head == "closed_form" else self.closed_form


def fit_closed_form(collection: Collection, held: Held, params: Siamese) -> ClosedForm:
    """The closed form on all known works that have a title of their own."""
    known = titled_rows(collection.index, held.known)
    return closed_form(collection.images[known], collection.titles[known], penalty=params.ridge, subject=params.subject)


def train_held(collection: Collection, held: Held, params: Siamese, seed: int) -> Trained:
    """The network of one training."""
    return train(collection.index, collection.images, collection.titles, held.train, held.select, params, seed)


def fit(collection: Collection, held: Held, params: Siamese, seed: int) -> Fitted:
    """Both heads; ``train`` documents the errors."""
    trained = train_held(collection, held, params, seed)
    return Fitted(fit_closed_form(collection, held, params), trained, params.head)


def fit_primary(collection: Collection, held: Held, params: Siamese, seed: int) -> Projection:
    """Only the head that is the siamese embedding."""
    if params.head == "closed_form":
        return fit_closed_form(collection, held, params)
    return train_held(collection, held, params, seed).net
