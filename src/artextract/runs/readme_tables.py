"""The metrics tables of the README, made from metrics/ and renewed in place."""

from __future__ import annotations

from pathlib import Path

from artextract.classification.evaluation.prediction_table import UNITS
from artextract.core.errors import ArtExtractError
from artextract.core.files import read_json, write_text
from artextract.core.tasks import TASKS
from artextract.similarity.ranking.judges import TITLE_PROXY, counted_with, declared, in_order

BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"
QUERIES = ".queries"


def _value(metrics: dict[str, float], key: str) -> str:
    return f"{metrics[key]:.2f}" if key in metrics else "undefined"  # the stages leave undefined scores out


def _with_interval(metrics: dict[str, float], key: str) -> str:
    value = _value(metrics, key)
    if f"{key}_low" in metrics:
        value += f" ({metrics[f'{key}_low']:.2f} to {metrics[f'{key}_high']:.2f})"
    return value


def classification_table(metrics: dict[str, float]) -> list[str]:
    """Task 1: AUC and balanced accuracy with their intervals, and what each is worth without learning."""
    lines = [
        "| task | classes scored | works scored | AUC one-vs-one (95%) | AUC by chance: 95% range, p | "
        "balanced accuracy (95%) | chance, majority, ceiling |",
        "|---|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        m = {key.removeprefix(f"{task}."): value for key, value in metrics.items() if key.startswith(f"{task}.")}
        worth = ("chance_balanced_accuracy", "majority_balanced_accuracy", "balanced_accuracy_ceiling")
        lines.append(
            f"| {task} | {m['classes_scored']} | {_works(m, UNITS[task])} | {_with_interval(m, 'auc_ovo')} | "
            f"{_chance(m, 'auc_ovo')} | {_with_interval(m, 'balanced_accuracy')} | "
            f"{', '.join(_value(m, key) for key in worth)} |"
        )
    return lines


def _works(metrics: dict[str, float], unit: str) -> str:
    """The validation works that the AUC rests on, and how many painters or groups these are."""
    if "auc_ovo_rows" not in metrics:
        return "undefined"
    return (
        f"{metrics['auc_ovo_rows']} by {metrics['auc_ovo_units']} {unit}s"
        if unit == "painter"
        else (f"{metrics['auc_ovo_rows']} in {metrics['auc_ovo_units']} {unit}s")
    )


def _chance(metrics: dict[str, float], score: str) -> str:
    """The range of chance and the p value of the score, which is a bound where no deal reaches the score."""
    if f"chance_{score}_p" not in metrics:
        return "undefined"
    low, high, p = (metrics[f"chance_{score}_{end}"] for end in ("low", "high", "p"))
    bound = "<=" if p <= 1.01 / (metrics["permutations"] + 1) else ""
    return f"{low:.2f} to {high:.2f}, {bound}{p:.3f}"


def measured_judges(metrics: dict[str, float]) -> dict[str, str]:
    """Keys of the judges that have queries in the metrics, with readable names; the user's own labels come last."""
    measured = in_order(key.removesuffix(QUERIES) for key in metrics if key.endswith(QUERIES))
    return {key: declared(key).label for key in measured}


def similarity_table(metrics: dict[str, float], siamese: dict[str, float]) -> list[str]:
    """Task 2: nDCG@10 of each space under each judge, and what the siamese network adds for unseen painters.

    The gain is in precision@10, whose chance and ceiling the last column gives.
    """
    lines = [
        "| judge | queries | random | image | title | siamese gain in precision@10, unseen painters | "
        "precision@10: chance, ceiling |",
        "|---|---|---|---|---|---|---|",
    ]
    for judge, name in measured_judges(metrics).items():
        circular = judge == TITLE_PROXY
        title = "not judged: circular" if circular else _with_interval(metrics, f"{judge}.title.ndcg10")
        gain = "not judged: circular" if circular else _with_interval(siamese, f"s2.{judge}.gain.p10")
        lines.append(
            f"| {name} | {metrics[f'{judge}.queries']} | {_value(metrics, f'{judge}.random.ndcg10')} | "
            f"{_with_interval(metrics, f'{judge}.image.ndcg10')} | {title} | {gain} | "
            f"{_value(metrics, f'{judge}.random.p10')}, {_value(metrics, f'{judge}.ceiling.p10')} |"
        )
    return lines


def shared_sources(metrics: dict[str, float]) -> list[str]:
    """One sentence for each source that several of the measured judges read: what they find is one finding."""
    together: dict[str, list[str]] = {}
    for key, first in counted_with(measured_judges(metrics)).items():
        together.setdefault(first, []).append(f'"{declared(key).label}"')
    return [
        f"The judges {', '.join(labels[:-1])} and {labels[-1]} read the same source ({declared(first).source}): "
        "what they show is one finding."
        for first, labels in together.items()
        if len(labels) > 1
    ]


def report(folder: Path) -> str:
    """Both tables as Markdown."""
    classification, similarity, siamese = (
        read_json(folder / f"{name}.json") for name in ("classification", "similarity", "siamese")
    )
    first = ["Task 1, validation works:", "", *classification_table(classification)]
    second = ["Task 2, nDCG@10 (the best possible ranking has 1):", "", *similarity_table(similarity, siamese)]
    third = [line for sentence in shared_sources(similarity) for line in ("", sentence)]
    return "\n".join([*first, "", *second, *third])


def renew(readme: Path, metrics: Path, *, check: bool = False) -> None:
    """Write the tables between the two marks of a README.

    Args:
        readme: Markdown file with both marks.
        metrics: Folder of the metrics.
        check: Write nothing; raise an error if the tables are not current.

    Raises:
        ArtExtractError: A file or a mark is missing, or the tables are not current and ``check`` is set.
    """
    try:
        text, tables = readme.read_text(encoding="utf-8"), report(metrics)
    except FileNotFoundError as error:
        raise ArtExtractError(
            "there is no such file", where=str(error.filename), remedy="start it in the repository's root"
        ) from None
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise ArtExtractError(
            "the marks between which the tables belong are missing",
            where=str(readme),
            remedy=f"put `{BEGIN}` and `{END}` on lines of their own",
        )
    renewed = f"{text[: begin + len(BEGIN)]}\n{tables}\n{text[end:]}"
    if renewed == text:
        return
    if check:
        raise ArtExtractError(
            "the tables do not show the current metrics", where=str(readme), remedy="`artextract readme-tables`"
        )
    write_text(readme, renewed)
