"""Finishes an environment after pip: run as the last step of ``make setup``."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.environment import place
from artextract.plots_page.build import plots_page

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / ".dvc" / "plots.local.html"


def use_plots_page() -> None:
    """Write the page template and name it in this checkout's own DVC configuration (not in the committed one)."""
    write_text(TEMPLATE, plots_page())
    command = [sys.executable, "-m", "dvc", "config", "--local", "plots.html_template", TEMPLATE.name]
    subprocess.run(command, cwd=ROOT, check=True)


def finish() -> None:
    """Tie the running environment to the place where it is, and write what its commands need.

    Raises:
        ArtExtractError: This Python is not that of a virtual environment.
    """
    if sys.prefix == sys.base_prefix:
        raise ArtExtractError("this Python is not that of a virtual environment", remedy="make setup")
    prefix = Path(sys.prefix)
    moved = place.renew_activation(prefix)
    renewed = place.renew_scripts(prefix / "bin")
    if moved and renewed:
        print(f"The environment came from another place: scripts mended: {len(renewed)}.")
    place.write_hook(Path(sysconfig.get_paths()["purelib"]))
    place.write_command(prefix / "bin")
    use_plots_page()
