"""Lets pages of docs/ link to files of the repository that are outside of docs/, on GitHub and on the site alike.

Notebooks become pages. A link such as ``../README.md`` works on GitHub. On the site there is nothing above docs/, so
that every file which a page links to is added to the site under ``repository/``, and the link is changed to lead there.
mkdocs calls the functions by their names (https://www.mkdocs.org/dev-guide/plugins/#events).
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
ADDED = "repository"
ROOT = Path(__file__).resolve().parents[2]


def _in_repository(uri: str) -> Path:
    """The repository's file that a page of the site shows."""
    inside = PurePosixPath(uri)
    file = ROOT.joinpath(*inside.parts[1:]) if inside.parts[0] == ADDED else ROOT / "docs" / inside
    return file if file.is_file() else file.with_suffix(".ipynb")


def _on_site(file: Path) -> str:
    """The address, from the site's root, of a file of the repository; a notebook is shown as a page."""
    docs = ROOT / "docs"
    if file.suffix == ".ipynb":
        file = file.with_suffix(".md")
    return (
        file.relative_to(docs).as_posix()
        if file.is_relative_to(docs)
        else f"{ADDED}/{file.relative_to(ROOT).as_posix()}"
    )


def _as_page(notebook: Path) -> str:
    """The cells of a notebook as Markdown."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = [("".join(cell["source"]), cell["cell_type"] == "code") for cell in cells]
    return "\n\n".join(f"```python\n{text}\n```" if is_code else text for text, is_code in texts)


def _targets(text: str, page: Path) -> dict[str, Path]:
    """Link targets of a page as they are written, and the existing files of the repository that they mean."""
    wanted = {link: (page.parent / link).resolve() for link in LINK.findall(text) if "://" not in link}
    return {link: path for link, path in wanted.items() if path.is_relative_to(ROOT) and path.is_file()}


def on_files(files: Files, config: Any) -> Files:
    """Add every file outside of docs/ that a page links to; pages that are added may link to further ones."""
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            page = Path(file.src_uri).with_suffix(".md").as_posix()
            files.append(File.generated(config, page, content=_as_page(ROOT / "docs" / file.src_uri)))
    todo = [file.src_uri for file in files.documentation_pages()]
    for uri in todo:
        page = _in_repository(uri)
        for path in _targets(page.read_text(encoding="utf-8"), page).values():
            address = _on_site(path)
            if address.startswith(f"{ADDED}/") and files.get_file_from_path(address) is None:
                files.append(File.generated(config, address, abs_src_path=str(path)))
                if path.suffix == ".md":
                    todo.append(address)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Change links that leave docs/, and all links of pages from outside of it."""
    uri = page.file.src_uri
    here = _in_repository(uri)
    targets = _targets(markdown, here)

    def rewritten(match: re.Match[str]) -> str:
        path = targets.get(match[1])
        if path is None:
            return match[1]
        return os.path.relpath(_on_site(path), PurePosixPath(uri).parent.as_posix())

    return LINK.sub(rewritten, markdown)
