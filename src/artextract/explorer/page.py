"""The page itself: its files, and the JavaScript parts that it uses."""

from __future__ import annotations

import shutil
from pathlib import Path

from artextract.core.files import copy_file
from artextract.core.web_parts import part

PAGE = Path(__file__).with_name("page")
SUFFIXES = (".html", ".css", ".js", ".svg")
VENDOR = {  # name in the folder: package, file
    "d3.min.js": ("d3", "dist/d3.min.js"),
    "minisearch.js": ("minisearch", "dist/umd/index.js"),
    "openseadragon.min.js": ("openseadragon", "build/openseadragon/openseadragon.min.js"),
    "images": ("openseadragon", "build/openseadragon/images"),
    "LICENSE-d3.txt": ("d3", "LICENSE"),
    "LICENSE-minisearch.txt": ("minisearch", "LICENSE.txt"),
    "LICENSE-openseadragon.txt": ("openseadragon", "LICENSE.txt"),
}


def write_page(folder: Path) -> None:
    """Copy the page and its parts.

    Args:
        folder: The explorer's folder.

    Raises:
        ArtExtractError: A JavaScript part is not installed.
    """
    for source in sorted(PAGE.rglob("*")):
        if source.suffix in SUFFIXES:
            target = folder / source.relative_to(PAGE)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(source, target)
    (folder / "vendor").mkdir(parents=True, exist_ok=True)
    for name, (package, inside) in VENDOR.items():
        source = part(package, inside)
        if source.is_dir():
            shutil.copytree(source, folder / "vendor" / name, copy_function=copy_file)
        else:
            copy_file(source, folder / "vendor" / name)
