"""ArtGAN's WikiArt lists: every published form read, nothing guessed, and one row per image.

Forms seen: CRLF without a header and two columns; a header, a blank line and three columns with an empty middle one;
file names with and without an extension. See https://github.com/cs-chan/ArtGAN (lists BSD-3-Clause).
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from artextract.core.errors import ArtExtractError
from artextract.core.files import check_relative
from artextract.core.tasks import TASKS
from artextract.core.text import LONGEST_NAME, clean
from artextract.data.wikiart.list_rows import list_rows
from artextract.data.wikiart.paths import file_name
from artextract.data.wikiart.same_work import leaks

SPLITS = ("train", "val")


@dataclass
class ListFile:
    """One list: ``rows`` (path, label, line), the ``problems`` (file, line, problem, text) left out, all labels."""

    rows: pd.DataFrame
    problems: list[dict[str, object]] = field(default_factory=list)
    labels: set[int] = field(default_factory=set)


def find_file(folder: Path, task: str, part: str) -> Path:
    """The list or class file of a task, in any of the published places and with any of the published extensions.

    Args:
        folder: Root of the lists.
        task: style, genre or artist.
        part: train, val or class.

    Raises:
        ArtExtractError: No such file; says which names were tried.
    """
    stem = f"{task}_{part}"
    parents = (folder / task.capitalize(), folder / task, folder)
    tried = [parent / f"{stem}{suffix}" for parent in parents for suffix in (".csv", ".txt", "")]
    for path in tried:
        if path.is_file():
            return path
    raise ArtExtractError(
        f"the list {stem} is missing",
        where=str(folder),
        remedy=f"expected {task.capitalize()}/{stem} (.csv, .txt or no extension), as ArtGAN publishes it",
    )


def _lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text file, whatever its line ends; a byte-order mark is dropped.

    Not ``splitlines``, for which U+0085 ends a line: mojibake file names may hold it ("Å" read as Latin-1 does).
    """
    data = path.read_bytes()
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return re.split(r"\r\n|\n|\r", data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ArtExtractError(
            f"line {line} is not UTF-8", where=str(path), remedy="take the list as published, do not re-save it"
        ) from error


def read_classes(path: Path) -> list[str]:
    """Class names in the order of their numbers, from lines ``<number> <name>``.

    Raises:
        ArtExtractError: A line of another form, a number or a name twice, or numbers that are not 0 ... K-1.
    """
    names: dict[int, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        match = re.fullmatch(r"\s*(\d{1,9})[\s,;]+(\S.*?)\s*", line)
        name = clean(match[2], longest=LONGEST_NAME).strip() if match else ""
        if not match or not name or int(match[1]) in names or name in names.values():
            raise ArtExtractError(
                f"line {number} is {line[:200]!r}",
                where=str(path),
                remedy="every line must be `<number> <class name>`, each number and each name once",
            )
        names[int(match[1])] = name
    if sorted(names) != list(range(max(len(names), 1))):
        found = f"class numbers are {min(names)} ... {max(names)}, and not 0 ... {len(names) - 1}" if names else ""
        raise ArtExtractError(
            found or "holds no class",
            where=str(path),
            remedy="number the classes from 0 without a gap; these numbers are the labels of the task's lists, "
            "so they have to change there too",
        )
    return [names[i] for i in range(len(names))]


def read_list(path: Path, classes: int) -> ListFile:
    """Read one list: path = first field that is no number, label = last non-empty field.

    Rows that cannot be used (no integer label, label outside of the class file, unsafe path) are reported with their
    line and left out; the header and blank lines are neither. Contradicting labels for one path are reported and
    kept: ``union`` leaves such an image unlabelled. Separators of other programs, paths with backslashes and an index
    before the path are read (``list_rows``).

    Args:
        path: The list.
        classes: Number of classes in the class file.
    """
    rows, problems = [], []

    def report(line: int, problem: str, text: str) -> None:
        problems.append({"file": path.name, "line": line, "problem": problem, "text": text})

    listed = list(list_rows(_lines(path)))
    for row in listed:
        if row.label is None:
            report(row.line, "label is not an integer", row.text)
        elif row.label >= classes:
            report(row.line, f"label outside of the class file (0 ... {classes - 1})", row.text)
        else:
            try:
                check_relative(row.path, where=path.name)
            except ArtExtractError:
                report(row.line, "unsafe path", row.text)
            else:
                rows.append((row.path, row.label, row.line))
    table = pd.DataFrame(rows, columns=pd.Index(["path", "label", "line"]))
    if table.empty:
        reasons = f"; {told(problems)}" if problems else ""
        raise ArtExtractError(
            f"holds no usable row{reasons}",
            where=str(path),
            remedy="a row is `Style/painter_title.jpg,<class number>`: take the list as ArtGAN publishes it",
        )
    labels_per_path = table.groupby("path")["label"].transform("nunique")
    for row in table[labels_per_path > 1].itertuples():
        report(int(str(row.line)), "contradicting labels for one image", f"{row.path},{row.label}")
    return ListFile(table, problems, {row.label for row in listed if row.label is not None})


def told(problems: Sequence[Mapping[str, object]]) -> str:
    """Problems of rows in one sentence: how often each of them was found, and the first line that has it."""
    first: dict[str, Mapping[str, object]] = {}
    for problem in problems:
        first.setdefault(str(problem["problem"]), problem)
    counts = Counter(str(problem["problem"]) for problem in problems)
    return "; ".join(
        f"{reason}: {counts[reason]} rows, the first in {row['file']}, line {row['line']}: {str(row['text'])[:100]!r}"
        for reason, row in first.items()
    )


@dataclass(frozen=True)
class Lists:
    """The six lists and three class files of one folder."""

    classes: Mapping[str, list[str]]  # task -> class names
    rows: Mapping[tuple[str, str], pd.DataFrame]  # (task, split) -> path, label, line
    problems: pd.DataFrame  # file, line, problem, text


def read_lists(folder: Path) -> Lists:
    """Read all lists of a folder in ArtGAN's layout.

    Raises:
        ArtExtractError: A file is missing or cannot be used, or the labels of a task begin at 1.
    """
    classes = {task: read_classes(find_file(folder, task, "class")) for task in TASKS}
    rows, problems = {}, []
    for task in TASKS:
        labels: set[int] = set()
        for split in SPLITS:
            read = read_list(find_file(folder, task, split), len(classes[task]))
            rows[task, split] = read.rows
            problems += read.problems
            labels |= read.labels
        if labels == set(range(1, len(classes[task]) + 1)):
            raise ArtExtractError(
                f"labels are 1 ... {max(labels)}, and the class file numbers them 0 ... {max(labels) - 1}: every image "
                "would have the name of the next class",
                where=str(find_file(folder, task, "train")),
                remedy=f"take 1 from every label in the lists of {task}",
            )
    columns = pd.Index(["file", "line", "problem", "text"])
    return Lists(classes, rows, pd.DataFrame(problems, columns=columns))


def union(lists: Lists) -> pd.DataFrame:
    """One row per image over all lists, sorted by path.

    Returns:
        path; per task: label (Int64, null where unlabelled or contradicting) and ``<task>_list`` (train, val
        or null). An image in both lists of one task counts as val.
    """
    table = pd.DataFrame({"path": sorted({p for rows in lists.rows.values() for p in rows["path"]})})
    for task in TASKS:
        both = pd.concat([lists.rows[task, split].assign(split=split) for split in SPLITS])
        grouped = both.groupby("path")
        labels = grouped["label"].first().astype("Int64").where(grouped["label"].nunique() == 1)
        splits = grouped["split"].max()  # "val" > "train"
        table[task] = table["path"].map(labels).astype("Int64")
        table[f"{task}_list"] = table["path"].map(splits.where(labels.notna())).astype("string")
    return table


def audit(lists: Lists, table: pd.DataFrame) -> dict[str, float]:
    """Counts that describe lists: rows, overlaps, leaks, names (see tests for the counts of the real ones).

    Args:
        lists: Lists as read.
        table: Their ``union``.

    Returns:
        Flat counts; shares are of the validation rows of a task.
    """
    names = table["path"].map(file_name)
    folders = table["path"].str.split("/").str[0]
    counts: dict[str, float] = {"images": len(table), "file_names": int(names.nunique())}
    leaked = {"path": leaks(table, table["path"]), "name": leaks(table, names)}
    in_train = pd.DataFrame({task: table[f"{task}_list"] == "train" for task in TASKS}).fillna(False)
    in_val = pd.DataFrame({task: table[f"{task}_list"] == "val" for task in TASKS}).fillna(False)
    for task in TASKS:
        train, val = (lists.rows[task, split] for split in SPLITS)
        sizes = train["label"].value_counts()
        others = [other for other in TASKS if other != task]
        counts |= {
            f"{task}.classes": len(lists.classes[task]),
            f"{task}.rows_train": len(train),
            f"{task}.rows_val": len(val),
            f"{task}.imbalance": float(sizes.max() / sizes.min()),
            f"{task}.majority_val": float(val["label"].value_counts(normalize=True).max()),
            f"{task}.guarded_by_path": int(leaked["path"][task].sum()),
            f"{task}.guarded_by_name": int(leaked["name"][task].sum()),
            f"{task}.val_seen_in_training": int((in_val[task] & in_train[others].any(axis=1)).sum()),
        }
    listed = pd.concat([pd.concat([lists.rows[t, s]["path"] for s in SPLITS]).drop_duplicates() for t in TASKS])
    lists_per_image = listed.value_counts()
    counts |= {f"images_in_{k}_tasks": int((lists_per_image == k).sum()) for k in (1, 2, 3)}
    counts["train_in_one_val_in_another"] = int((in_train.any(axis=1) & in_val.any(axis=1)).sum())
    counts["names_with_apostrophe"] = int(table["path"].str.contains("'").sum())
    counts["names_not_ascii"] = int((~table["path"].map(str.isascii)).sum())
    style_names = table["style"].map(dict(enumerate(lists.classes["style"])), na_action="ignore")
    counts["style_is_not_folder"] = int((style_names.notna() & (style_names != folders)).sum())
    per_name = table[table["style"].notna()].groupby(names)
    two_styles = per_name["style"].nunique() > 1
    straddling = per_name["style_list"].nunique() > 1
    counts["names_with_two_styles"] = int(two_styles.sum())
    counts["names_with_two_styles_straddling"] = int((two_styles & straddling).sum())
    counts["problems"] = len(lists.problems)
    return counts
