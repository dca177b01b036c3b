from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.core.tasks import TASKS
from artextract.data.wikiart import lists as artgan
from artextract.data.wikiart.lists import SPLITS, audit, find_file, read_classes, read_list, read_lists, union
from tests.conftest import test_data

CLASSES = {
    "style": ["Baroque", "Cubism", "Art_Nouveau"],
    "genre": ["portrait", "landscape"],
    "artist": ["Rembrandt", "Picasso"],
}
Rows = list[tuple[str, int]]


def write_lists(folder: Path, rows: dict[tuple[str, str], Rows], classes: dict[str, list[str]] = CLASSES) -> Path:
    """Lists in the first published form: CRLF, no header, two columns."""
    for task in TASKS:
        base = folder / task.capitalize()
        base.mkdir(parents=True, exist_ok=True)
        names = "".join(f"{i} {name}\n" for i, name in enumerate(classes[task]))
        (base / f"{task}_class.txt").write_bytes(names.encode())
        for split in SPLITS:
            default = [(f"filler/{task}_{split}.jpg", 0)]  # a list without rows is refused
            lines = "".join(f"{path},{label}\r\n" for path, label in rows.get((task, split), default))
            (base / f"{task}_{split}.csv").write_bytes(lines.encode())
    return folder


def read_text(path: Path, text: str | bytes, classes: int = 30) -> artgan.ListFile:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_list(path, classes)


def by_path(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["path"]: {str(key): value for key, value in row.items()} for row in table.to_dict("records")}


def pairs(read: artgan.ListFile) -> Rows:
    return [(str(path), int(label)) for path, label in zip(read.rows["path"], read.rows["label"], strict=True)]


# --- one list, in every published form

STYLE_FORM = "Baroque/a_one.jpg,0\r\nCubism/b_two.jpg,1\r\n"
ARTIST_FORM = "(Path to image),, (Groundtruth class)\r\n\r\nBaroque/a_one.jpg,,0\r\nCubism/b_two.jpg,,1\r\n"


@pytest.mark.parametrize(
    "text",
    [STYLE_FORM, ARTIST_FORM, STYLE_FORM.replace("\r\n", "\n"), ARTIST_FORM.replace("\r\n", "\n"), STYLE_FORM.rstrip()],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_form_gives_the_same_rows(tmp_path: Path, text: str, mark: bytes) -> None:
    read = read_text(tmp_path / "l", mark + text.encode())
    assert pairs(read) == [("Baroque/a_one.jpg", 0), ("Cubism/b_two.jpg", 1)]
    assert read.problems == []


def test_header_is_not_data_and_data_is_no_header(tmp_path: Path) -> None:
    assert pairs(read_text(tmp_path / "with", ARTIST_FORM))[0] == ("Baroque/a_one.jpg", 0)
    assert pairs(read_text(tmp_path / "without", STYLE_FORM))[0] == ("Baroque/a_one.jpg", 0)
    unknown = read_text(tmp_path / "other", "image,class\n" + STYLE_FORM)
    assert len(unknown.rows) == 2
    assert unknown.problems == [
        {"file": "other", "line": 1, "problem": "label is not an integer", "text": "image,class"}
    ]


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    assert read_text(tmp_path / "l", ARTIST_FORM).rows["line"].tolist() == [3, 4]


@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters=",\\\0\r\n"), min_size=1, max_size=12).map(
                lambda name: f"Folder/{name}.jpg"
            ),
            st.integers(0, 26),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0],
    ),
    three=st.booleans(),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_list_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: Rows, three: bool, header: bool, end: str
) -> None:
    """File names hold any letter: mojibake of "Å" ends in U+0085, which Unicode calls the end of a line."""
    lines = ["(Path to image),, (Groundtruth class)", ""] if header else []
    lines += [f"{path},{',' if three else ''}{label}" for path, label in rows]
    read = read_text(tmp_path_factory.mktemp("lists") / "l", end.join(lines) + end)
    assert pairs(read) == rows and read.problems == []


def test_unusable_rows_are_reported_with_their_line_and_left_out(tmp_path: Path) -> None:
    text = (
        "a/1.jpg,0\na/2.jpg,\na/3.jpg,x\na/4.jpg,1.5\na/5.jpg,-1\na/6.jpg,3\n../7.jpg,0\n/8.jpg,0\n,1\n9\na/0.jpg,2\n"
    )
    read = read_text(tmp_path / "style_train.csv", text, classes=3)
    assert pairs(read) == [("a/1.jpg", 0), ("a/0.jpg", 2)]
    assert [(p["line"], p["problem"]) for p in read.problems] == [
        (2, "label is not an integer"),
        (3, "label is not an integer"),
        (4, "label is not an integer"),
        (5, "label is not an integer"),
        (6, "label outside of the class file (0 ... 2)"),
        (7, "unsafe path"),
        (8, "unsafe path"),
        (9, "unsafe path"),
        (10, "label is not an integer"),
    ]
    assert {p["file"] for p in read.problems} == {"style_train.csv"}
    assert read.problems[4]["text"] == "a/6.jpg,3"


def test_missing_label_is_reported_and_never_class_0(tmp_path: Path) -> None:
    read = read_text(tmp_path / "l", "a/1.jpg,1\na/2.jpg,\na/3.jpg,,\na/4.jpg\n")
    assert pairs(read) == [("a/1.jpg", 1)]
    assert [p["line"] for p in read.problems] == [2, 3, 4]


def test_contradicting_labels_are_reported_line_by_line(tmp_path: Path) -> None:
    read = read_text(tmp_path / "l", "a/village.jpg,1\na/2.jpg,0\na/village.jpg,4\na/2.jpg,0\n")
    assert [(p["line"], p["text"]) for p in read.problems] == [(1, "a/village.jpg,1"), (3, "a/village.jpg,4")]


@pytest.mark.parametrize("text", ["", "\r\n\r\n", "(Path to image),, (Groundtruth class)\n", "a.jpg,x\n"])
def test_list_without_a_usable_row_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ArtExtractError, match="holds no usable row") as caught:
        read_text(tmp_path / "style_val.csv", text)
    assert "style_val.csv" in str(caught.value) and "Remedy" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        STYLE_FORM.replace("/", "\\"),  # made on Windows
        "0,Baroque/a_one.jpg,0\n1,Cubism/b_two.jpg,1\n",  # pandas' index
        "Baroque/a_one.jpg;0\nCubism/b_two.jpg;1\n",  # a spreadsheet of most of Europe
        "Baroque/a_one.jpg\t0\nCubism/b_two.jpg\t1\n",
        '"Baroque/a_one.jpg","0"\n"Cubism/b_two.jpg","1"\n',
        "Baroque/a_one.jpg,0.0\nCubism/b_two.jpg,1.0\n",
        STYLE_FORM.encode("utf-16"),
    ],
)
def test_lists_that_another_program_saved_are_read(tmp_path: Path, text: str | bytes) -> None:
    read = read_text(tmp_path / "l", text)
    assert pairs(read) == [("Baroque/a_one.jpg", 0), ("Cubism/b_two.jpg", 1)] and not read.problems


def test_a_refused_list_says_why_no_row_could_be_used(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match=r"unsafe path: 1 rows, the first in l, line 2: '/a/1.jpg,0'") as caught:
        read_text(tmp_path / "l", "a/0.jpg,x\n/a/1.jpg,0\n")
    assert "label is not an integer: 1 rows, the first in l, line 1" in str(caught.value)


def test_labels_that_begin_at_one_never_give_the_next_class(tmp_path: Path) -> None:
    rows = {("genre", "train"): [("a/1.jpg", 1)], ("genre", "val"): [("a/2.jpg", 2), ("a/3.jpg", 1)]}
    with pytest.raises(ArtExtractError, match=r"genre_train\.csv: labels are 1 \.\.\. 2.*0 \.\.\. 1"):
        read_lists(write_lists(tmp_path, rows))


def test_list_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ArtExtractError, match="line 2 is not UTF-8") as caught:
        read_text(tmp_path / "l", "a/1.jpg,0\na/é.jpg,1\n".encode("latin-1"))
    assert "take the list as published" in str(caught.value)


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("lists") / "l"
    try:
        read = read_text(path, data)
    except ArtExtractError as error:
        assert str(path) in str(error)
        return
    assert read.rows["label"].between(0, 29).all()
    assert not read.rows["path"].str.contains(r"\\|\0|^/", regex=True).any()


# --- class files


def test_class_names_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"2 Art_Nouveau\r\n0 Baroque\r\n\r\n1 Genre painting\r\n")
    assert read_classes(tmp_path / "c") == ["Baroque", "Genre painting", "Art_Nouveau"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 a\n0 b\n", "line 2 is '0 b'"),
        ("0 a\nb\n", "line 2 is 'b'"),
        ("0 a\n1\n", "line 2 is '1'"),
        ("1 a\n2 b\n", "not 0 ... 1"),
        ("0 a\n2 b\n", "not 0 ... 1"),
        ("0 a\n1 a\n", "line 2 is '1 a'"),
        ("", "holds no class"),
    ],
)
def test_bad_class_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "style_class.txt").write_text(text)
    with pytest.raises(ArtExtractError) as caught:
        read_classes(tmp_path / "style_class.txt")
    assert words in str(caught.value) and "style_class.txt" in str(caught.value) and "Remedy" in str(caught.value)


# --- finding and reading the six lists


@pytest.mark.parametrize(
    "name", ["Artist/artist_train.csv", "Artist/artist_train", "artist/artist_train.txt", "artist_train.csv"]
)
def test_lists_are_found_where_they_are_published(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert find_file(tmp_path, "artist", "train") == tmp_path / name


def test_missing_list_says_what_was_expected(tmp_path: Path) -> None:
    write_lists(tmp_path, {})
    (tmp_path / "Genre" / "genre_val.csv").unlink()
    with pytest.raises(ArtExtractError, match="the list genre_val is missing") as caught:
        read_lists(tmp_path)
    assert str(tmp_path) in str(caught.value) and "Genre/genre_val (.csv, .txt or no extension)" in str(caught.value)


def test_both_published_forms_of_the_artist_list_agree(tmp_path: Path) -> None:
    rows = [("Baroque/rembrandt_a.jpg", 0), ("Cubism/pablo-picasso_b.jpg", 1)]
    two = read_lists(write_lists(tmp_path / "two", {("artist", "train"): rows}))
    folder = write_lists(tmp_path / "three", {})
    (folder / "Artist" / "artist_train.csv").unlink()
    three_columns = "".join(f"{path},,{label}\r\n" for path, label in rows)
    text = f"(Path to image),, (Groundtruth class)\r\n\r\n{three_columns}"
    (folder / "Artist" / "artist_train").write_bytes(text.encode())
    three = read_lists(folder)
    a, b = (lists.rows["artist", "train"][["path", "label"]] for lists in (two, three))
    pd.testing.assert_frame_equal(a, b)
    assert three.problems.empty and two.problems.empty


def test_label_is_the_lists_and_not_the_folders(tmp_path: Path) -> None:
    """Style is called Art_Nouveau, its folder Art_Nouveau_Modern; and folders may lie."""
    lists = read_lists(
        write_lists(tmp_path, {("style", "train"): [("Art_Nouveau_Modern/a.jpg", 2), ("Baroque/b.jpg", 1)]})
    )
    rows = by_path(union(lists))
    assert rows["Art_Nouveau_Modern/a.jpg"]["style"] == 2
    assert rows["Baroque/b.jpg"]["style"] == 1
    assert pd.isna(rows["Baroque/b.jpg"]["genre"])  # and no genre is made of it
    assert audit(lists, union(lists))["style_is_not_folder"] == 3  # these two and the filler


# --- union


def test_union_drops_no_image_and_no_class(tmp_path: Path) -> None:
    """An inner join of the three lists would leave one image and one of three styles."""
    rows = {
        ("style", "train"): [("a/1.jpg", 0), ("a/2.jpg", 1), ("a/3.jpg", 2)],
        ("style", "val"): [("a/4.jpg", 0)],
        ("genre", "train"): [("a/1.jpg", 1)],
        ("genre", "val"): [("a/5.jpg", 0)],
        ("artist", "train"): [("a/1.jpg", 0)],
        ("artist", "val"): [("a/4.jpg", 1)],
    }
    table = union(read_lists(write_lists(tmp_path, rows)))
    assert table["path"].tolist() == [f"a/{i}.jpg" for i in range(1, 6)]
    assert table["style"].fillna(-1).tolist() == [0, 1, 2, 0, -1]
    assert table["genre"].fillna(-1).tolist() == [1, -1, -1, -1, 0]
    assert table["artist"].fillna(-1).tolist() == [0, -1, -1, 1, -1]
    assert table["style_list"].fillna("-").tolist() == ["train", "train", "train", "val", "-"]
    assert table["genre_list"].fillna("-").tolist() == ["train", "-", "-", "-", "val"]
    assert [str(table[task].dtype) for task in TASKS] == ["Int64"] * 3


def test_image_in_both_lists_of_a_task_is_validation(tmp_path: Path) -> None:
    rows: dict[tuple[str, str], Rows] = {("style", "train"): [("a/1.jpg", 0)], ("style", "val"): [("a/1.jpg", 0)]}
    assert by_path(union(read_lists(write_lists(tmp_path, rows))))["a/1.jpg"]["style_list"] == "val"


@pytest.mark.parametrize("second", ["train", "val"])
def test_contradicting_labels_leave_the_task_but_not_the_others(tmp_path: Path, second: str) -> None:
    rows: dict[tuple[str, str], Rows] = {
        ("genre", "train"): [("a/village.jpg", 1), ("a/2.jpg", 0)],
        ("genre", "val"): [("a/3.jpg", 0)],
        ("style", "train"): [("a/village.jpg", 2)],
    }
    rows["genre", second] = [*rows["genre", second], ("a/village.jpg", 0)]
    village = by_path(union(read_lists(write_lists(tmp_path, rows))))["a/village.jpg"]
    assert pd.isna(village["genre"]) and pd.isna(village["genre_list"])
    assert village["style"] == 2


ROWS = st.lists(
    st.tuples(st.sampled_from([f"{folder}/{name}.jpg" for folder in "ab" for name in "uvwxyz"]), st.integers(0, 1)),
    min_size=1,
    max_size=8,
)
ALL_ROWS = st.fixed_dictionaries({(task, split): ROWS for task in TASKS for split in SPLITS})


def lists_of(rows: dict[tuple[str, str], Rows]) -> artgan.Lists:
    frames = {
        key: pd.DataFrame([(p, c, i) for i, (p, c) in enumerate(part)], columns=pd.Index(["path", "label", "line"]))
        for key, part in rows.items()
    }
    return artgan.Lists(CLASSES, frames, pd.DataFrame(columns=pd.Index(["file", "line", "problem", "text"])))


def slow_union(rows: dict[tuple[str, str], Rows]) -> dict[str, dict[str, tuple[int, str] | None]]:
    """For each path and task (label, list), None where there is none or two contradict."""
    result: dict[str, dict[str, tuple[int, str] | None]] = {}
    for path in sorted({path for part in rows.values() for path, _ in part}):
        result[path] = {}
        for task in TASKS:
            found = [(label, split) for split in SPLITS for p, label in rows[task, split] if p == path]
            labels = {label for label, _ in found}
            split = "val" if ("val" in {s for _, s in found}) else "train"
            result[path][task] = (labels.pop(), split) if len(labels) == 1 else None
    return result


@pytest.mark.slow
@given(ALL_ROWS)
def test_union_equals_a_slow_one(rows: dict[tuple[str, str], Rows]) -> None:
    table, slow = union(lists_of(rows)), slow_union(rows)
    assert table["path"].tolist() == list(slow)
    for task in TASKS:
        found = [
            None if pd.isna(label) else (int(label), split)
            for label, split in zip(table[task], table[f"{task}_list"], strict=True)
        ]
        assert found == [entry[task] for entry in slow.values()]


# --- audit


def test_audit_by_hand(tmp_path: Path) -> None:
    rows = {
        ("style", "train"): [("Baroque/x_1.jpg", 0), ("Baroque/x_l'été.jpg", 0), ("Cubism/x_2.jpg", 1)],
        ("style", "val"): [("Baroque/x_2.jpg", 0), ("Cubism/x_3.jpg", 0), ("Cubism/x_4.jpg", 1)],
        ("genre", "train"): [("Baroque/x_2.jpg", 1), ("Baroque/x_1.jpg", 1)],
        ("genre", "val"): [("Cubism/x_2.jpg", 0), ("Cubism/x_4.jpg", 0)],
        ("artist", "train"): [("Baroque/x_1.jpg", 0)],
        ("artist", "val"): [("Cubism/x_4.jpg", 1)],
    }
    lists = read_lists(write_lists(tmp_path, rows))
    counts = audit(lists, union(lists))
    expected = {
        "images": 6,
        "file_names": 5,  # x_2 stands in two folders
        "style.classes": 3,
        "style.rows_train": 3,
        "style.rows_val": 3,
        "style.imbalance": 2.0,
        "style.majority_val": 2 / 3,
        "style.guarded_by_path": 1,  # Cubism/x_2 is genre's validation
        "style.guarded_by_name": 1,
        "style.val_seen_in_training": 1,  # Baroque/x_2 is genre's training
        "genre.guarded_by_path": 1,
        "genre.guarded_by_name": 1,
        "genre.val_seen_in_training": 1,
        "artist.guarded_by_name": 0,
        "artist.val_seen_in_training": 0,
        "images_in_1_tasks": 2,
        "images_in_2_tasks": 2,
        "images_in_3_tasks": 2,
        "train_in_one_val_in_another": 2,
        "names_with_apostrophe": 1,
        "names_not_ascii": 1,
        "style_is_not_folder": 1,
        "names_with_two_styles": 1,
        "names_with_two_styles_straddling": 1,
        "problems": 0,
    }
    assert {key: counts[key] for key in expected} == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.real
def test_audit_of_the_real_lists_gives_the_published_counts() -> None:
    folder = test_data("artgan_lists")
    expected = json.loads((folder / "expected_counts.json").read_text(encoding="utf-8"))
    lists = read_lists(folder)
    counts = audit(lists, union(lists))
    single = {
        "apostrophe_union": "names_with_apostrophe",
        "art_nouveau_folder_mismatch": "style_is_not_folder",
        "basenames": "file_names",
        "cross_task_overlap": "train_in_one_val_in_another",
        "nonascii_union": "names_not_ascii",
        "two_style_mixed": "names_with_two_styles_straddling",
        "two_style_names": "names_with_two_styles",
        "union": "images",
    }
    by_task = {
        "guard_drop_name": "guarded_by_name",
        "guard_drop_path": "guarded_by_path",
        "imbalance": "imbalance",
        "majority_val": "majority_val",
        "val_seen": "val_seen_in_training",
    }
    assert set(expected) == set(single) | set(by_task) | {"labels", "rows"}  # nothing is left unchecked
    found: dict[str, object] = {key: counts[ours] for key, ours in single.items()}
    digits = {"imbalance": 2, "majority_val": 4}
    found |= {
        key: {task: round(counts[f"{task}.{ours}"], digits.get(key, 0)) for task in TASKS}
        for key, ours in by_task.items()
    }
    found["labels"] = {str(k): counts[f"images_in_{k}_tasks"] for k in (1, 2, 3)}
    found["rows"] = {task: [counts[f"{task}.rows_{split}"] for split in SPLITS] for task in TASKS}
    assert found == expected
    assert [counts[f"{task}.classes"] for task in TASKS] == [27, 10, 23]
    assert lists.classes["style"][3] == "Art_Nouveau"
    # the one contradiction: `the-village` twice in genre's validation list
    assert lists.problems["problem"].tolist() == ["contradicting labels for one image"] * 2
    assert lists.problems["file"].unique().tolist() == ["genre_val.csv"]
