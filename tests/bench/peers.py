"""``gosync serve`` beside goproxy, where that is on the PATH: warm, one small file.

GOSYNC_BENCH_GOPROXY names it elsewhere; without one there is no row. It is built by
``go install github.com/goproxy/goproxy/cmd/goproxy@latest``. Both have had the file
before: gosync from its tree, goproxy from the same tree behind nginx, in its cache.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.bench.serving import load, serving
from tests.bench.setting import Setting
from tests.bench.table import Row, faster
from tests.bench.upstream import free_port, nginx

_FILES = ("v1.0.0.mod", "v1.0.0.info", "list")
_TARGET = 1.3
_PATIENCE_SECONDS = 30.0


def serve_beside_peers(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    command = os.environ.get("GOSYNC_BENCH_GOPROXY") or shutil.which("goproxy")
    if command is None:
        return
    tree, seconds = setting.room("peer-tree"), setting.sizes.served_seconds
    _write(tree / "peer.example/m/@v")
    with (
        nginx(tree, setting.room("peer-nginx")) as (upstream, _),
        _goproxy(command, setting.room("peer-goproxy"), upstream) as (
            theirs,
            their_pid,
        ),
        serving(setting.room("peer-serve"), tree) as (ours, our_pid),
    ):
        for name in _FILES:
            path = f"/peer.example/m/@v/{name}"
            _wait(f"{theirs}{path}")
            pairs = [
                (
                    load(f"{ours}{path}", our_pid, seconds).seconds,
                    load(f"{theirs}{path}", their_pid, seconds).seconds,
                )
                for _ in range(max(3, setting.runs))
            ]
            yield faster(
                f"serving a warm {name}, a request",
                pairs,
                peer="goproxy",
                target=_TARGET,
            )


def _write(folder: Path) -> None:
    folder.mkdir(parents=True)
    go_mod = "module peer.example/m\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("peer.example/m@v1.0.0/go.mod", go_mod)
    (folder / "v1.0.0.mod").write_text(go_mod)
    (folder / "v1.0.0.zip").write_bytes(packed.getvalue())
    told = '{"Version":"v1.0.0","Time":"2024-01-01T00:00:00Z"}'
    (folder / "v1.0.0.info").write_text(told)
    (folder / "list").write_text("v1.0.0\n")


@contextmanager
def _goproxy(command: str, folder: Path, upstream: str) -> Iterator[tuple[str, int]]:
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [command, "server", "--address", address, "--cacher-dir", str(folder)],
        env={**os.environ, "GOPROXY": upstream, "GOSUMDB": "off"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}", server.pid
    finally:
        server.terminate()
        server.wait()


def _wait(url: str) -> None:
    """Ask until it answers: it has the file afterwards."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            urlopen(url, timeout=_PATIENCE_SECONDS).close()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
