"""Finishes an environment after pip: run once by ``make setup``.

Writes a .pth file, so that ``python -m artextract...`` finds this checkout's code by hand, and the page template that
lets ``dvc plots show`` draw without a network (DVC's own page loads its JavaScript from a content-delivery network).
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

from artextract.core.files import write_text
from artextract.plots_page.build import plots_page

SRC = Path(__file__).resolve().parents[2]
ROOT = SRC.parent
TEMPLATE = ROOT / ".dvc" / "plots.local.html"


def write_pth() -> Path:
    """Put this checkout's src/ on the path of the running environment; returns the file."""
    path = Path(sysconfig.get_paths()["purelib"]) / "artextract-checkout.pth"
    write_text(path, f"{SRC}\n")
    return path


def use_plots_page() -> None:
    """Write the template and name it in this checkout's own DVC configuration (not in the committed one)."""
    write_text(TEMPLATE, plots_page())
    command = [sys.executable, "-m", "dvc", "config", "--local", "plots.html_template", TEMPLATE.name]
    subprocess.run(command, cwd=ROOT, check=True)


def main() -> None:
    """Finish the running virtual environment."""
    if sys.prefix == sys.base_prefix:
        sys.exit("not in a virtual environment. Remedy: make setup")
    write_pth()
    use_plots_page()


if __name__ == "__main__":
    main()
