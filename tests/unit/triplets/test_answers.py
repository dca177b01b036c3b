from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from artextract.core.errors import ArtExtractError
from artextract.triplets.answers import ANSWERS, COLUMNS, read_answers

IDS = pd.Series(["10", "11", "12", "13"])
LINE = {
    "rater": "A", "page": "abc", "seed": "1", "position": "0", "triplet": "7", "kind": "disagree", "repeat": "0",
    "query": "10", "left": "13", "right": "11", "chosen": "left", "seconds": "2.5", "time": "2026-01-01T00:00:00.000Z",
}  # fmt: skip


def file(path: Path, *lines: dict[str, str]) -> Path:
    pd.DataFrame([LINE | line for line in lines], columns=pd.Index(COLUMNS)).to_csv(path, index=False)
    return path


def test_candidates_have_a_fixed_order_whatever_the_sides(tmp_path: Path):
    swapped = {"left": "11", "right": "13", "chosen": "right", "repeat": "1"}
    table = read_answers([file(tmp_path / "a.csv", {}, swapped)], IDS)
    assert table.columns.tolist() == ANSWERS
    assert table[["query", "first", "second"]].to_numpy().tolist() == [[0, 1, 3], [0, 1, 3]]
    assert table["chose_first"].tolist() == [False, False]
    assert table["chose_left"].tolist() == [True, False] and table["repeat"].tolist() == [False, True]
    assert table["seconds"].tolist() == [2.5, 2.5]


def test_a_file_that_was_saved_twice_counts_once(tmp_path: Path):
    later = {"query": "12", "time": "2026-01-01T00:01:00.000Z"}
    files = [file(tmp_path / "a.csv", {}), file(tmp_path / "b.csv", {}, later)]
    assert len(read_answers(files, IDS)) == 2


def test_two_answers_of_one_rater_to_one_question_are_refused(tmp_path: Path):
    other = {"chosen": "right", "time": "2026-01-02T00:00:00.000Z"}
    files = [file(tmp_path / "a.csv", {}), file(tmp_path / "b.csv", other)]
    with pytest.raises(ArtExtractError, match=r"b\.csv: rater A answered triplet 7 twice"):
        read_answers(files, IDS)
    files[1] = file(tmp_path / "b.csv", other | {"rater": "B"})
    assert len(read_answers(files, IDS)) == 2


def test_no_files_are_no_answers():
    assert read_answers([], IDS).empty


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"chosen": "both"}, "line 2 has 'both' in column chosen"),
        ({"repeat": "yes"}, "line 2 has 'yes' in column repeat"),
        ({"kind": "other"}, "line 2 has 'other' in column kind"),
        ({"left": "99"}, "line 2 names a work that the collection lacks"),
        ({"rater": " "}, "an answer has no rater"),
    ],
)
def test_what_the_page_would_not_write_is_refused(line: dict[str, str], problem: str, tmp_path: Path):
    with pytest.raises(ArtExtractError, match=rf"a\.csv: {problem}"):
        read_answers([file(tmp_path / "a.csv", line)], IDS)


def test_missing_and_other_files_are_refused(tmp_path: Path):
    with pytest.raises(ArtExtractError, match="there is no such file"):
        read_answers([tmp_path / "a.csv"], IDS)
    (tmp_path / "a.csv").write_text("rater,chosen\nA,left\n")
    with pytest.raises(ArtExtractError, match="columns are missing: page, seed"):
        read_answers([tmp_path / "a.csv"], IDS)
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(ArtExtractError, match="not readable as a table"):
        read_answers([tmp_path / "a.csv"], IDS)
