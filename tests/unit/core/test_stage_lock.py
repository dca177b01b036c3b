from __future__ import annotations

import os
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.stage_lock import lock_file, stage_lock


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dvc").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    return tmp_path


def test_two_users_with_a_cache_each_share_the_lock_of_a_checkout(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage_lock("train"):
        monkeypatch.setenv("ARTEXTRACT_CACHE", str(checkout / "another"))
        with pytest.raises(ArtExtractError, match=r"(?s)train is already running in this checkout.*wait for it"):
            with stage_lock("train"):
                pass
        with stage_lock("embed"):
            pass
    with stage_lock("train"):
        pass
    assert lock_file("train").parent == checkout / ".dvc/tmp/artextract"


def test_collections_and_queued_experiments_have_locks_of_their_own(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [lock_file("train")]
    for folder in ("collections/mine", ".dvc/tmp/exps/a"):
        (checkout / folder).mkdir(parents=True)
        monkeypatch.chdir(checkout / folder)
        if folder.startswith(".dvc"):
            Path(".dvc").mkdir()
        files.append(lock_file("train"))
    assert len(set(files)) == 3
    assert files[2].is_relative_to(checkout / ".dvc/tmp/exps/a/.dvc/tmp")


@pytest.mark.parametrize(("dvc", "lock"), [(0o755, 0o644), (0o775, 0o664), (0o700, 0o600)])
def test_whoever_may_write_into_the_checkout_may_take_its_lock(checkout: Path, dvc: int, lock: int) -> None:
    (checkout / ".dvc").chmod(dvc)
    old = os.umask(0o077)
    try:
        with stage_lock("train"):
            path = lock_file("train")
            assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (dvc, lock)
    finally:
        os.umask(old)


def test_a_lock_that_cannot_be_taken_is_a_message(checkout: Path) -> None:
    (checkout / ".dvc/tmp").write_text("in the way")  # as a folder without rights: root may write anywhere
    with pytest.raises(ArtExtractError, match=r"(?s)cannot be taken: .*belongs to .*clone of your own"):
        with stage_lock("train"):
            pass
