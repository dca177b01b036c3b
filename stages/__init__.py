"""The ten stages of the pipeline; each module is one stage and is started by DVC as ``python -m stages.<name>``.

Importing this package makes sure that the code which runs is the code of *this* checkout: a queued experiment runs in
a temporary checkout, and must import the library that was queued with it.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
sys.path.insert(0, str(SRC))

import artextract  # noqa: E402

if Path(artextract.__file__).resolve().parent != SRC / "artextract":
    sys.exit(
        f"artextract was imported from {artextract.__file__} and not from {SRC}.\n"
        "Remedy: do not install the package (`pip uninstall artextract`), and start stages from the repository's root."
    )

from artextract.core.interpreter import require_environment  # noqa: E402

require_environment("dvc repro")

from artextract.core.runtime import end_in_words  # noqa: E402

end_in_words()
