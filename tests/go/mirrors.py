"""Three ways to reach a published tree: nginx, Python's http.server, file://.

A Mirror serves one path that is a symbolic link to a tree, so that the tree behind
one address can move: what a client sees before and after are images of one real
tree before and after a sync.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.integration.site import CHECKOUT

TRANSPORTS = ("nginx", "http.server", "file")
_SAMPLE = CHECKOUT / "samples" / "nginx.conf"
_START_SECONDS = 120.0
_ATTEMPTS = 5
_NGINX = """\
daemon off;
{user}
pid "{folder}/nginx.pid";
error_log "{folder}/error.log";
worker_processes 1;
events {{ }}
http {{
    access_log "{folder}/access.log";
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    include "{folder}/site.conf";
}}
"""


@dataclass(frozen=True)
class Mirror:
    """A tree at an address.

    Attributes:
        url: The address, a GOPROXY value.
        served: The link to the tree.
    """

    url: str
    served: Path

    def move(self, tree: Path) -> None:
        """Serve another tree from now on."""
        _link(self.served, tree)


@contextmanager
def serve(transport: str, folder: Path, tree: Path) -> Iterator[Mirror]:
    """Serve a tree; the server's own files go below ``folder``."""
    folder.mkdir()
    served = folder / "served"
    _link(served, tree)
    if transport == "file":
        yield Mirror(f"file://{served}", served)
        return
    if transport == "nginx":
        started = nginx(folder, partial(sample_for, served=served))
    else:
        started = _http_server(folder, served)
    with started as port:
        yield Mirror(f"http://127.0.0.1:{port}", served)


def find_nginx() -> str:
    """Return the nginx command, or skip the test."""
    for folder in (*os.get_exec_path(), "/usr/sbin", "/usr/local/sbin"):
        command = Path(folder) / "nginx"
        if os.access(command, os.X_OK):
            return str(command)
    pytest.skip("no nginx on PATH or in /usr/sbin; .ci/setup installs it")


def _link(served: Path, tree: Path) -> None:
    fresh = served.with_suffix(".new")
    fresh.symlink_to(tree)
    fresh.replace(served)


@contextmanager
def nginx(folder: Path, site: Callable[[int], str]) -> Iterator[int]:
    """Run nginx with what ``site`` says for a port; yields the port."""
    command = find_nginx()
    # Only a server that root started has users to choose from.
    user = "user root;" if os.getuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(user=user, folder=folder))
    for _ in range(_ATTEMPTS):
        port = _free_port()
        (folder / "site.conf").write_text(site(port))
        process = subprocess.Popen(
            [command, "-p", str(folder), "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if _answers(process, port):
                yield port
                return
        finally:
            process.terminate()
            process.wait()
    raise AssertionError((folder / "error.log").read_text())


def sample_for(port: int, served: Path) -> str:
    """Return the sample configuration for another port and folder, else as it is."""
    text = _SAMPLE.read_text()
    for old, new in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("root /srv/goproxy;", f'root "{served}";'),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server answers; False when it ended, its port was taken."""
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            time.sleep(0.02)  # another's port: ours is about to give up
            return process.poll() is None
    return False


@contextmanager
def _http_server(folder: Path, served: Path) -> Iterator[int]:
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with (
        (folder / "access.log").open("wb") as log,
        subprocess.Popen(
            [*command, "--directory", str(served)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"port (\d+)", process.stdout.readline())
            assert found is not None
            yield int(found[1])
        finally:
            process.terminate()
