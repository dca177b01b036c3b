"""Variants of a test that only `make test-long` runs: what they find, the first variants find nearly always."""

from __future__ import annotations

from typing import Any

import pytest


def later(*values: Any) -> Any:
    """A variant of a parametrised test that is a long one."""
    return pytest.param(*values, marks=pytest.mark.long)
