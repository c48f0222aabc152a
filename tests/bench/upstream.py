"""The upstream of a figure: the simulator's files behind nginx on loopback."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from gosync.gomod.dirhash import hash_go_mod, hash_zip
from tests.bench.corpus import MadeModule
from tests.simulator.simulator import Simulator, record_text
from tests.simulator.static import write_static

_CONFIG = """\
daemon off;
user {user} {group};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes {workers};
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


def write_upstream(
    made: Iterable[MadeModule], root: Path, *, records: int, index: bool = False
) -> str:
    """Write proxy and checksum database below a root; return the verifier key.

    The log's records of these modules stand evenly among filler records: those
    of a real log stand far apart, too.
    """
    upstream = Simulator()
    modules = list(made)
    for module in modules:
        upstream.log.grow(records // len(modules))
        publish(upstream, module)
    write_static(upstream, root, index=index)
    return upstream.verifier_key


def publish(upstream: Simulator, module: MadeModule) -> None:
    """Publish a module whose zip is made already."""
    data = module.zip
    h1 = hash_zip(lambda start, size: data[start : start + size], len(data))
    source = ModuleSource(module.mv.path, module.mv.version, {"go.mod": module.go_mod})
    record = record_text(module.mv, zip_h1=h1, mod_h1=hash_go_mod(module.go_mod))
    upstream.publish(source, record=record).served[RequestKind.ZIP] = data


def find_nginx() -> str | None:
    """Return the nginx command; Debian keeps it where users do not look."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def nginx(root: Path, folder: Path, *, workers: int = 1) -> Iterator[tuple[str, int]]:
    """Serve a root on loopback; give the URL and the process."""
    command = find_nginx()
    if command is None:
        raise RuntimeError("nginx is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder,
            port=port,
            root=root,
            workers=workers,
            user=pwd.getpwuid(os.geteuid()).pw_name,  # it would be nobody for root
            group=grp.getgrgid(os.getegid()).gr_name,
        )
    )
    server = subprocess.Popen(
        [command, "-p", folder, "-e", folder / "error.log", "-c", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")


def write_config(
    folder: Path,
    *,
    url: str,
    sumdb: str,
    modules: Iterable[str],
    index: str = "",
    deps: str = "none",
) -> Path:
    """Write a configuration into a folder, with its store and tree there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "modules.txt").write_text("".join(f"{line}\n" for line in modules))
    file = folder / "gosync.toml"
    file.write_text(f"""\
[store]
path = "var"
min_free = "1MiB"

[upstream]
proxies = ["{url}"]
index = "{index}"
sumdb = "{sumdb}"

[[select]]
modules_file = "modules.txt"
deps = "{deps}"

[publish]
tree = "public"
""")
    return file
