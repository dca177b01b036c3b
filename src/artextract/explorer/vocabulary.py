"""The words that the page can search by meaning without a server, and their vectors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from artextract.core.files import atomic
from artextract.core.fingerprint import code_of, content_key
from artextract.core.folders import cache_folder
from artextract.encoders.title import embed_titles, load_title_encoder
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


def common_words(encoder: Any) -> list[str]:
    """Whole words of the encoder's tokeniser in the order of its list, which begins with the most common ones."""
    listed = sorted(encoder.tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [token for token, _ in listed if WORD.fullmatch(token) and token.islower()]


def embedded_vocabulary(wanted: Sequence[str], most: int, params: TitleEncoder) -> tuple[list[str], np.ndarray]:
    """The words, and their unit vectors by the title encoder; kept in the user's cache.

    Args:
        wanted: Words, the most important first.
        most: Largest number of words; common words of the language fill what is left.
        params: Section ``title_encoder``.

    Returns:
        Words, and float32 (words, t).
    """
    key = content_key(list(wanted), most, params.model_dump(), code_of(__name__))
    path = cache_folder() / "words" / f"{key}.npz"
    if not path.is_file():
        encoder, _ = load_title_encoder(params)
        words = list(dict.fromkeys([*wanted, *common_words(encoder)]))[:most]
        vectors, _ = embed_titles(words, params.model_copy(update={"batch_size": BATCH}))
        with atomic(path) as handle:
            np.savez(handle, words=np.array(words), vectors=vectors)
    with np.load(path) as kept:
        return kept["words"].tolist(), kept["vectors"]
