"""Files of the explorer's folder as answers: never one outside of it, and never a list of a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# The machine's own table of types differs from system to system, and a module with a wrong type is refused.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class Files(StaticFiles):
    """A folder of files with ETags: what has not changed is not sent again."""

    def __init__(self, folder: Path, caches: Sequence[Path] = ()):
        """Answer from a folder.

        Args:
            folder: The explorer.
            caches: Folders that links in it may lead to: DVC's cache, where DVC was told to link its files.
        """
        super().__init__(directory=folder, html=True)
        self._folder = os.path.abspath(folder)
        self._roots = [os.path.realpath(root) for root in (folder, *caches)]

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """The file at a path of an address, and what the system knows of it; see Starlette."""
        parts = path.replace("\\", "/").split("/")
        if path.startswith(("/", "\\")) or any(part.startswith(".") and part != "." for part in parts):
            return "", None
        full = os.path.realpath(os.path.join(self._folder, path))
        if not any(os.path.commonpath([full, root]) == root for root in self._roots):
            return "", None
        try:
            return full, os.stat(full)
        except (FileNotFoundError, NotADirectoryError):
            return "", None

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The answer with a file; the name in the address tells its type, since a file in a cache has none."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"  # keep it, but ask each time whether it has changed
        if isinstance(response, FileResponse):
            path = scope["path"]
            suffix = ".html" if path.endswith("/") else os.path.splitext(path)[1].lower()
            response.headers["content-type"] = TYPES.get(suffix, "application/octet-stream")
        return response
