"""Import closure of a stage, read from the source: the code of this repository that its result can depend on.

``python -m tests.closure`` prints the rooms that dvc.yaml must declare for each stage. The code does not use
``artextract.core.fingerprint``, which computes the same closure, so that a test can compare the two.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "src/artextract"
SPLIT_ROOMS = ("data", "classification", "similarity", "siamese")  # rooms that consist of rooms
NOT_TRACKED = (f"{PACKAGE}/params",)  # DVC tracks the values; a test holds that the schema cannot change one


def module_file(module: str) -> Path | None:
    for base in (ROOT / "src", ROOT):
        stem = base / module.replace(".", "/")
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file() and module.split(".")[0] in ("artextract", "stages"):
                return path
    return None


def imported(path: Path) -> set[Path]:
    """Files that a file imports, including imports inside functions."""
    files: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            for k in range(1, len(parts) + 1):
                if (file := module_file(".".join(parts[:k]))) is not None:
                    files.add(file)
    return files


def closure(stage: str) -> list[str]:
    """Paths of all code of a stage, relative to the repository and sorted."""
    seen: set[Path] = set()
    todo = [ROOT / "stages" / f"{stage}.py"]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += imported(path)
    return sorted(str(path.relative_to(ROOT)) for path in seen)


def room(path: str) -> str:
    """The room of a file, as dvc.yaml names it; "" for the package's own ``__init__``."""
    inside = Path(path).relative_to(PACKAGE).parts[:-1]
    depth = 2 if inside and inside[0] in SPLIT_ROOMS else 1
    return "/".join((PACKAGE, *inside[:depth])) if len(inside) >= depth else ""


def rooms(stage: str) -> list[str]:
    """The rooms whose code a stage imports, sorted."""
    entered = {room(path) for path in closure(stage) if path.startswith(PACKAGE)}
    return sorted(entered - {"", *NOT_TRACKED})


if __name__ == "__main__":
    for path in sorted((ROOT / "stages").glob("[a-z]*.py")):
        print(path.stem, *(f"  - {dep}" for dep in rooms(path.stem)), sep="\n")
