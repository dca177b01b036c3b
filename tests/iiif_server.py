"""A real IIIF server: iipimage-server behind nginx, which answers so many requests a second, and 429 to the others.

Both come from Debian's packages iipimage-server, nginx-light and libvips-tools (vips makes the pyramids).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

IIPSRV = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user {user};
events {{ worker_connections 64; }}
http {{
    log_format asked '$status $uri'; access_log {folder}/asked.log asked;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    limit_req_zone $binary_remote_addr zone=all:1m rate={rate}r/s; limit_req_status 429;
    types {{ text/csv csv; }}
    server {{
        listen 127.0.0.1:{port};
        location /iiif/ {{
            limit_req zone=all;
            fastcgi_pass 127.0.0.1:{backend};
            fastcgi_param REQUEST_METHOD $request_method; fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string; fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param HTTP_HOST $http_host; fastcgi_param PATH_INFO $fastcgi_script_name;
        }}
        location /opendata/ {{ root {folder}; }}
    }}
}}
"""


def missing_programs() -> list[str]:
    """Programs that are needed and not here."""
    return [name for name in ("nginx", "vips") if not shutil.which(name)] + ([] if IIPSRV.exists() else [str(IIPSRV)])


@dataclass
class IIIFServer:
    """A running server: images under ``base``/iiif/NAME, files in ``folder``/opendata under ``base``/opendata."""

    base: str
    folder: Path

    def asked(self, status: int = 200) -> list[str]:
        """Paths that were answered with this status, in order, from nginx's log."""
        lines = (self.folder / "asked.log").read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{status} ")]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def iiif_server(folder: Path, images: Mapping[str, bytes], *, rate: int) -> Iterator[IIIFServer]:
    """Serve JPEGs over IIIF.

    Args:
        folder: Empty folder for everything that the server needs.
        images: JPEG by its identifier.
        rate: Requests a second that are answered.
    """
    store = folder / "images"
    store.mkdir(parents=True)

    def pyramid(name: str) -> None:
        source, target = folder / f"{name}.jpg", folder / f"{name}.tif"
        source.write_bytes(images[name])
        command = ["vips", "tiffsave", str(source), str(target), "--tile", "--pyramid", "--compression", "jpeg"]
        made = subprocess.run(command, capture_output=True, text=True)
        assert made.returncode == 0, f"vips ended with {made.returncode}: {made.stderr}"
        target.rename(store / name)
        source.unlink()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(pyramid, images))
    port, backend = _free_port(), _free_port()
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, user=user, rate=rate, port=port, backend=backend))
    env = os.environ | {"FILESYSTEM_PREFIX": f"{store}/", "URI_MAP": "iiif=>IIIF", "LOGFILE": str(folder / "iip.log")}
    commands = ([str(IIPSRV), "--bind", f"127.0.0.1:{backend}"], ["nginx", "-c", str(conf), "-p", str(folder)])
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands
    ]
    try:
        end = time.monotonic() + 20
        while not (_listening(port) and _listening(backend)):
            assert time.monotonic() < end, (folder / "error.log").read_text()
            time.sleep(0.05)
        yield IIIFServer(f"http://127.0.0.1:{port}", folder)
    finally:
        for process in running:
            process.terminate()
            process.wait(10)
