"""The ten stages of the pipeline; each module is one stage and is started by DVC as ``python -m stages.<name>``.

Importing this package makes sure that the code which runs is the code of *this* checkout: a queued experiment runs in
a temporary checkout, and must import the library that was queued with it.
"""

import os
import sys

SRC = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src")
sys.path.insert(0, SRC)

from artextract.core.parent import end_with_parent  # noqa: E402

end_with_parent()  # first: until then, a stage whose DVC is killed goes on and writes into the checkout

from pathlib import Path  # noqa: E402

import artextract  # noqa: E402

if Path(artextract.__file__).resolve().parent != Path(SRC).resolve() / "artextract":
    sys.exit(
        f"artextract was imported from {artextract.__file__} and not from {SRC}.\n"
        "Remedy: do not install the package (`pip uninstall artextract`), and start stages from the repository's root."
    )

from artextract.core.interpreter import require_environment  # noqa: E402

require_environment("dvc repro")

from artextract.core.runtime import end_in_words  # noqa: E402

end_in_words()
