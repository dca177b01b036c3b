"""Finishes an environment after pip: run once by ``make setup``.

Writes a .pth file, so that ``python -m artextract...`` finds this checkout's code by hand, and the page template that
lets ``dvc plots show`` draw without a network (DVC's own page loads its JavaScript from a content-delivery network).
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import typer

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_text
from artextract.plots_page.build import plots_page

SRC = Path(__file__).resolve().parents[2]
ROOT = SRC.parent
app = typer.Typer(help="Finish or check the environment that the project runs in.", no_args_is_help=True)
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


@app.command("set-up")
def set_up() -> None:
    """Finish an environment after pip: what `make setup` does last."""
    if sys.prefix == sys.base_prefix:
        raise ArtExtractError("this Python is not that of a virtual environment", remedy="make setup")
    write_pth()
    use_plots_page()
