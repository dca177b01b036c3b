from __future__ import annotations

from pathlib import Path

import pytest

from artextract.environment.hook import is_dvc, verify_remotes

PLAIN = "[core]\n    remote = a\n['remote \"a\"']\n    url = /r\n"


@pytest.mark.parametrize(
    ("words", "it_is"),
    [(["/x/.venv/bin/dvc", "pull"], True), (["-m", "dvc", "pull"], True), (["-m", "stages.x"], False), ([], False),
     (["-c", "dvc"], False)],
)  # fmt: skip
def test_only_dvc_is_dvc(words: list[str], it_is: bool) -> None:
    assert is_dvc(words) is it_is


@pytest.mark.parametrize(
    ("config", "local", "changed"),
    [
        (PLAIN, "", ["a"]),
        ("", PLAIN, ["a"]),
        (PLAIN + "    verify = false\n", "", []),  # somebody has decided
        (PLAIN, "['remote \"a\"']\n    verify = false\n", []),
        (PLAIN, "['remote \"a\"']\n    jobs = 2\n", ["a"]),  # a section without its url is not the remote's own
        (PLAIN + "[cache]\n    verify = true\n", "", ["a"]),
        (PLAIN.rstrip("\n"), "", ["a"]),
        ("[core]\n    remote = a\n", "", []),
    ],
)
def test_every_remote_is_compared_unless_somebody_has_decided_otherwise(
    tmp_path: Path, config: str, local: str, changed: list[str]
) -> None:
    from dvc.config import Config

    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(config)
    (tmp_path / ".dvc/config.local").write_text(local)
    (tmp_path / ".dvc/config.local").chmod(0o600)
    assert verify_remotes(tmp_path) == changed
    assert verify_remotes(tmp_path) == []
    read = Config(str(tmp_path / ".dvc"))["remote"]
    if changed:
        assert read["a"]["verify"] is True and read["a"]["url"].endswith("/r")
    assert (tmp_path / ".dvc/config.local").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (tmp_path / ".dvc").iterdir()} == {"config", "config.local"}
    assert verify_remotes(tmp_path / "elsewhere") == []
