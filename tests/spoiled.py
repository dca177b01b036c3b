"""Ways to make a good file bad, and a reader of files with a good one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

JUNK = [
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b",", b";", b"\t", b'"', b"'", b"\n", b"\r", b"\r\n", b"\\",
    b"/", b"../", b"-1", b"0", b"1e999", b"NaN", b"inf", b"99999999999999999999", b"null", b"true", b"[]", b"{}",
    b"[" * 3000,
    b"&a [*a]", b"!!python/object:os.system x", b"<!DOCTYPE html>", b"\x1b[31m", "\u202e".encode(), "\u0085".encode(),
    "\ud800".encode("utf-8", "surrogatepass"), b"=1+1", b"%00", b"~", b": ", b"- ", b"#", b"x" * 5000, b"\x80\x04.",
]  # fmt: skip
SCALARS = [
    None, True, 0, -1, 10**30, 1e308, float("nan"), float("inf"), "", "x", "\0", "\ud800", "../x",
    "/etc/passwd", [], {}, [None], {"": None}, [[[]]], {"a": {"a": 1}}, "9" * 5000, ["x"] * 50,
]  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with up to four pieces replaced, doubled, swapped or cut away."""
    for _ in range(draw(st.integers(1, 4))):
        first, second = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        piece = draw(st.one_of(st.sampled_from(JUNK), st.binary(max_size=8)))
        match draw(st.sampled_from(["put", "replace", "cut", "double", "end", "flip"])):
            case "put":
                data = data[:first] + piece + data[first:]
            case "replace":
                data = data[:first] + piece + data[first + max(1, len(piece)) :]
            case "cut":
                data = data[:first] + data[second:]
            case "double":
                data = data[:second] + data[first:]
            case "end":
                data = data[:second]
            case "flip" if data:
                at = min(first, len(data) - 1)
                data = data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
    return data


@st.composite
def spoiled_tree(draw: st.DrawFn, content: Any) -> Any:
    """A document of lists and mappings in which some values are others, or are gone."""
    content = json.loads(json.dumps(content))
    for _ in range(draw(st.integers(1, 3))):
        node = content
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys))
            if isinstance(node[key], dict | list) and node[key] and draw(st.integers(0, 3)):
                node = node[key]
                continue
            if draw(st.booleans()):
                node[key] = copy.deepcopy(draw(st.sampled_from(SCALARS)))
            else:
                del node[key]
            break
    return content


@dataclass(frozen=True)
class Parser:
    """A reader of files.

    Attributes:
        file: Name of the file in its folder.
        good: A file that is read.
        read: Reads; gets the file's path.
        tree: The content, where the file is JSON or YAML: it is spoiled as a tree too.
        dump: Content to text.
    """

    file: str
    good: bytes
    read: Callable[[Path], Any]
    tree: Any = None
    dump: Callable[[Any], str] = json.dumps

    def bad(self) -> st.SearchStrategy[bytes]:
        """Files that are like the good one, and others."""
        ways: list[st.SearchStrategy[bytes]] = [spoiled(self.good), spoiled(self.good), st.sampled_from(JUNK)]
        if self.tree is not None:
            trees = spoiled_tree(self.tree).map(lambda tree: self.dump(tree).encode("utf-8", "surrogatepass"))
            ways += [trees, trees]
        return st.one_of(ways)
