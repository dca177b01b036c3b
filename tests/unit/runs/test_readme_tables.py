from __future__ import annotations

import json
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.runs.readme_tables import (
    BEGIN,
    END,
    classification_table,
    renew,
    report,
    shared_sources,
    similarity_table,
)
from artextract.similarity.ranking.judges import JUDGES

SCORES = {
    "auc_ovo": 0.876, "auc_ovo_low": 0.8, "auc_ovo_high": 0.954, "auc_ovo_rows": 57, "auc_ovo_units": 52,
    "chance_auc_ovo": 0.5, "chance_auc_ovo_low": 0.412, "chance_auc_ovo_high": 0.588, "chance_auc_ovo_p": 0.002,
    "balanced_accuracy": 0.4, "balanced_accuracy_low": 0.31, "balanced_accuracy_high": 0.5,
    "chance_balanced_accuracy": 0.12, "majority_balanced_accuracy": 0.1, "balanced_accuracy_ceiling": 1.0,
    "classes_scored": 7, "val_rows": 90, "permutations": 500,
}  # fmt: skip
CLASSIFICATION = {f"{task}.{name}": value for task in TASKS for name, value in SCORES.items()}
SIMILARITY = {
    f"{judge}.{name}": value
    for judge in ("title_proxy", "theme", "artist")
    for name, value in {
        "queries": 12, "random.p10": 0.021, "ceiling.p10": 0.172, "random.ndcg10": 0.05,
        "image.ndcg10": 0.25, "image.ndcg10_low": 0.2, "image.ndcg10_high": 0.31,
        "title.ndcg10": 0.5, "title.ndcg10_low": 0.44, "title.ndcg10_high": 0.58,
    }.items()
    if judge != "title_proxy" or not name.startswith("title.")
}  # fmt: skip
SIAMESE = {
    f"s2.{judge}.gain.p10{end}": value
    for judge in (judge.key for judge in JUDGES)
    for end, value in {"": 0.04, "_low": -0.01, "_high": 0.1}.items()
}


def test_classification_by_eye() -> None:
    """The artist row says on how many works its AUC rests, and that its p value is one; the others are at the bound."""
    few = {"artist.val_rows": 14, "artist.auc_ovo_rows": 8, "artist.auc_ovo_units": 7, "artist.chance_auc_ovo_p": 0.053}
    lines = classification_table(CLASSIFICATION | {"genre.auc_ovo": 0.5} | few)
    tail = "0.40 (0.31 to 0.50) | 0.12, 0.10, 1.00 |"
    assert lines[2:] == [
        f"| style | 7 | 57 by 52 painters | 0.88 (0.80 to 0.95) | 0.41 to 0.59, <=0.002 | {tail}",
        f"| genre | 7 | 57 by 52 painters | 0.50 (0.80 to 0.95) | 0.41 to 0.59, <=0.002 | {tail}",
        f"| artist | 7 | 8 in 7 groups | 0.88 (0.80 to 0.95) | 0.41 to 0.59, 0.053 | {tail}",
    ]


def test_similarity_by_eye() -> None:
    lines = similarity_table(SIMILARITY, SIAMESE)
    tail = "0.04 (-0.01 to 0.10) | 0.02, 0.17 |"
    assert lines[2:] == [
        f"| same painter | 12 | 0.05 | 0.25 (0.20 to 0.31) | 0.50 (0.44 to 0.58) | {tail}",
        f"| same theme, other painters | 12 | 0.05 | 0.25 (0.20 to 0.31) | 0.50 (0.44 to 0.58) | {tail}",
        "| similar title (proxy) | 12 | 0.05 | 0.25 (0.20 to 0.31) | not judged: circular | not judged: circular | "
        "0.02, 0.17 |",
    ]


def test_every_measured_judge_is_shown_by_a_plain_name() -> None:
    keys = [judge.key for judge in JUDGES if not judge.unmeasured]
    measured = {f"{judge}.queries": 20.0 for judge in ("label.mood", *reversed(keys))}
    gains = {"s2.terms.gain.p10": 0.04, "s2.terms.gain.p10_low": 0.021, "s2.terms.gain.p10_high": 0.05}
    lines = similarity_table(measured | {"outliers.works": 3}, gains)[2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == [
        "same painter", "same theme, other painters", "same theme, other painters, other title words",
        "same style, other painters", "same period",
        "curators' terms in common", "panels of one work, or of one series", "similar title (proxy)",
        "same mood (own label), other painters",
    ]  # fmt: skip
    assert lines[5].endswith("| 0.04 (0.02 to 0.05) | undefined, undefined |")
    assert len(similarity_table({"period.queries": 20.0}, {})) == 3


@pytest.mark.parametrize("lines", [classification_table(CLASSIFICATION), similarity_table(SIMILARITY, SIAMESE)])
def test_every_line_has_the_columns_of_the_header(lines: list[str]) -> None:
    assert len({line.count("|") for line in lines}) == 1
    assert set(lines[1]) == {"|", "-"}


def test_undefined_scores_are_shown_as_such() -> None:
    """Evaluation leaves undefined scores out, as where no class of a small collection has enough validation rows."""
    others = {key: value for key, value in CLASSIFICATION.items() if not key.startswith("style.")}
    lines = classification_table({"style.val_rows": 2, "style.classes_scored": 0, **others})
    nothing = "undefined, undefined, undefined"
    assert lines[2] == f"| style | 0 | undefined | undefined | undefined | undefined | {nothing} |"
    assert lines[3].startswith("| genre | 7 | 57 by 52 painters | 0.88 (0.80 to 0.95) |")
    siamese = {key: value for key, value in SIAMESE.items() if not key.startswith("s2.artist.")}
    similarity = {key: value for key, value in SIMILARITY.items() if not key.startswith("artist.")}
    first, second = similarity_table({"artist.queries": 0, **similarity}, siamese)[2:4]
    assert first == "| same painter | 0 | undefined | undefined | undefined | undefined | undefined, undefined |"
    assert "undefined" not in second


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "metrics").mkdir()
    for name, values in (("classification", CLASSIFICATION), ("similarity", SIMILARITY), ("siamese", SIAMESE)):
        (tmp_path / "metrics" / f"{name}.json").write_text(json.dumps(values))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_report_holds_both_tables(project: Path) -> None:
    lines = report(Path("metrics")).split("\n")
    first, second = classification_table(CLASSIFICATION), similarity_table(SIMILARITY, SIAMESE)
    heading = "Task 2, nDCG@10 (the best possible ranking has 1):"
    assert lines == ["Task 1, validation works:", "", *first, "", heading, "", *second]


def test_judges_of_one_source_are_called_one_finding() -> None:
    assert shared_sources({"artist.queries": 3.0, "period.queries": 3.0, "theme.queries": 3.0}) == []
    measured = {f"{key}.queries": 3.0 for key in ("terms", "artist", "theme", "theme_other_words")}
    assert shared_sources(measured) == [
        'The judges "same theme, other painters", "same theme, other painters, other title words" and '
        '"curators\' terms in common" '
        "read the same source (curators' terms): what they show is one finding."
    ]


def test_only_what_stands_between_the_marks_is_renewed(project: Path) -> None:
    readme = project / "README.md"
    readme.write_text(f"# Ä title\n\n{BEGIN}\nold\n{END}\n\ntail\n", encoding="utf-8")
    renew(readme, Path("metrics"))
    once = readme.read_text(encoding="utf-8")
    assert once == f"# Ä title\n\n{BEGIN}\n{report(Path('metrics'))}\n{END}\n\ntail\n"
    renew(readme, Path("metrics"))
    assert readme.read_text(encoding="utf-8") == once


def test_a_check_writes_nothing(project: Path) -> None:
    readme = project / "README.md"
    readme.write_text(f"{BEGIN}\nold\n{END}\n")
    with pytest.raises(ArtExtractError, match="do not show the current metrics"):
        renew(readme, Path("metrics"), check=True)
    assert readme.read_text() == f"{BEGIN}\nold\n{END}\n"
    renew(readme, Path("metrics"))
    renew(readme, Path("metrics"), check=True)


def test_what_is_missing_is_named(project: Path) -> None:
    readme = project / "README.md"
    with pytest.raises(ArtExtractError, match=r"README\.md: there is no such file"):
        renew(readme, Path("metrics"))
    readme.write_text("no marks")
    with pytest.raises(ArtExtractError, match="the marks between which the tables belong are missing"):
        renew(readme, Path("metrics"))
