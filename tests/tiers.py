"""Which variants of a costly test run in `make test-long` alone."""

from __future__ import annotations

from typing import Any

import pytest


def later(*values: Any) -> Any:
    """A variant of a parametrised test that is a long one."""
    return pytest.param(*values, marks=pytest.mark.long)
