"""The nine stages of the pipeline; each module is one stage and is started by DVC as ``python -m stages.<name>``.

Importing this package makes sure that the code which runs is the code of *this* checkout: a queued experiment runs in
a temporary checkout, and must import the library that was queued with it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

_missing = [name for name in ("numpy", "pandas", "pydantic", "torch", "timm", "filelock") if find_spec(name) is None]
if _missing:
    sys.exit(
        f"{Path(sys.argv[0]).name}: this Python ({sys.executable}) lacks {', '.join(_missing)}.\n"
        "Remedy: work in the project's environment: `make setup`, then `source .venv/bin/activate`, then `dvc repro`."
    )

sys.path.insert(0, str(SRC))

import artextract  # noqa: E402

if Path(artextract.__file__).resolve().parent != SRC / "artextract":
    sys.exit(
        f"artextract was imported from {artextract.__file__} and not from {SRC}.\n"
        "Remedy: do not install the package (`pip uninstall artextract`), and start stages from the repository's root."
    )
