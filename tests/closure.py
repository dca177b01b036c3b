"""Import closure of a stage, read from the source: which files of this repository its result can depend on.

``python -m tests.closure`` prints the code dependencies that dvc.yaml must declare for each stage.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def module_file(module: str) -> Path | None:
    for base in (ROOT / "src", ROOT):
        stem = base / module.replace(".", "/")
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            if path.is_file() and module.split(".")[0] in ("artextract", "stages"):
                return path
    return None


def imported(path: Path) -> set[Path]:
    """Files that one file imports, at any depth of the code: lazy imports count."""
    found: set[Path] = set()
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
                    found.add(file)
    return found


def closure(stage: str) -> list[str]:
    """All code of a stage, as paths relative to the repository, sorted."""
    start = ROOT / "stages" / f"{stage}.py"
    seen, todo = set(), [start, ROOT / "stages" / "__init__.py"]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += imported(path)
    return sorted(str(path.relative_to(ROOT)) for path in seen)


if __name__ == "__main__":
    for path in sorted((ROOT / "stages").glob("[a-z]*.py")):
        print(path.stem, *(f"  - {dep}" for dep in closure(path.stem)), sep="\n")
