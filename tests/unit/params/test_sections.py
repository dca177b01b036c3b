from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from artextract.params.reading import read_params
from tests.unit.params_toys import COMMITTED, edited, refusal, write


def test_params_are_frozen() -> None:
    params = read_params(COMMITTED)
    with pytest.raises(ValidationError, match="frozen"):
        params.lr = 1.0
    with pytest.raises(ValidationError, match="frozen"):
        params.artgan.max_side = 1


@pytest.mark.parametrize(
    ("key", "raw", "words"),
    [
        ("epochs", "true", ["valid integer", "True"]),
        ("lr", "true", ["valid number", "True"]),
        ("lr", '"1e-3"', ["valid number", "'1e-3'"]),
        ("epochs", '"40"', ["valid integer", "'40'"]),
        ("epochs", "40.5", ["valid integer", "40.5"]),
        ("epochs", "1e1", ["valid integer", "10.0"]),
        ("epochs", "0", ["greater than 0", "found 0"]),
        ("seed", "-1", ["greater than or equal to 0", "-1"]),
        ("lr", "0", ["greater than 0"]),
        ("lr", ".nan", ["finite"]),
        ("lr", ".inf", ["finite"]),
        ("train.weight_decay", "1e999", ["finite"]),
        ("train.flip", "1", ["valid boolean", "found 1"]),
        ("train.backbone", "3.5", ["takes text", "number 3.5"]),
        ("train.precision", "fp16", ["'fp32'", "'fp16'"]),
        ("artgan.source", "folders", ["'met' or 'folder'", "'folders'"]),
        ("artgan.select_fraction", "1.0", ["less than 1"]),
        ("artgan.near_duplicate_bits", "17", ["less than or equal to 16"]),
        ("met.sha256", "ABC", ["match pattern", "'ABC'"]),
        ("nga.image_size", "600,600", ["match pattern"]),
        ("nga.commit", "main", ["match pattern"]),
        ("artgan", "null", ["valid dictionary", "None"]),
        ("train.dropout", "", ["valid number", "None"]),
        ("train.weights", "pakage", ["package, hub, none, or a path", "'pakage'"]),
        ("title_encoder.weights", "none", ["titles need pretrained weights"]),
        ("title_encoder.weights", "hub@main", ["title_encoder.revision"]),
        ("image_encoder.weights", "hub@", ["hub@REVISION"]),
        ("image_encoder.weights", "hub@../x", ["hub@REVISION"]),
        ("nga.tables_base", "http://mirror.example", ["http:// is for this machine alone"]),
        ("nga.tables_base", "https://user@mirror.example/x", ["a base address is https://HOST/PATH"]),
        ("nga.tables_base", '""', ["a base address is https://HOST/PATH"]),
        ("nga.images_base", "https://mirror.example/iiif?x=1", ["a base address is https://HOST/PATH"]),
        ("nga.contact", '""', ["a web page (https://...) or of a mailbox"]),
        ("nga.contact", r'"https://a.example\r\nX-Evil: 1"', ["`nga.contact`"]),
        ("nga.contact", '"https://a.example) (b"', ["in one piece"]),
    ],
)
def test_bad_value_is_refused(tmp_path: Path, key: str, raw: str, words: list[str]) -> None:
    message = refusal(edited(tmp_path / "p.yaml", key, raw))
    assert f"key `{key}`" in message and "git restore params.yaml" in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "reference"}, "trained from scratch: set train.weights=none, train.frozen=false"),
        ({"weights": "none"}, "a frozen backbone needs pretrained weights"),
    ],
)
def test_contradictions_within_train(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    content = read_params(COMMITTED).model_dump()
    content["train"] |= changes
    message = refusal(write(tmp_path / "p.yaml", content))
    assert "key `train`" in message and words in message


def test_reference_from_scratch_is_accepted(tmp_path: Path) -> None:
    content = read_params(COMMITTED).model_dump()
    content["train"] |= {"backbone": "reference", "weights": "none", "frozen": False, "weights_sha256": ""}
    assert read_params(write(tmp_path / "p.yaml", content)).train.backbone == "reference"


@pytest.mark.parametrize(("low", "high", "ok"), [(0.5, 0.98, True), (0.5, 0.5, False), (0.9, 0.5, False)])
def test_quantiles_of_pairs_are_ordered(tmp_path: Path, low: float, high: float, ok: bool) -> None:
    content = read_params(COMMITTED).model_dump()
    content["siamese"] |= {"negative_quantile": low, "positive_quantile": high}
    path = write(tmp_path / "p.yaml", content)
    if ok:
        assert read_params(path).siamese.negative_quantile == low
    else:
        assert "negative_quantile must be below positive_quantile" in refusal(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "folder", "labels": ["motif"]}, "labels_file and labels go together"),
        ({"source": "opendata", "labels_file": "a.csv", "labels": ["motif"]}, "it needs source=folder"),
        ({"source": "folder", "labels_file": "a.csv", "labels": ["motif", "motif"]}, "names a column twice"),
        ({"source": "folder", "labels_file": "a.csv", "labels": ["motif"]}, ""),
    ],
)
def test_labels_of_ones_own(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    content = read_params(COMMITTED).model_dump()
    content["nga"] |= changes
    path = write(tmp_path / "p.yaml", content)
    if words:
        assert words in refusal(path)
    else:
        assert read_params(path).nga.labels == ["motif"]
