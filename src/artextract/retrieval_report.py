"""From flat retrieval metrics to a short list for DVC and a full table for readers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def retrieval_table(metrics: Mapping[str, float]) -> pd.DataFrame:
    """One row a judge, space and metric: judge, queries, space, metric, value, low, high."""
    rows = []
    for key, value in metrics.items():
        judge, *rest = key.split(".")
        if len(rest) == 2 and not rest[1].endswith(("_low", "_high")):
            row = {"judge": judge, "queries": metrics[f"{judge}.queries"], "space": rest[0], "metric": rest[1]}
            rows.append(row | {"value": value, "low": metrics.get(f"{key}_low"), "high": metrics.get(f"{key}_high")})
    columns = ["judge", "queries", "space", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def headline(metrics: Mapping[str, float], k: int) -> dict[str, float]:
    """What fits a screen: queries, precision@k, nDCG@k and mAP, and the interval of nDCG@k."""
    return {key: value for key, value in metrics.items() if _is_headline(key, k)}


def _is_headline(key: str, k: int) -> bool:
    name = key.rsplit(".", 1)[1]
    return name in ("queries", f"p{k}", f"ndcg{k}", "map") or name.startswith(f"ndcg{k}_")
