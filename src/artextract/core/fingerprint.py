"""Identities: hashes of files, of content and of the code that computed something, and library versions."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "artextract"
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # fields of a statement that hold statements
SRC = Path(__file__).resolve().parents[2]


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of bytes, as hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, as hex, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def content_key(*parts: Any) -> str:
    """A short name for scratch folders, made from everything that their content depends on."""
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())[:20]


def code_of(*modules: str) -> str:
    """A hash over the code of modules and of everything in this package that they import, at any depth.

    Work that one version of the code has left in a cache never serves another version; an edit of code that the
    modules do not import changes nothing. Parameters are not counted: their values belong into the key themselves.

    Args:
        modules: Full names of modules, e.g. ``__name__``.

    Raises:
        ModuleNotFoundError: There is no such module in this package.
    """
    return content_key([(name, sha256_file(path)) for name, path in sorted(code_closure(*modules).items())])


def code_closure(*modules: str) -> dict[str, Path]:
    """Names and files of modules of this package and of all that they import, lazy imports included.

    Args:
        modules: Full names of modules.

    Raises:
        ModuleNotFoundError: There is no such module in this package.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith(f"{PACKAGE}.params"):
            continue
        path = _file_of(name)
        if path is None:
            raise ModuleNotFoundError(f"there is no module {name} in {SRC}", name=name)
        found[name] = path
        waiting += _imports(path.read_text(encoding="utf-8"))
    return found


def _file_of(module: str) -> Path | None:
    stem = SRC / module.replace(".", "/")
    candidates = (stem.with_suffix(".py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _imports(code: str) -> list[str]:
    """Modules of this package that a source file imports, their parent packages included."""
    return [
        ".".join(name.split(".")[:k]) for name in _named(code) if _file_of(name) for k in range(1, name.count(".") + 2)
    ]


@cache
def _named(code: str) -> tuple[str, ...]:
    """Names in this package that a source file may import as modules. A stage asks for most files several times."""
    named: list[str] = []
    for node in _statements(ast.parse(code).body):
        if isinstance(node, ast.Import):
            named += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            named += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(name for name in named if name.split(".")[0] == PACKAGE)


def _statements(block: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All statements at any depth but those that only a type checker sees; expressions hold no imports."""
    for node in block:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        for inside in BLOCKS:
            yield from _statements(getattr(node, inside, ()))


def libraries(*names: str) -> dict[str, str]:
    """Versions of installed distributions that a result depends on; "" where one is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found
