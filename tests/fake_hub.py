"""A small Hugging Face hub on loopback: what huggingface_hub 2 needs to make, fill, list and read a model repository.

``HF_ENDPOINT`` is read when huggingface_hub is imported: its clients are processes of their own (``environment``).
Files go up inline or by LFS, as on the real hub: tensors by LFS. Writing needs a token. Requests that are not known are
answered with 404 and kept in ``unknown``, so that a test can see what a new version of the client asks for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_fake"
LFS = (".safetensors", ".bin", ".npz")


def _sha1(*parts: bytes) -> str:
    return hashlib.sha1(b"\0".join(parts), usedforsecurity=False).hexdigest()


@dataclass
class FakeHub:
    """Content of the hub.

    Attributes:
        address: http://127.0.0.1:PORT.
        repositories: Files of each repository by their names; one branch, main, without a history.
        objects: Content that came by LFS, by its SHA-256.
        seen: Requests, as METHOD path.
        unknown: Those that no rule answers.
    """

    address: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def add_folder(self, name: str, folder: Path) -> str:
        """Publish a folder as a repository and return its commit."""
        files = (path for path in folder.rglob("*") if path.is_file())
        self.repositories[name] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        return self.commit(name)

    def commit(self, name: str) -> str:
        """The commit that main of a repository is at: a hash of its content."""
        return _sha1(
            *(part for file, data in sorted(self.repositories[name].items()) for part in (file.encode(), data))
        )

    def environment(self, home: Path) -> dict[str, str]:
        """Variables with which a process talks to this hub and has a cache of its own."""
        return {
            "HF_ENDPOINT": self.address, "HF_HOME": str(home), "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
        }  # fmt: skip

    def info(self, name: str) -> dict[str, Any]:
        """What the hub says of a repository."""
        files = [{"rfilename": file, "size": len(data)} for file, data in sorted(self.repositories[name].items())]
        return {
            "_id": "0", "id": name, "modelId": name, "sha": self.commit(name), "private": False, "disabled": False,
            "gated": False, "downloads": 0, "likes": 0, "tags": [], "siblings": files,
            "lastModified": "2026-01-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z",
        }  # fmt: skip

    def tree(self, name: str) -> list[dict[str, Any]]:
        """Its files."""
        return [
            {"type": "file", "path": file, "size": len(data), "oid": _sha1(data)}
            for file, data in sorted(self.repositories[name].items())
        ]

    def apply(self, name: str, lines: bytes) -> dict[str, Any]:
        """Take a commit: one JSON object per line."""
        files = self.repositories[name]
        for line in lines.splitlines():
            value = (entry := json.loads(line))["value"]
            match entry["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.objects[value["oid"]]
                case "deletedFile":
                    files.pop(value["path"], None)
        commit = self.commit(name)
        return {"success": True, "commitOid": commit, "commitUrl": f"{self.address}/{name}/commit/{commit}"}

    def batch(self, wanted: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Where LFS objects go up."""
        href = f"{self.address}/lfs/"
        objects = [
            {"oid": one["oid"], "size": one["size"]}
            | ({} if one["oid"] in self.objects else {"actions": {"upload": {"href": href + one["oid"]}}})
            for one in wanted
        ]
        return {"transfer": "basic", "objects": objects}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(body))} | dict(headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, content: Any, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _missing(self, code: str, headers: Mapping[str, str] | None = None) -> None:
        self._send(404, b"{}", {"X-Error-Code": code} | dict(headers or {}))

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.seen.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command in ("POST", "PUT") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            if not path.startswith("lfs/"):  # the address is the permission, as with the real hub's storage
                return self._json({"error": "Invalid credentials"}, 401)
        for method, pattern, act in RULES:
            if self.command in method and (found := re.fullmatch(pattern, path)):
                name = found.groupdict().get("name")
                if name is not None and name not in self.hub.repositories:
                    return self._missing("RepoNotFound")
                return act(self, body, **found.groupdict())
        self.hub.unknown.append(f"{self.command} {path}")
        self._missing("")

    do_GET = do_HEAD = do_POST = do_PUT = _answer

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked.get('organization') or 'user'}/{asked['name']}"
        if name in self.hub.repositories:
            return self._json(
                {"error": "You already created this model repo", "url": f"{self.hub.address}/{name}"}, 409
            )
        self.hub.repositories[name] = {}
        self._json({"url": f"{self.hub.address}/{name}", "name": name, "id": name})

    def check_card(self, body: bytes) -> None:
        content = json.loads(body)["content"]
        wrong = [] if content.startswith("---\n") else [{"message": "no front matter"}]
        self._json({"errors": wrong, "warnings": []}, 400 if wrong else 200)

    def preupload(self, body: bytes, name: str) -> None:
        def kind(path: str) -> str:
            return "lfs" if path.endswith(LFS) else "regular"

        files = [one["path"] for one in json.loads(body)["files"]]
        self._json(
            {"files": [{"path": path, "uploadMode": kind(path), "shouldIgnore": False, "oid": None} for path in files]}
        )

    def batch(self, body: bytes, name: str) -> None:
        self._json(self.hub.batch(json.loads(body)["objects"]))

    def store(self, body: bytes, oid: str) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            return self._json({"error": "wrong hash"}, 400)
        self.hub.objects[oid] = body
        self._json({})

    def take(self, body: bytes, name: str) -> None:
        self._json(self.hub.apply(name, body))

    def info(self, body: bytes, name: str) -> None:
        self._json(self.hub.info(name))

    def tree(self, body: bytes, name: str, folder: str | None) -> None:
        below = [one for one in self.hub.tree(name) if one["path"].startswith(f"{folder}/" if folder else "")]
        self._json(below) if below else self._missing("EntryNotFound")

    def resolve(self, body: bytes, name: str, revision: str, file: str) -> None:
        commit = self.hub.commit(name)
        if revision not in ("main", commit):
            return self._missing("RevisionNotFound")
        data = self.hub.repositories[name].get(file)
        if data is None:
            return self._missing("EntryNotFound", {"X-Repo-Commit": commit})
        self._send(200, data, {"X-Repo-Commit": commit, "ETag": f'"{_sha1(data)}"'})


NAME = r"(?P<name>[^/]+/[^/]+)"
RULES = (
    ("POST", "api/repos/create", _Handler.create),
    ("POST", "api/validate-yaml", _Handler.check_card),
    ("POST", rf"api/models/{NAME}/preupload/main", _Handler.preupload),
    ("POST", rf"api/models/{NAME}/commit/main", _Handler.take),
    ("POST", rf"{NAME}\.git/info/lfs/objects/batch", _Handler.batch),
    ("PUT", r"lfs/(?P<oid>[0-9a-f]{64})", _Handler.store),
    ("GET", rf"api/models/{NAME}(/revision/[^/]+)?", _Handler.info),
    ("GET", rf"api/models/{NAME}/tree/[^/]+(/(?P<folder>.+))?", _Handler.tree),
    ("GET HEAD", rf"{NAME}/resolve/(?P<revision>[^/]+)/(?P<file>.+)", _Handler.resolve),
)


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """A hub that runs on a free port of loopback while the block does."""
    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
