"""Known-item search: curators' descriptions of images as queries that ask for their image."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from artextract.params.sections import Relevance
from artextract.similarity.ranking.judging import Judge
from artextract.similarity.ranking.relations import Itself, OthersOf, same_group


@dataclass(frozen=True)
class TextToImage:
    """Known-item search: a curator's description of one image is the query, all images are the gallery.

    Attributes:
        texts: The descriptions, one for each of ``judge.queries()``, in that order.
        judge: Relevant to text i is image i alone; the rest of its group is taken out, as the text fits it too.
    """

    texts: tuple[str, ...]
    judge: Judge


def text_to_image(index: pd.DataFrame) -> TextToImage:
    """Known-item search with the museum's assistive texts; no queries where the column is empty or missing."""
    text = index["assistivetext"] if "assistivetext" in index else pd.Series(pd.NA, index=index.index, dtype="string")
    itself, others = Itself(len(index)), OthersOf(same_group(index), len(index))
    asks, fields = text.notna().to_numpy(dtype=bool), frozenset({"assistivetext"})
    judge = Judge(len(index), itself, (others,), asks=asks, fields=fields)
    return TextToImage(tuple(text.dropna()), judge)


def are_described(index: pd.DataFrame, params: Relevance) -> bool:
    """Whether enough works have a curator's description for ``text_to_image`` to be measured."""
    return len(text_to_image(index).judge.queries()) >= params.min_queries
