"""The words that the page can search by meaning without a server, and their vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from artextract.core.fingerprint import code_of, sha256_bytes
from artextract.core.rows_by_content import rows_by_content
from artextract.encoders.title import embed_titles
from artextract.params.sections import TitleEncoder

LONGEST = 40  # letters of a phrase
BATCH = 256  # words are short: batches of titles would leave the processor idle half of the time
WORD = re.compile(r"[^\W\d_]{3,}")
LISTS = ("keywords", "themes", "styles", "schools", "techniques")


def words_of(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts each word of three letters or more is in, in lower case."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word.lower() for word in WORD.findall(text)})
    return counts


def wanted_words(index: pd.DataFrame) -> list[str]:
    """Words to search a collection with: its frequent ones, motifs, and those of a single work, in this order.

    A term of several words counts as a word. Rare words of titles come last, since a search in the titles finds them.

    Args:
        index: title, and lists of terms; n works.
    """
    columns = [index[name] for name in LISTS if name in index]
    terms = [str(term).replace("_", " ").lower() for column in columns for cell in column for term in cell]
    counts = words_of([*index["title"].astype("string").fillna(""), *terms])
    counts.update(term for term in terms if " " in term and len(term) < LONGEST)
    own = sorted(counts, key=lambda word: (-counts[word], word))
    frequent = [word for word in own if counts[word] > 1]
    return list(dict.fromkeys([*frequent, *motifs(), *own]))


def motifs() -> list[str]:
    """Words that people search paintings with: motifs, persons, times of day, moods."""
    return Path(__file__).with_name("motifs.txt").read_text(encoding="utf-8").split()


def word_vectors(words: Sequence[str], params: TitleEncoder, weights: str, width: int) -> np.ndarray:
    """Unit vectors of words by the title encoder; a word that was embedded once is found again in the user's cache.

    Args:
        words: The vocabulary.
        params: Section ``title_encoder``.
        weights: SHA-256 of the encoder's weights, as its stage recorded it.
        width: Dimensions t of the encoder.

    Returns:
        float32 (words, t).
    """

    def compute(missing: list[int]) -> Iterator[np.ndarray]:
        yield embed_titles([words[i] for i in missing], params.model_copy(update={"batch_size": BATCH}))[0]

    key = (params.name, params.revision, params.precision, weights, code_of("artextract.encoders.title"))
    names = [sha256_bytes(word.encode()) for word in words]
    return rows_by_content("words", key, names, (width,), np.float32, compute)
