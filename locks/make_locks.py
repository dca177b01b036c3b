"""Writes the locks: every package that an environment is made of, with its exact version and the hashes of its files.

`make lock` runs this after a change of requirements*.txt or constraints.txt. uv resolves for all systems at once and
asks the package index for the hashes. The result is cut into files that are each installed by
``pip install --no-deps --no-build-isolation --require-hashes -r FILE``:

* build.lock: pip itself, and what builds the few packages that are published as source only;
* torch-cpu.lock: the CPU build of torch, from the indexes that the user has named to pip. `make setup` tries it first;
* torch.lock: torch and torchvision as the package index has them (on Linux the CUDA build);
* cuda.lock: what a CUDA build of torch needs. `make setup` installs it only where the installed torch is such a build;
* requirements.lock: everything else that the pipeline needs;
* dev.lock: what tests and checks need besides, with all optional packages (OpenVINO, ONNX, faiss, Ray, S3, Optuna).

constraints.txt, which holds versions over from one resolution to the next, is written anew with what was added.

A build of torch that no lock knows (ROCm, another CUDA version) is installed by hand before `make setup`, which keeps
any torch of the right version.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
TORCH = {"torch", "torchvision"}
CUDA = re.compile(r"nvidia-.*|cuda-.*|triton")
LEFT_OUT = {"openvino-telemetry"}  # reports the use of OpenVINO to its makers, which computes without it
HEADER = "# Made by `make lock` from requirements*.txt and constraints.txt; see locks/make_locks.py.\n"
CONSTRAINTS = (
    "# Exact versions of everything that requirements*.txt bring in, so that two machines run the same code.\n"
)
PYTHON = "3.11.5"  # the oldest that the tests can be run with; uv resolves for it and for all later ones

Entries = dict[str, str]  # name of a package to its lines in a lock


def name_of(line: str) -> str:
    """Normalised name of the package of a requirement line."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=;\[ ]", line, maxsplit=1)[0]).lower()


def entries_of(text: str) -> Entries:
    """The entries of a lock: a requirement line, and the indented lines of its hashes.

    Args:
        text: Content of a lock.
    """
    entries: Entries = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            name = name_of(line)
            entries[name] = ""
        entries[name] += line
    return entries


def cpu_build(version: str, listing: str) -> str:
    """The entry of torch's CPU build.

    Args:
        version: Version of torch, without a local part.
        listing: Lines ``<sha256>  <file>``; lines that begin with # are comments.

    Raises:
        ValueError: The listing holds no file of this version.
    """
    files = [line.split() for line in listing.splitlines() if line and not line.startswith("#")]
    hashes = [sha256 for sha256, file in files if file.startswith(f"torch-{version}+cpu-")]
    if not hashes:
        raise ValueError(f"locks/torch_cpu.sha256 has no file of torch {version}: take them from the page it names")
    return " \\\n    ".join([f"torch=={version}+cpu", *(f"--hash=sha256:{sha256}" for sha256 in hashes)]) + "\n"


def cut(build: Entries, pipeline: Entries, everything: Entries, cpu_builds: str) -> dict[str, Entries]:
    """The locks, by name.

    Args:
        build: Entries of requirements-build.txt.
        pipeline: Entries of requirements.txt and all that it brings in.
        everything: Those and the entries of the tests' and the optional packages.
        cpu_builds: Hashes of torch's CPU builds, see ``cpu_build``.
    """
    torch = {name: entry for name, entry in pipeline.items() if name in TORCH}
    cuda = {name: entry for name, entry in pipeline.items() if CUDA.fullmatch(name)}
    elsewhere = {*build, *torch, *cuda, *LEFT_OUT}
    version = re.split(r"==|[ ;]", torch["torch"])[1]
    return {
        "build": build,
        "torch-cpu": {"torch": cpu_build(version, cpu_builds)},
        "torch": torch,
        "cuda": cuda,
        "requirements": {name: everything[name] for name in pipeline if name not in elsewhere},
        "dev": {name: entry for name, entry in everything.items() if name not in {*pipeline, *elsewhere}},
    }


def constraints(everything: Entries) -> str:
    """Lines ``name==version`` of all packages but torch and what belongs to one of its builds."""
    names = (name for name in everything if name not in TORCH and not CUDA.fullmatch(name))
    return "".join(re.split(r"[ ;\\]", everything[name])[0] + "\n" for name in names)


def resolved(*names: str) -> Entries:
    """What uv makes of some files of requirements."""
    options = [
        "--universal",
        "--python-version",
        PYTHON,
        "--generate-hashes",
        "--no-annotate",
        "--no-header",
        "--quiet",
    ]
    command = [sys.executable, "-m", "uv", "pip", "compile", *options, "-c", "constraints.txt", *names]
    return entries_of(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main() -> None:
    """Write the locks."""
    further = [f"requirements-{name}.txt" for name in ("dev", "onnx", "openvino", "optimise", "ray", "s3", "search")]
    cpu_builds = (LOCKS / "torch_cpu.sha256").read_text()
    build, pipeline = resolved("requirements-build.txt"), resolved("requirements.txt")
    everything = resolved("requirements.txt", *further)
    for name, entries in cut(build, pipeline, everything, cpu_builds).items():
        (LOCKS / f"{name}.lock").write_text(HEADER + "".join(entries.values()))
        print(f"locks/{name}.lock: {len(entries)} packages")
    (ROOT / "constraints.txt").write_text(CONSTRAINTS + constraints(everything))


if __name__ == "__main__":
    main()
