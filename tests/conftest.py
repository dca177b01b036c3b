"""Fixtures, and the only place that knows where test data outside the repository are."""

from __future__ import annotations

import io
import os
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from artextract.core.runtime import keep_freed_memory

ROOT = Path(__file__).resolve().parent.parent
keep_freed_memory()
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait leave their core to other workers
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # tests start hundreds of processes, which would all compile the code
os.environ.setdefault("DVC_NO_ANALYTICS", "1")  # in a repository made by a test, each command would start a reporter
settings.register_profile("default", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("default")


def test_data(name: str) -> Path:
    """Folder of real data for tests that are marked ``real``; the test is skipped if the folder is missing."""
    root = Path(os.environ.get("ARTEXTRACT_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (root / name).is_dir():
        pytest.skip(f"real data missing: {root / name} (set ARTEXTRACT_TEST_DATA)")
    return root / name


test_data.__test__ = False  # type: ignore[attr-defined]


def installed(package: str) -> Distribution:
    """An installed data package for tests of its content; the test is skipped if the package is missing."""
    try:
        return distribution(package)
    except PackageNotFoundError:
        pytest.skip(f"the data package {package} is not installed")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cache folder of the tests, apart from the user's; converted weights in it are shared within a session."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(folder))
    return folder


def jpeg(seed: int, width: int = 40, height: int = 30, **save: object) -> bytes:
    """A small JPEG that depends on the seed; the picture is smooth, so that its perceptual hash is stable."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(buffer, "JPEG", **{"quality": 95} | save)
    return buffer.getvalue()
