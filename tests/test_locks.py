"""Every package that `make setup` and `make dev` install has an exact version and hashes."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.closure import ROOT

LOCKS = sorted((ROOT / "locks").glob("*.lock"))
INSTALLED = [path for path in LOCKS if path.stem not in ("torch-cpu", "cuda")]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_locks", ROOT / "locks/make_locks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


locks = load()


def pins(text: str) -> dict[str, str]:
    """Package to version, of every line ``name==version``."""
    lines = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, flags=re.M)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_package_has_an_exact_version_and_a_hash(path: Path):
    entries = locks.entries_of(path.read_text())
    assert entries
    for name, entry in entries.items():
        assert re.match(r"[A-Za-z0-9_.-]+==[^\s;\\]+", entry), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), name
        assert "http" not in entry.split("\\")[0].split("==")[1], name


def test_locks_hold_what_the_requirements_name():
    held = {name: version for path in INSTALLED for name, version in pins(path.read_text()).items()}
    wanted = {}
    for path in ROOT.glob("requirements*.txt"):
        if path.name != "requirements-data.txt":
            wanted |= pins(path.read_text())
    assert {name: held.get(name) for name in wanted} == wanted, "`make lock` and commit"
    constraints = pins((ROOT / "constraints.txt").read_text())
    assert {name: constraints.get(name, version) for name, version in held.items()} == held, "`make lock` and commit"


def test_no_package_is_in_two_locks():
    names = [name for path in INSTALLED for name in pins(path.read_text())]
    assert len(names) == len(set(names))


def test_the_cpu_build_is_the_version_that_is_required():
    cpu = pins((ROOT / "locks/torch-cpu.lock").read_text())["torch"]
    assert cpu == pins((ROOT / "requirements.txt").read_text())["torch"] + "+cpu"
    with pytest.raises(ValueError, match="no file of torch 1"):
        locks.cpu_build("1.0", (ROOT / "locks/torch_cpu.sha256").read_text())


def test_a_build_of_torch_is_cut_from_the_rest():
    def entry(name: str) -> str:
        return f"{name}==1 \\\n    --hash=sha256:{'0' * 64}\n"

    names = ("numpy", "torch", "nvidia-x", "triton", "torchvision", "pip")
    pipeline = {name: entry(name) for name in names}
    listing = f"# made by hand\n{'1' * 64}  torch-1+cpu-cp311-x.whl\n{'2' * 64}  torch-2+cpu-cp311-x.whl\n"
    everything = pipeline | {"pytest": entry("pytest"), "openvino-telemetry": entry("openvino-telemetry")}
    found = locks.cut({"pip": entry("pip")}, pipeline, everything, listing)
    assert {name: sorted(entries) for name, entries in found.items()} == {
        "build": ["pip"],
        "torch-cpu": ["torch"],
        "torch": ["torch", "torchvision"],
        "cuda": ["nvidia-x", "triton"],
        "requirements": ["numpy"],
        "dev": ["pytest"],
    }
    assert found["torch-cpu"]["torch"] == f"torch==1+cpu \\\n    --hash=sha256:{'1' * 64}\n"
    assert locks.constraints(everything) == "numpy==1\npip==1\npytest==1\nopenvino-telemetry==1\n"


@pytest.mark.slow
def test_pip_refuses_a_file_with_another_hash(tmp_path: Path):
    """The same options as in the Makefile, on a wheel that was changed after its hash was taken."""
    wheel = tmp_path / "wheels/toy-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    _write_wheel(wheel)
    lock = tmp_path / "toy.lock"
    lock.write_text(f"toy==1.0 --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--find-links", str(wheel.parent)]
    options = ["--no-deps", "--no-build-isolation", "--require-hashes", "--target", str(tmp_path / "out")]
    done = subprocess.run([*command, *options, "-r", str(lock)], capture_output=True, text=True)
    assert done.returncode != 0 and "DO NOT MATCH THE HASHES" in done.stderr
    assert "LOCKED := --no-deps --no-build-isolation --require-hashes" in (ROOT / "Makefile").read_text()


def _write_wheel(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("toy.py", "")
        archive.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        archive.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("toy-1.0.dist-info/RECORD", "")


@pytest.mark.long
def test_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path):
    program = shutil.which("cyclonedx-py", path=str(Path(sys.executable).parent))
    assert program, "`make dev` installs cyclonedx-bom"
    text = "".join((ROOT / f"locks/{name}.lock").read_text() for name in ("torch", "requirements"))
    out = tmp_path / "sbom.json"
    options = ["requirements", "-", "--of", "JSON", "--output-reproducible", "-o", str(out)]
    subprocess.run([program, *options], input=text, text=True, check=True, capture_output=True)
    components = json.loads(out.read_text())["components"]
    assert {component["name"]: component["version"] for component in components} == pins(text)
    assert all(reference["hashes"] for component in components for reference in component["externalReferences"])
