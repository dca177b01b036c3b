"""Keeps torch's compiler out of a process whose libraries only mark functions for it.

torchvision asks ``torch._dynamo`` for one function, and marks others for it, as timm does. Either imports the compiler
with some four hundred modules, which takes as long as the import of torch itself. Nothing here compiles.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
UTILS = f"{COMPILER}.utils"


class _StandIn(ModuleType):
    """A module in the place of the compiler's; it brings the compiler in where more is wanted of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by whoever looks through all modules
            raise AttributeError(name)
        _leave()
        return getattr(importlib.import_module(self.__name__), name)


def _leave() -> None:
    for name in (COMPILER, UTILS):
        if isinstance(sys.modules.get(name), _StandIn):
            del sys.modules[name]


def _is_compile_supported(device: str) -> bool:
    """The compiler's function of this name, which is asked when an operator runs."""
    return importlib.import_module(UTILS).is_compile_supported(device)


def _unmarked(function: Any = None, *_: Any, **__: Any) -> Any:
    """A function as it is; without one, a decorator that leaves functions as they are."""
    return (lambda other: other) if function is None else function


@contextmanager
def no_compiler() -> Iterator[None]:
    """Imports in the block do without the compiler; nothing happens where it is loaded already.

    What is marked in the block with ``torch.compiler.disable`` is not marked: it matters only to who compiles it.
    """
    if COMPILER in sys.modules:
        yield
        return
    compiler, utils = _StandIn(COMPILER), _StandIn(UTILS)
    vars(compiler).update(__path__=[], utils=utils, disable=_unmarked)
    vars(utils).update(is_compile_supported=_is_compile_supported)
    sys.modules.update({COMPILER: compiler, UTILS: utils})
    try:
        yield
    finally:
        _leave()
