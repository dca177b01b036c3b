"""The cure of ``import torchvision``, each case in a process of its own: an import cannot be undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artextract.encoders import torchvision_cure
from tests.conftest import ROOT

CURE = """
from artextract.encoders.torchvision_cure import import_torchvision
first, again = import_torchvision(), import_torchvision()
"""
# What a torchvision built for CUDA does at its import beside a CPU build of torch.
SICK = """
import torch
import torchvision.early
@torch.library.register_fake("torchvision::nms")
def _(dets, scores, iou_threshold): ...
@torch.library.register_fake("torchvision::qnms")
def _(dets, scores, iou_threshold): ...
"""


def python(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    places = os.pathsep.join(map(str, (*path, ROOT / "src")))
    run = [sys.executable, "-c", code]
    return subprocess.run(run, env=os.environ | {"PYTHONPATH": places}, capture_output=True, text=True, timeout=120)


def fake(folder: Path, source: str) -> Path:
    """A folder with a package torchvision that does this when it is imported."""
    (folder / "torchvision").mkdir()
    (folder / "torchvision" / "__init__.py").write_text(source)
    (folder / "torchvision" / "early.py").write_text("loaded = 1\n")
    return folder


@pytest.mark.slow
def test_everything_that_needs_torchvision_imports_and_works():
    work = "import torch, timm\nfrom torchvision.transforms import v2\n"
    work += "print(first == again, v2.Resize(4)(torch.zeros(3, 8, 8)).shape[-1], timm.is_model('resnet18'))"
    done = python(CURE + work)
    assert (done.returncode, done.stdout.split()) == (0, ["True", "4", "True"]), done.stderr


@pytest.mark.slow
def test_sick_torchvision_is_cured_and_reported(tmp_path: Path):
    known = "import sys, torch\nprint(first, again, 'torchvision.early' in sys.modules, torch.ops.torchvision.qnms)"
    done = python(CURE + known, fake(tmp_path, SICK))
    assert (done.returncode, done.stdout.split()) == (0, ["True", "True", "True", "torchvision.qnms"]), done.stderr


@pytest.mark.slow
def test_healthy_torchvision_is_left_alone(tmp_path: Path):
    unknown = "import torch\nprint(first, again, hasattr(torch.ops.torchvision, 'nms'))"
    done = python(CURE + unknown, fake(tmp_path, "healthy = True"))
    assert (done.returncode, done.stdout.split()) == (0, ["False", "False", "False"]), done.stderr


@pytest.mark.slow
def test_other_failures_are_not_swallowed(tmp_path: Path):
    done = python(CURE, fake(tmp_path, "raise RuntimeError('no GPU today')"))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == "RuntimeError: no GPU today"


def test_imported_torchvision_is_not_imported_again(monkeypatch: pytest.MonkeyPatch):
    stub = object()
    monkeypatch.setitem(sys.modules, "torchvision", stub)  # type: ignore[arg-type]
    for libraries in ([], [object()]):
        monkeypatch.setattr(torchvision_cure, "_libraries", libraries)
        assert torchvision_cure.import_torchvision() is bool(libraries)
    assert sys.modules["torchvision"] is stub and len(torchvision_cure._libraries) == 1
