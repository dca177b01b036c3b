"""How well a collection's own embeddings group its works: the tables of similarity_eval, for the screen."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.spreadsheet import read_csv
from artextract.similarity.ranking.chance import RANDOM
from artextract.similarity.ranking.spaces import space_label

SHOWN = (RANDOM, "colour", "image", "title")
MEANING = "the best possible ranking has 1, chance has what the column random says; 95% intervals draw whole painters"


def own_scores(root: Path, only: list[str], k: int) -> str:
    """One row per judge, and the judges that could not be measured, with the reason.

    Args:
        root: Root of the collection.
        only: Keys of judges; if empty, all.
        k: Cutoff of nDCG.

    Raises:
        ArtExtractError: The tables are missing, or there is no such judge.
    """
    folder = root / "plots/similarity"
    try:
        retrieval, judges = (_read(folder / f"{name}.csv") for name in ("retrieval", "judges"))
    except FileNotFoundError as error:
        raise ArtExtractError(
            "nothing was judged here yet", where=str(error.filename), remedy="`dvc repro similarity_eval`"
        ) from None
    if unknown := [key for key in only if key not in set(judges["judge"])]:
        raise ArtExtractError(
            f"no judge is called {unknown[0]!r}", where="--judge", remedy=f"one of: {', '.join(judges['judge'])}"
        )
    judges = judges[judges["judge"].isin(only)] if only else judges
    scores = retrieval[retrieval["metric"] == f"ndcg{k}"].set_index(["judge", "space"])
    measured = judges[judges["status"] == "measured"]
    rows = [_row(judge, scores) for judge in measured.to_dict("records")]
    lines = [f"nDCG@{k}: {MEANING}", "", pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)]
    if not rows:
        lines = ["No judge could be measured."]
    absent = judges[judges["status"].str.startswith("not measured")]
    reasons = [f"  {row['label']}: {row['status']}" for row in absent.to_dict("records")]
    return "\n".join([*lines, *(["", *reasons] if reasons else [])])


def _read(path: Path) -> pd.DataFrame:
    return read_csv(path, keep_default_na=False, na_values={"micro": "", "low": "", "high": ""})


def _row(judge: dict, scores: pd.DataFrame) -> dict[str, str]:
    cells = {"judge": str(judge["label"]), "queries": f"{int(judge['queries']):,}"}
    for space in SHOWN:
        key = (judge["judge"], space)
        if key not in scores.index:
            cells[space_label(space)] = "not judged: circular"
            continue
        value, low, high = scores.loc[key, ["micro", "low", "high"]].astype(float)
        cells[space_label(space)] = f"{value:.2f}" + ("" if space == RANDOM else f" ({low:.2f} to {high:.2f})")
    return cells
