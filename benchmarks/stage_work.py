"""Pieces of work that ``scaling`` measures: one or two of each stage, for any number of works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks import judging

DRAWS = 100
LARGE = (1000, 4000, 16_000, 64_000, 100_000)


@dataclass(frozen=True)
class Work:
    """A piece of work whose growth is measured.

    Attributes:
        what: Description of the work.
        setup: Function that sets the work up for n works, and returns the function that is measured.
        counts: Numbers of works at full size, if the usual numbers would take too long.
    """

    what: str
    setup: Callable[[int], Callable[[], object]]
    counts: tuple[int, ...] = ()


def _prepare(n: int) -> Callable[[], object]:
    from artextract.data.images.shard_writer import Source, write_shards
    from benchmarks import works

    sources = [Source(str(i), path.read_bytes) for i, path in enumerate(works.paths(n))]
    return lambda: write_shards(sources, works.folder() / "prepared", max_side=320)


def _tokens(n: int) -> Callable[[], object]:
    """Epoch of the head over tokens of EfficientNet-Lite2, which are memory-mapped from a file as in a real run."""
    import torch

    from artextract.classification.network.inputs import Inputs
    from benchmarks import works
    from benchmarks.classification import BATCH, _data, _labels, _params, _trainer
    from benchmarks.measure import SIZES

    params = _params(SIZES["full"]).model_copy(update={"batch_size": BATCH})
    path, shape = works.folder() / "tokens.npy", (params.train.token_grid**2, 1280)
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, *shape))
    block = np.random.default_rng(0).standard_normal((min(n, 512), *shape), dtype=np.float32)
    for start in range(0, n, len(block)):
        array[start : start + len(block)] = block[: n - start]
    array.flush()
    del array
    mapped = np.load(path, mmap_mode="r")
    torch.manual_seed(0)
    from artextract.encoders.image import Preprocessing

    inputs = Inputs(mapped, Preprocessing(260, None, "bilinear", (0.5,) * 3, (0.5,) * 3), "frozen")
    data, trainer = _data(inputs, _labels(n)), _trainer(params, inputs)
    return lambda: trainer._train_epoch(0, data)


def _search(n: int) -> Callable[[], object]:
    from artextract.similarity.ranking.neighbours import nearest
    from benchmarks.works import vectors

    gallery = vectors(n, 1280)
    return lambda: nearest(gallery, gallery, 10)


def _search_compressed(n: int) -> Callable[[], object]:
    """The index is built from a mapped file, kept, read again, and asked; then a tenth of the works is added to it."""
    import os

    from artextract.core.compute import unit_rows
    from artextract.search.index import open_index
    from benchmarks import works

    works.own_cache()
    path, rng, some = works.folder() / "large.npy", np.random.default_rng(0), works.vectors(min(n, 1 << 16), 768)

    def write(rows: int) -> None:
        out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, 768))
        for start in range(0, rows, len(some)):
            block = np.random.default_rng((1, start)).standard_normal((min(len(some), rows - start), 768), np.float32)
            out[start : start + len(block)] = unit_rows(some[: len(block)] + 0.02 * block)
        out.flush()

    queries = some[rng.choice(len(some), min(1000, n), replace=False)]

    def run() -> object:
        found = []
        for rows in (n - n // 10, n):
            write(rows)
            os.sync()
            found.append(open_index(path).nearest(queries, 10))
        return found

    return run


def _evaluation(n: int) -> Callable[[], object]:
    from artextract.similarity.ranking import judges as relevance
    from artextract.similarity.ranking import retrieval, spaces
    from benchmarks.retrieval import catalogue
    from benchmarks.works import vectors

    index, embedding = catalogue(n), vectors(n, 1280)

    def run() -> object:
        judge = relevance.artist_judge(index)
        queries = judge.queries()
        return retrieval.evaluate(spaces.cosine_space("image", embedding), judge, queries, 10)

    return run


def _judging(n: int) -> Callable[[], object]:
    return judging.setup(n)


def _judging_sampled(n: int) -> Callable[[], object]:
    return judging.setup(n, judging.SAMPLED)


def _embed_images(n: int) -> Callable[[], object]:
    from artextract.encoders.embed import embed_collection
    from benchmarks import works

    works.own_cache()
    reader, _ = works.shards(n)
    return lambda: embed_collection(reader, works.params().image_encoder)


def _embed_titles(n: int) -> Callable[[], object]:
    from artextract.encoders.title import embed_titles
    from benchmarks import works

    titles = works.titles(n)
    return lambda: embed_titles(titles, works.params().title_encoder)


def _class_weights(n: int) -> Callable[[], object]:
    from artextract.classification.network.class_weights import class_weights, count_classes
    from artextract.core.tasks import TASKS
    from benchmarks.classification import CLASSES

    rng = np.random.default_rng(0)
    columns = {task: rng.integers(CLASSES[task], size=n) for task in TASKS}
    columns |= {f"{task}_split": rng.choice(["train", "select", "val"], size=n) for task in TASKS}
    index, names = pd.DataFrame(columns), {task: [str(k) for k in range(CLASSES[task])] for task in TASKS}

    def run() -> object:
        counts = count_classes(index, names, "train")
        return {task: class_weights(counts[task], "inverse") for task in TASKS}

    return run


def _auc(n: int) -> Callable[[], object]:
    from artextract.measures import auc
    from artextract.measures.bootstrap import cluster_bootstrap, interval
    from benchmarks.classification import CLASSES

    rng, classes = np.random.default_rng(0), CLASSES["style"]
    y, scores = rng.integers(classes, size=n), rng.standard_normal((n, classes))
    scores[np.arange(n), y] += 1
    scored = auc.scored_classes(y, classes, 2)

    def run() -> object:
        draws = cluster_bootstrap(np.arange(n), DRAWS, rng)
        return auc.macro_ovo(y, scores, scored, auc.ones(n)), interval(auc.macro_ovo(y, scores, scored, draws))

    return run


def _siamese(n: int) -> Callable[[], object]:
    from artextract.siamese.projection.training import _prepare, _steps
    from benchmarks import works
    from benchmarks.siamese import collection

    (index, images, titles), params = collection(n), works.params().siamese

    def run() -> object:
        net, pairs = _prepare(index, images, titles, np.arange(n), params, 0)
        return list(_steps(net, images, pairs, 1, params, 0))

    return run


def _splits(n: int) -> Callable[[], object]:
    from artextract.siamese.projection.pairs import positive_cosine
    from artextract.siamese.projection.splits import split_table
    from benchmarks import works
    from benchmarks.siamese import collection

    (index, _, titles), params = collection(n), works.params()
    index = index.assign(id=index["title"])

    def run() -> object:
        similar = positive_cosine(index, titles, params.siamese, params.seed)
        return split_table(index, titles, params.splits, similar, params.seed)

    return run


def _attempts(n: int) -> Callable[[], object]:
    """One training under S1, of one epoch, and the spaces that it is scored in, without the scores."""
    from artextract.siamese.evaluation import held_out
    from artextract.siamese.evaluation.fitted import fit
    from artextract.siamese.projection.splits import held_out_objects
    from artextract.similarity.ranking.collection import Collection
    from benchmarks import works
    from benchmarks.siamese import collection

    of, params = Collection(*collection(n)), works.params()
    siamese = params.siamese.model_copy(update={"epochs": 1})
    held = held_out.by_part(held_out_objects(of.group, params.splits, params.seed))

    def run() -> object:
        fitted = fit(of, held, siamese, params.seed)
        names = [space.name for space in held_out.post_processings(of.images, held, params.relevance)]
        made = held_out.attempts(of, held, fitted, siamese, params.seed)
        return names + [space.name for spaces in held_out.portions(made) for space in spaces]

    return run


def _tsne(n: int) -> Callable[[], object]:
    from artextract.similarity.evaluation.maps import tsne_map
    from benchmarks import works

    vectors = works.vectors(n, 1280)
    return lambda: tsne_map(vectors, works.params().tsne.perplexity, 0)


WORKS = {
    "prepare": Work("images to shards of 320 px", _prepare),
    "class_weights": Work("class weights of three tasks", _class_weights),
    "tokens_epoch": Work("epoch of the head over cached tokens (16 x 1,280)", _tokens),
    "auc": Work(f"macro one-vs-one AUC of 27 classes, {DRAWS} bootstrap draws", _auc),
    "embed_images": Work("image embedding, encoder and precision of params.yaml", _embed_images, (1000, 2000, 4000)),
    "embed_titles": Work("title embedding, encoder and precision of params.yaml", _embed_titles, (1000, 4000, 16_000)),
    "search": Work("ten nearest neighbours of every work, 1,280 dimensions, exact", _search),
    "search_compressed": Work(
        "compressed index of 768 dimensions: nine tenths built, the rest added, 1,000 queries each",
        _search_compressed,
        (200_000, 1_000_000),
    ),
    "evaluation": Work("retrieval metrics with every work as a query, one judge", _evaluation),
    "judging": Work("eight judges on eight spaces, every work as a query", _judging, (1000, 4000, 16_000)),
    "judging_sampled": Work(f"the same, {judging.SAMPLED:,} queries of each judge", _judging_sampled, LARGE),
    "siamese": Work("mining pairs, least-squares start, and one epoch of the projection", _siamese, LARGE),
    "siamese_splits": Work("exact quantile of title cosine, and the three splits", _splits, LARGE),
    "siamese_attempts": Work(
        "both heads of one training (one epoch), and every space that is scored", _attempts, LARGE
    ),
    # the pipeline itself maps at most 5,000 works, drawn at random from a larger collection
    "tsne": Work("t-SNE map with its trustworthiness", _tsne, (1000, 2000, 4000)),
}
