from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from artextract.core.errors import ArtExtractError
from artextract.core.runtime import threads
from tests.conftest import ROOT


def stage(tmp_path: Path, body: str, name: str = "some_stage") -> list[str]:
    """The command of a stage whose ``main`` is ``body``; stages are processes, as DVC starts them."""
    script = tmp_path / f"{name}.py"
    lines = ["import os, sys, time", "from pathlib import Path", "from artextract.core.errors import ArtExtractError"]
    lines += [
        "from artextract.core.runtime import run_stage",
        "def main():",
        textwrap.indent(textwrap.dedent(body), "    "),
    ]
    script.write_text("\n".join([*lines, "run_stage(main)"]), encoding="utf-8")
    return [sys.executable, str(script)]


def environment(**changes: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "src")} | changes


def run(command: list[str], cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=environment(**changes), capture_output=True, text=True, check=False, timeout=60
    )


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


# --- threads


def test_two_threads_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARTEXTRACT_THREADS", raising=False)
    assert threads() == 2


@pytest.mark.parametrize(("value", "number"), [("1", 1), ("16", 16), ("007", 7)])
def test_number_of_threads_is_read(monkeypatch: pytest.MonkeyPatch, value: str, number: int) -> None:
    monkeypatch.setenv("ARTEXTRACT_THREADS", value)
    assert threads() == number


@pytest.mark.parametrize("value", ["0", "-1", "", "two", "1.5", " 2", "²"])
def test_bad_number_of_threads_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ARTEXTRACT_THREADS", value)
    with pytest.raises(ArtExtractError) as caught:
        threads()
    assert f"ARTEXTRACT_THREADS is {value!r}" in str(caught.value) and "whole number" in str(caught.value)


# --- run_stage


def test_stage_sees_its_environment(tmp_path: Path) -> None:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MPLBACKEND", "HF_HUB_DISABLE_TELEMETRY")
    result = run(stage(tmp_path, f"print([os.environ[n] for n in {names}])"), tmp_path, ARTEXTRACT_THREADS="3")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().lower() == "['3', '3', '3', 'agg', '1']"


def test_users_problem_is_a_message_and_status_2(tmp_path: Path) -> None:
    body = "raise ArtExtractError('no rows', where='index.parquet', remedy='add rows')"
    result = run(stage(tmp_path, body), tmp_path)
    assert result.returncode == 2
    assert result.stderr == "\nsome_stage: index.parquet: no rows\nRemedy: add rows\n"


def test_bad_environment_is_a_message_too(tmp_path: Path) -> None:
    result = run(stage(tmp_path, "print('ran')"), tmp_path, ARTEXTRACT_THREADS="many")
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("\nsome_stage: ARTEXTRACT_THREADS is 'many'")
    assert "Traceback" not in result.stderr


def test_our_own_mistakes_keep_their_traceback(tmp_path: Path) -> None:
    result = run(stage(tmp_path, "raise KeyError('oops')"), tmp_path)
    assert result.returncode == 1
    assert "Traceback" in result.stderr and "KeyError: 'oops'" in result.stderr


@pytest.mark.slow
def test_second_run_of_a_stage_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    body = "Path('started').touch()\nwhile not Path('go').exists(): time.sleep(0.02)"
    first = subprocess.Popen(stage(tmp_path, body), cwd=tmp_path, env=environment())
    try:
        assert wait_for((tmp_path / "started").exists)
        second = run(stage(tmp_path, "print('ran')"), tmp_path)
        assert second.returncode == 2 and second.stdout == ""
        assert "stage some_stage is already running in this checkout" in second.stderr
        assert "wait for it to end" in second.stderr
        other = run(stage(tmp_path, "print('ran')", name="other_stage"), tmp_path)
        assert (other.returncode, other.stdout) == (0, "ran\n")
        elsewhere = tmp_path / "queued"  # the same stage of another checkout, as a queued experiment runs it
        elsewhere.mkdir()
        queued = run(stage(elsewhere, "print('ran')"), elsewhere)
        assert (queued.returncode, queued.stdout) == (0, "ran\n")
        (tmp_path / "go").touch()
        assert first.wait(20) == 0
    finally:
        first.kill()
        first.wait()
    again = run(stage(tmp_path, "print('ran')"), tmp_path)
    assert (again.returncode, again.stdout) == (0, "ran\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "work",
    [
        "while True: time.sleep(0.02)",
        "with ThreadPoolExecutor(2) as pool: list(pool.map(time.sleep, [0.3] * 2 + [0.01] * 200))",
        "try:\n    raise ValueError\nexcept ValueError:\n    time.sleep(60)",
    ],
)
def test_an_interrupted_stage_ends_with_one_line_that_says_how_it_goes_on(
    tmp_path: Path, number: signal.Signals, work: str
) -> None:
    body = "from concurrent.futures import ThreadPoolExecutor\nfrom artextract.core.files import atomic\n"
    body += "with atomic(Path('half-written')) as handle:\n"
    body += textwrap.indent(f"Path('started').touch()\n{work}", "    ")
    process = subprocess.Popen(
        stage(tmp_path, body), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        assert wait_for((tmp_path / "started").exists)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors == (
        "\nsome_stage: interrupted; finished work is kept: start the same command again, and it goes on from there\n"
    )
    assert {path.name for path in tmp_path.iterdir()} == {"some_stage.py", "started"}  # and nothing half-written
    again = run(stage(tmp_path, "print('ran')"), tmp_path)
    assert (again.returncode, again.stdout) == (0, "ran\n")


def test_sigterm_of_a_dying_parent_does_not_cut_an_interrupt_short(tmp_path: Path) -> None:
    body = "try:\n    Path('started').touch()\n    time.sleep(60)\n"
    body += "finally:\n    time.sleep(0.5)\n    Path('end').touch()"
    process = subprocess.Popen(
        stage(tmp_path, body), cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        assert wait_for((tmp_path / "started").exists)
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130 and errors.count("interrupted") == 1 and "Traceback" not in errors
    assert (tmp_path / "end").exists()


def test_a_stage_is_interrupted_in_words_while_it_still_imports(tmp_path: Path) -> None:
    (tmp_path / "slow_stage.py").write_text(
        "from pathlib import Path\nimport stages\nPath('started').touch()\nimport time\ntime.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "slow_stage.py"], cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT)),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert wait_for((tmp_path / "started").exists)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors.startswith("\nslow_stage: interrupted") and errors.count("\n") == 2


def test_killed_stage_leaves_no_lock(tmp_path: Path) -> None:
    first = subprocess.Popen(
        stage(tmp_path, "Path('started').touch()\ntime.sleep(60)"), cwd=tmp_path, env=environment()
    )
    try:
        assert wait_for((tmp_path / "started").exists)
    finally:
        first.kill()
        first.wait()
    again = run(stage(tmp_path, "print('ran')"), tmp_path)
    assert (again.returncode, again.stdout) == (0, "ran\n")


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_stage_ends_with_its_parent(tmp_path: Path) -> None:
    def alive(pid: int) -> bool:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return "State:\tZ" not in status  # nobody may be there to reap it

    command = stage(
        tmp_path, "Path('pid.tmp').write_text(str(os.getpid()))\nos.rename('pid.tmp', 'pid')\ntime.sleep(60)"
    )
    code = f"import subprocess; subprocess.run({command!r})"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment())
    try:
        assert wait_for((tmp_path / "pid").exists)
    finally:
        parent.kill()
        parent.wait()
    pid = int((tmp_path / "pid").read_text())
    gone = wait_for(lambda: not alive(pid), 10)
    if not gone:
        os.kill(pid, signal.SIGKILL)
    assert gone


# --- disk, permissions and memory


@pytest.mark.slow
def test_problems_of_the_machine_are_messages_and_left_overs_are_swept(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {some_stage: {outs: [data/x], metrics: [m/a.json: {cache: false}]}}")
    for folder in ("data/x/deep", "m"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / ".a.json.99999999.3.tmp").write_text("half")
    for body, said in (
        ("raise OSError(28, 'No space left on device', 'data/x/y')", "data/x/y: the disk is full"),
        ("raise MemoryError", "the memory of the machine does not suffice"),
        ("open('nowhere')", "nowhere: no such file or directory"),
    ):
        done = run(stage(tmp_path, body), tmp_path)
        assert done.returncode == 2 and f"some_stage: {said}" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.rglob("*.tmp")] == []
    assert "Traceback" in run(stage(tmp_path, "[][0]"), tmp_path).stderr  # a bug stays one
