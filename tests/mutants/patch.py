"""Puts a changed source in the place of a module that is loaded, for all that have imported something from it."""

from __future__ import annotations

import inspect
import sys
import types
from functools import cached_property
from typing import Any

ACCESSORS = (staticmethod, classmethod)


def patch(module: types.ModuleType, source: str) -> None:
    """Give functions, methods and constants of a module the code and the values of another source.

    The functions stay the same objects, so that ``from module import function`` elsewhere sees the change. A constant
    is set wherever it was imported to under its own name.

    Args:
        module: Loaded module.
        source: Its source after a change; running it may raise anything.
    """
    changed = types.ModuleType(module.__name__)
    changed.__dict__.update(__file__=module.__file__, __package__=module.__package__)
    loaded = sys.modules[module.__name__]
    sys.modules[module.__name__] = changed  # dataclasses look their module up
    try:
        exec(compile(source, str(module.__file__), "exec"), changed.__dict__)
    finally:
        sys.modules[module.__name__] = loaded
    for name, new in list(vars(changed).items()):
        old = vars(module).get(name)
        # Classes and functions of other modules are as they were. A constant's ``__module__`` is that of its class.
        imported = (inspect.isclass(old) or callable(old)) and getattr(old, "__module__", None) != module.__name__
        if not imported:
            _replace(module, name, old, new)


def _replace(module: types.ModuleType, name: str, old: Any, new: Any) -> None:
    if inspect.isclass(old) and inspect.isclass(new):
        for member, value in list(vars(new).items()):
            _member(old, member, vars(old).get(member), value)
    elif callable(old) and isinstance(inspect.unwrap(old), types.FunctionType):
        _function(old, new)
    elif not name.startswith("__") and not isinstance(old, types.ModuleType) and repr(old) != repr(new):
        for other in list(sys.modules.values()):
            if other is not None and getattr(other, "__dict__", {}).get(name) is old:
                setattr(other, name, new)


def _member(owner: type, name: str, old: Any, new: Any) -> None:
    if isinstance(old, property):
        _function(old.fget, new.fget)
    elif isinstance(old, ACCESSORS):
        _function(old.__func__, new.__func__)
    elif callable(old) and isinstance(inspect.unwrap(old), types.FunctionType):
        _function(old, new)
    elif isinstance(old, cached_property):
        _function(old.func, new.func)
    elif not name.startswith("__") and isinstance(old, int | float | str | tuple) and old != new:
        setattr(owner, name, new)


def _function(old: Any, new: Any) -> None:
    old, new = inspect.unwrap(old), inspect.unwrap(new)
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
