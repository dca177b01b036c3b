from __future__ import annotations

from pathlib import Path

import pytest

from artextract.classification.published.sums import check_sums, write_sums, wrong_files
from artextract.core.errors import ArtExtractError
from tests.conftest import ROOT


@pytest.fixture
def network(tmp_path: Path) -> Path:
    for name in ("model.safetensors", "model.json", "README.md"):
        (tmp_path / name).write_text(name)
    check_sums(tmp_path)  # a folder without checksums is an older one
    write_sums(tmp_path)
    return tmp_path


def test_a_flipped_byte_a_missing_file_and_a_broken_list_are_refused(network: Path) -> None:
    check_sums(network)
    (network / "README.md").write_text("people edit the card")
    check_sums(network)
    (network / "model.safetensors").write_text("Model.safetensors")
    with pytest.raises(ArtExtractError, match=r"not what was published, by SHA256SUMS: model\.safetensors"):
        check_sums(network)
    write_sums(network)
    (network / "model.json").unlink()
    assert wrong_files(network) == ["model.json"]
    (network / "SHA256SUMS").write_text("0" * 64 + "  ../model.json\ncut")
    assert wrong_files(network) == ["../model.json", "cut"]


def test_the_networks_of_the_repository_are_what_was_published() -> None:
    folders = [path.parent for path in (ROOT / "models").glob("*/model.json")]
    assert folders and all((folder / "SHA256SUMS").is_file() and not wrong_files(folder) for folder in folders)
