from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from artextract.core.errors import ArtExtractError
from artextract.params.reading import load_params, read_params
from artextract.params.sections import Params
from artextract.runs.ablations import read_ablations
from tests.unit.params_toys import COMMITTED, edited, refusal, write

LEAVES = st.deferred(lambda: st.sampled_from(list(leaves(read_params(COMMITTED).model_dump()))))


def leaves(content: dict[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in content.items():
        yield from leaves(value, (*prefix, key)) if isinstance(value, dict) else [(*prefix, key)]


# --- the committed file


def test_committed_file_is_valid_and_complete() -> None:
    params = read_params(COMMITTED)
    assert set(Params.model_fields) == set(yaml.safe_load(COMMITTED.read_text(encoding="utf-8")))
    assert f"\nseed: {params.seed} " in COMMITTED.read_text(encoding="utf-8")


def test_no_value_is_lost_between_file_and_model(tmp_path: Path) -> None:
    params = read_params(COMMITTED)
    assert read_params(write(tmp_path / "p.yaml", params.model_dump())) == params


# --- numbers as DVC and people write them


@pytest.mark.parametrize(
    ("raw", "value"), [("1e-05", 1e-5), ("1e-5", 1e-5), ("3E-4", 3e-4), ("1.0e-05", 1e-5), (".5", 0.5), ("2", 2.0)]
)
def test_floats_in_every_notation(tmp_path: Path, raw: str, value: float) -> None:
    lr = read_params(edited(tmp_path / "p.yaml", "lr", raw)).lr
    assert lr == value and isinstance(lr, float | int) and not isinstance(lr, bool)


def test_yaml_elsewhere_is_left_alone() -> None:
    assert yaml.safe_load("1e-05") == "1e-05"  # our rule is on our own loader


@pytest.mark.slow
@given(st.floats(min_value=1e-12, max_value=1e12))
def test_any_positive_float_survives_the_file(tmp_path_factory: pytest.TempPathFactory, value: float) -> None:
    for raw in (repr(value), f"{value:e}", f"{value:g}"):
        path = edited(tmp_path_factory.mktemp("p") / "p.yaml", "lr", raw)
        assert read_params(path).lr == float(raw)


def test_int_serves_as_float(tmp_path: Path) -> None:
    assert read_params(edited(tmp_path / "p.yaml", "siamese.temperature", "1")).siamese.temperature == 1.0


# --- refusals: key, file, what was found, remedy


@pytest.mark.slow
@given(LEAVES)
def test_each_missing_key_is_named(tmp_path_factory: pytest.TempPathFactory, leaf: tuple[str, ...]) -> None:
    content = read_params(COMMITTED).model_dump()
    inner = content
    for section in leaf[:-1]:
        inner = inner[section]
    del inner[leaf[-1]]
    message = refusal(write(tmp_path_factory.mktemp("p") / "p.yaml", content))
    assert f"key `{'.'.join(leaf)}` is missing" in message


@pytest.mark.slow
@given(LEAVES)
def test_each_unknown_key_is_named(tmp_path_factory: pytest.TempPathFactory, leaf: tuple[str, ...]) -> None:
    content = read_params(COMMITTED).model_dump()
    inner = content
    for section in leaf[:-1]:
        inner = inner[section]
    inner[f"{leaf[-1]}s_"] = inner[leaf[-1]]
    message = refusal(write(tmp_path_factory.mktemp("p") / "p.yaml", content))
    assert f"key `{'.'.join(leaf)}s_` is unknown" in message


@pytest.mark.slow
@given(LEAVES, st.sampled_from([[["list"]], {"a": 1}, None]))
def test_each_ill_typed_key_is_named(
    tmp_path_factory: pytest.TempPathFactory, leaf: tuple[str, ...], wrong: object
) -> None:
    content = read_params(COMMITTED).model_dump()
    inner = content
    for section in leaf[:-1]:
        inner = inner[section]
    inner[leaf[-1]] = wrong
    message = refusal(write(tmp_path_factory.mktemp("p") / "p.yaml", content))
    assert re.search(rf"key `{re.escape('.'.join(leaf))}(\.0)?`", message)  # of a list, the entry is named


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    content = read_params(COMMITTED).model_dump()
    content["epoch"] = content.pop("epochs")
    content["train"]["hidden"] = "64"
    message = refusal(write(tmp_path / "p.yaml", content))
    for part in ("key `epoch` is unknown", "key `epochs` is missing", "key `train.hidden` should be a valid integer"):
        assert part in message


@pytest.mark.parametrize(
    ("text", "key", "line"), [("seed: 1\nlr: 1\nseed: 2\n", "seed", 1), ("seed: 1\ntrain:\n  a: 1\n  a: 2\n", "a", 3)]
)
def test_key_that_stands_twice_is_refused(tmp_path: Path, text: str, key: str, line: int) -> None:
    (tmp_path / "p.yaml").write_text(text)
    assert f"key `{key}` appears twice in the section that starts at line {line}" in refusal(tmp_path / "p.yaml")


# --- files that are no params.yaml


def test_missing_file(tmp_path: Path) -> None:
    message = refusal(tmp_path / "absent.yaml")
    assert "no such file" in message and "from the repository's root" in message


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"- a\n- b\n", b"just text"])
def test_file_without_keys(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.yaml").write_bytes(data)
    assert "holds no keys" in refusal(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    "data",
    [
        b"seed: [1\n",
        b"seed: \xff\n",
        b"\tseed: 1\n",
        b"seed: !!python/object/apply:os.getcwd []\n",
        b"seed: 2026-13-45\n",  # reads like a date, is none
        b"? [1, 2]\n: 3\n",  # a list as a key
        b"a: &a {b: *a}\n",
    ],
)
def test_unreadable_yaml(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.yaml").write_bytes(data)
    assert "not readable as YAML" in refusal(tmp_path / "p.yaml")


@given(
    st.text(st.characters(codec="utf-8"), max_size=60)
    | st.text(alphabet="seedlr:{}[]?&*!-'\"#|>% \n\t0129.eE_~", max_size=60)
)
@example("<<: 1")
@example("{<<: {a: 1}}")
@example("=: 1")
@example("seed: 2001-02-30")
@example("seed: !!int ''")
@example("seed: !!float abc")
@example("seed: !!binary x")
@example("seed: !!set [a]")
@example("seed: !!timestamp x")
@example("seed: !!bool x")
@example("{{a: 1}: 2}")
def test_any_text_is_refused_with_a_message(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("p") / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ArtExtractError):  # no text this short is a whole params.yaml
        read_params(path)


# --- declared keys


def test_only_declared_keys_can_be_read() -> None:
    params = load_params("seed", "artgan", path=COMMITTED)
    assert (params.seed, params.artgan) == (read_params(COMMITTED).seed, read_params(COMMITTED).artgan)
    with pytest.raises(AttributeError, match=r"'train' is not among the declared ones: \('seed', 'artgan'\)"):
        _ = params.train
    with pytest.raises(AttributeError, match="'lr' is not among"):
        _ = params.lr


def test_declaring_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no such params: \['sed'\]"):
        load_params("sed", "lr", path=COMMITTED)


def test_undeclared_sections_are_validated_too(tmp_path: Path) -> None:
    path = edited(tmp_path / "p.yaml", "train.hidden", "'64'")
    with pytest.raises(ArtExtractError, match=r"train\.hidden"):
        load_params("seed", path=path)


def test_default_path_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "params.yaml", read_params(COMMITTED).model_dump() | {"seed": 7})
    monkeypatch.chdir(tmp_path)
    assert load_params("seed").seed == 7


TEXTS = [("nga", "commit", "e98485b"), ("title_encoder", "revision", "e8c3b32edf5434bc2275fc9bab85f82640a19130")]


def with_text(tmp_path: Path, key: str, old: str, new: str) -> Path:
    text = COMMITTED.read_text()
    assert f"  {key}: {old}" in text
    (tmp_path / "p.yaml").write_text(text.replace(f"  {key}: {old}", f"  {key}: {new}", 1))
    return tmp_path / "p.yaml"


@pytest.mark.parametrize(("section", "key", "old"), TEXTS)
@pytest.mark.parametrize("typed", ["1234567", "0123456", '"1234567"', '"12e4567"'])
def test_a_text_of_digits_stays_a_text(tmp_path: Path, section: str, key: str, old: str, typed: str) -> None:
    params = read_params(with_text(tmp_path, key, old, typed))
    assert getattr(getattr(params, section), key) == typed.strip('"')


def test_lists_of_texts_and_hashes_of_digits_stay_texts(tmp_path: Path) -> None:
    text = with_text(tmp_path, "sha256", "6dde55c7d5242f5dedbe5f7540df4862fd1a58a28dbabe319f30243c9580d078", "7" * 64)
    content = text.read_text().replace("source: met         # met: the sample | folder: t", "source: folder  # ")
    text.write_text(content.replace('labels_file: ""', "labels_file: 2020").replace("labels: []", "labels: [2020, a]"))
    params = read_params(text)
    assert params.met.sha256 == "7" * 64
    assert (params.nga.labels_file, params.nga.labels) == ("2020", ["2020", "a"])


@pytest.mark.parametrize(
    ("typed", "words"),
    [("yes", "the truth value true"), ("2020-02-01", "a date, 2020-02-01"), ("null", "nothing")],
)
def test_a_text_that_yaml_takes_for_something_else_is_refused_with_the_quoting(
    tmp_path: Path, typed: str, words: str
) -> None:
    section, key, old = TEXTS[0]
    message = refusal(with_text(tmp_path, key, old, typed))
    assert f"was read as {words}" in message and f"-S '{section}.{key}=\"TEXT\"'" in message


@pytest.mark.parametrize("typed", [".inf", "12e4567", "1.5"])
@pytest.mark.parametrize(("section", "key", "old"), TEXTS)
def test_a_text_that_became_a_float_is_refused_with_the_quoting(
    tmp_path: Path, section: str, key: str, old: str, typed: str
) -> None:
    message = refusal(with_text(tmp_path, key, old, typed))
    assert f"-S '{section}.{key}=\"TEXT\"'" in message and "was read as the number" in message


@pytest.mark.parametrize("bracket", ["[", "{", "[{"])
def test_thousands_of_open_brackets_are_refused_at_once(tmp_path: Path, bracket: str) -> None:
    """PyYAML alone takes twenty seconds for three thousand."""
    (tmp_path / "params.yaml").write_text("seed: " + bracket * 3000)
    began = time.process_time()
    with pytest.raises(ArtExtractError, match="inside each other"):
        read_params(tmp_path / "params.yaml")
    with pytest.raises(ArtExtractError):
        read_ablations(tmp_path / "params.yaml")
    assert time.process_time() - began < 5
