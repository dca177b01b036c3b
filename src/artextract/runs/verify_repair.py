"""Damaged copies of what stages wrote, and how a whole copy replaces them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artextract.core.files import copy_file
from artextract.core.locked import FOLDER
from artextract.runs.verify_files import Wanted
from artextract.runs.verify_stores import ABSENT, Cache, Remote, is_whole

ASIDE = Path(".dvc/tmp/artextract/damaged")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was.

    Attributes:
        where: File or object.
        problem: What is wrong.
        done: What was done about it, or what to do.
        mended: Whether it is whole again.
    """

    where: str
    problem: str
    done: str = ""
    mended: bool = False

    def __str__(self) -> str:
        """One line."""
        return f"{self.where}: {self.problem}" + (f"; {self.done}" if self.done else "")


@dataclass(frozen=True)
class Copy:
    """A copy that is damaged or missing.

    Attributes:
        where: File or object.
        problem: What another content means there.
        found: MD5 of its content; "" where it is missing.
        replace: Puts the content of a file in its place.
        drop: Takes it away.
    """

    where: str
    problem: str
    found: str
    replace: Callable[[Path], None]
    drop: Callable[[], None]


def _in_store(store: Cache | Remote, md5: str, found: str) -> Copy:
    return Copy(store.place(md5), "damaged", found, lambda source: store.put(md5, source), lambda: store.drop(md5))


@dataclass(frozen=True)
class States:
    """What was found in the cache and in the remote, and how one copy replaces another.

    Attributes:
        root: Root of the checkout.
        cache: DVC's cache.
        remote: A remote, if one was read.
        in_cache: MD5 of the content of each object there.
        in_remote: The same of the remote.
        scratch: A folder for what is fetched.
    """

    root: Path
    cache: Cache
    remote: Remote | None
    in_cache: dict[str, str]
    in_remote: dict[str, str]
    scratch: Path

    def findings(self, one: Wanted, repair: bool) -> list[Finding]:
        """What is wrong with the copies of one content."""
        md5 = one.md5
        damaged = [self._in_data(file, found) for file, found in one.data.items() if not is_whole(md5, found)]
        for store, known in ((self.cache, self.in_cache), (self.remote, self.in_remote)):
            if store is not None and (found := known.get(md5, ABSENT)) and not is_whole(md5, found):
                damaged.append(_in_store(store, md5, found))
        if not damaged:
            if repair and not self._has(self.in_cache, md5) and (source := self._source(one)) is not None:
                self.cache.put(md5, source)  # from the data
            return []
        source = self._source(one) if repair else None
        lines = []
        for copy in damaged:
            problem = f"{copy.problem}: its MD5 is {copy.found}, and {md5} is right" if copy.found else "missing"
            if not repair:
                lines.append(Finding(copy.where, problem, self._advice(one)))
            elif source is not None:
                copy.replace(source)
                lines.append(Finding(copy.where, problem, "repaired", True))
            else:
                copy.drop()
                lines.append(Finding(copy.where, problem, self._anew(one), not one.stages))
        if repair and source is not None and one.stages:
            self.cache.put(md5, source)
            self.in_cache[md5] = md5.removesuffix(FOLDER)
        return lines

    def _in_data(self, file: Path, found: str) -> Copy:
        return Copy(
            str(file),
            "not what dvc.lock says",
            found,
            lambda source: self._replace(file, found, source),
            lambda: self._set_aside(file),
        )

    def _has(self, states: dict[str, str], md5: str) -> bool:
        return is_whole(md5, states.get(md5, ABSENT))

    def _source(self, one: Wanted) -> Path | None:
        """A whole copy as a file: of the cache, of the data, of the remote."""
        if self._has(self.in_cache, one.md5):
            return self.cache.path(one.md5)
        for file, found in one.data.items():
            if is_whole(one.md5, found):
                return file
        new = self.scratch / "source"
        if self.remote is not None and self._has(self.in_remote, one.md5):
            self.remote.fetch(one.md5, new)
            return new
        if one.content is not None:
            new.write_bytes(one.content)
            return new
        return None

    def _replace(self, file: Path, found: str, source: Path) -> None:
        """Put a whole copy among the data."""
        if not self._has(self.in_cache, found):
            self._set_aside(file)
        copy_file(source, file)

    def _set_aside(self, file: Path) -> None:
        """Take a damaged file out of the data; it is kept, in case it was changed on purpose."""
        if file.is_file():
            kept = self.root / ASIDE / os.path.relpath(file, self.root)
            copy_file(file, kept)
            file.unlink()

    def _advice(self, one: Wanted) -> str:
        places = {"DVC's cache": self._has(self.in_cache, one.md5), "the remote": self._has(self.in_remote, one.md5)}
        in_data = any(is_whole(one.md5, found) for found in one.data.values())
        places["the data"] = in_data or one.content is not None
        whole = [name for name, is_there in places.items() if is_there]
        if whole:
            return f"--repair takes it from {whole[0]}"
        return "no whole copy was found: --repair takes it away, " + (self._again(one) or "it belongs to another run")

    def _again(self, one: Wanted) -> str:
        return f"`dvc repro {' '.join(dict.fromkeys(one.stages))}` makes it anew" if one.stages else ""

    def _anew(self, one: Wanted) -> str:
        if not one.stages:
            return "dropped; it belongs to another run: `dvc fetch --all-commits`, or `dvc repro` there, brings it back"
        kept = f" (a damaged file is kept in {ASIDE})" if one.data else ""
        return f"no whole copy was found: taken away{kept}; {self._again(one)}"

    def notes(self, objects: dict[str, Wanted]) -> list[str]:
        """What is missing without being damaged."""
        lost = [one for one in objects.values() if not one.data and not self._has(self.in_cache, one.md5)]
        stages = dict.fromkeys(name for one in lost if one.content is None for name in one.stages)
        absent = [one for one in objects if self.remote is not None and not self.in_remote.get(one)]
        lines = [f"{len(absent):,} objects are not in {self.remote.name}: `dvc push`"] if self.remote and absent else []
        return lines + [
            f"not here, and not in DVC's cache: what {name} wrote: `dvc pull`, or `dvc repro`" for name in stages
        ]
