"""The list of all attempts: what is compared, on which works, what is corrected together, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.measures.bootstrap import holm, paired
from artextract.runs.attempts import LISTED, attempts_table, read_values, read_works
from artextract.siamese.evaluation.trials import RAW, attempt_names, trials, values_table
from artextract.similarity.ranking.tables import Values

N = 40
ATTEMPTS = attempt_names("closed_form")
IDS, PAINTER = pd.Series([f"w{i}" for i in range(N)]), np.arange(N) // 3


def made(seed: int, gain: float = 0.2, n: int = N) -> Values:
    """Values of one split: noise around .5, and the siamese one better by ``gain``."""
    rng, rows = np.random.default_rng(seed), np.arange(n)
    found: Values = {}
    for judge in ("artist", "theme"):
        base = rng.random(n)
        for space in (*RAW, *ATTEMPTS):
            values = base + rng.normal(0, 0.1, n) + gain * (space == "siamese")
            found[judge, space] = pd.DataFrame({"p10": values, "map": values / 2}, index=rows)
    return found


def run(seed: int, gain: float = 0.2) -> pd.DataFrame:
    return values_table({"s1": made(seed + 100, n=9), "s2": made(seed, gain)}, IDS, PAINTER)


def listed(runs: dict[str, pd.DataFrame], **changes: object) -> pd.DataFrame:
    given: dict[str, object] = {"split": "s2", "metric": "p10", "draws": 300, "seed": 4}
    return attempts_table(runs, **(given | changes))  # type: ignore[arg-type]


def test_one_run_is_what_the_stage_lists():
    """The same rows, intervals and p values as the training's own table of attempts, from the file alone."""
    values = made(0)
    found = listed({"a": values_table({"s2": values}, IDS, PAINTER)}, draws=10_000)
    expected = trials({"s2": values}, ["p10"], PAINTER, 10_000, 4)
    assert found.columns.tolist() == LISTED and set(found["run"]) == {"a"}
    shared = [column for column in LISTED if column != "run"]
    pd.testing.assert_frame_equal(found[shared], expected[shared])
    assert len(found) == 2 * (len(ATTEMPTS) + 2)


def test_one_correction_covers_the_rows_of_all_runs():
    runs = {"a": run(0), "b": run(1, 0.0)}
    both, alone = listed(runs), listed({"a": runs["a"]})
    for column in ("p", "macro_p"):
        np.testing.assert_allclose(both[f"{column}_holm"], holm(both[column].to_numpy()))
    of_a = both[both["run"] == "a"].reset_index(drop=True)
    pd.testing.assert_series_equal(of_a["p"], alone["p"])
    assert (of_a["p_holm"] >= alone["p_holm"]).all() and (of_a["p_holm"] > alone["p_holm"]).any()


def test_only_the_given_works_ask():
    table, works = run(0), [f"w{i}" for i in range(0, N, 2)]
    found = listed({"a": table}, works=works)
    assert set(found["queries"]) == {N // 2}
    shuffled = table[table["id"].isin(works)].sample(frac=1, random_state=0)  # the order of the rows plays no part
    keys = ["judge", "attempt", "against"]
    again = listed({"a": shuffled}).set_index(keys).loc[list(found[keys].itertuples(index=False, name=None))]
    pd.testing.assert_frame_equal(again.reset_index()[LISTED], found)
    theme = found[(found["judge"] == "theme") & (found["attempt"] == "siamese")].iloc[0]
    part = table[(table["split"] == "s2") & (table["judge"] == "theme") & table["id"].isin(works)]
    before, after = (
        part[part["space"] == space].set_index("id").loc[works, ["p10"]].set_axis(range(0, N, 2))
        for space in (str(theme["against"]), "siamese")
    )
    expected = paired(before, after, PAINTER, 300, 4).iloc[0]
    assert theme[["micro", "low", "high", "p"]].tolist() == pytest.approx(expected[["micro", "low", "high", "p"]])


def test_opponents_of_another_run():
    """The strongest post-processing of another encoder is every run's opponent; the other head stays the run's own."""
    a, b = run(0), run(1)
    stronger = b["space"].eq("whitened") & b["split"].eq("s2")
    b.loc[stronger, "p10"] += 5
    found = listed({"a": a, "b": b}, against_run="b")
    assert set(found["against"]) == {"whitened", "trained", "trained_head"}
    assert (found.loc[found["against"] == "whitened", "high"] < -3).all()
    own = listed({"a": a, "b": b})
    rivals = [t[t["against"].isin(["trained", "trained_head"])].reset_index(drop=True) for t in (found, own)]
    of_b, of_own = (t.drop(columns=["p_holm", "macro_p_holm"]) for t in rivals)
    pd.testing.assert_frame_equal(of_b, of_own)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"split": "s9"}, r"no values of split s9\n.*s1, s2"),
        ({"metric": "ndcg10"}, r"no metric ndcg10\n.*p10, map"),
        ({"metric": "painter"}, "no metric painter"),
        ({"works": ["w1", "w99"]}, "1 of 2 works are in no run, the first is w99"),
        ({"works": ["w30"], "split": "s1"}, "none of the works is a query under split s1"),
        ({"against_run": "c"}, "no run is named c"),
    ],
)
def test_what_cannot_be_asked_for(changes: dict[str, object], match: str):
    with pytest.raises(ArtExtractError, match=match):
        listed({"a": run(0)}, **changes)


def test_runs_over_other_works_cannot_be_paired():
    other = run(1)
    fewer = other[other["id"] != "w3"]
    with pytest.raises(ArtExtractError, match=r"under judge artist, .* of run a has other queries than"):
        listed({"a": run(0), "b": fewer}, against_run="b")
    common = [f"w{i}" for i in range(N) if i != 3]
    assert set(listed({"a": run(0), "b": fewer}, against_run="b", works=common)["queries"]) == {N - 1}


def test_a_judge_without_opponent_is_refused():
    table = run(0)
    bare = table[~(table["space"].isin(RAW) & (table["judge"] == "theme"))]
    with pytest.raises(ArtExtractError, match="no post-processing to compare with under judge theme"):
        listed({"a": bare})


# --- files


def test_values_come_back_as_they_were_written(tmp_path: Path):
    table = run(0)
    table.assign(id=table["id"].str[1:].astype(int)).to_parquet(tmp_path / "v.parquet")
    pd.testing.assert_frame_equal(read_values(str(tmp_path / "v.parquet")), table.assign(id=table["id"].str[1:]))


def test_broken_values_are_refused(tmp_path: Path):
    path, table = tmp_path / "v.parquet", run(0)
    with pytest.raises(ArtExtractError, match="no such file"):
        read_values(str(path))
    path.write_text("no table")
    with pytest.raises(ArtExtractError, match="not readable as Parquet"):
        read_values(str(path))
    table.drop(columns="painter").to_parquet(path)
    with pytest.raises(ArtExtractError, match="columns are missing: painter"):
        read_values(str(path))
    pd.concat([table, table.iloc[[5]]]).to_parquet(path)
    with pytest.raises(ArtExtractError, match="a query appears twice: split s1, judge artist, space image, id w5"):
        read_values(str(path))
    for column in ("p10", "painter"):
        table.assign(**{column: table[column].astype(str)}).to_parquet(path)
        with pytest.raises(ArtExtractError, match=f"columns hold no numbers: {column}"):
            read_values(str(path))
    table.assign(p10=table["p10"].mask(table.index == 7)).to_parquet(path)
    with pytest.raises(ArtExtractError, match="a value is missing: split s1, judge artist"):
        read_values(str(path))


def test_works_are_lines(tmp_path: Path):
    path = tmp_path / "works.txt"
    path.write_text(" w1\n\nw2\n")
    assert read_works(path) == ["w1", "w2"]
    path.write_text("\n \n")
    with pytest.raises(ArtExtractError, match="no ids"):
        read_works(path)
    with pytest.raises(ArtExtractError, match="not readable"):
        read_works(tmp_path / "none.txt")
