"""``gosync serve`` as a process: started, asked over HTTP, told to end.

with Serving(folder, tree) as server:
    answer = server.get("/rsc.io/quote/@v/list")
    assert server.stop() == 0
"""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.integration.forked import CHECKOUT

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Serving:
    """One server; what it logs goes to a file in the folder."""

    def __init__(
        self,
        folder: Path,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.log = folder.with_name(f"{folder.name}-serve.log")
        self.url = ""
        self._context: ssl.SSLContext | None = None
        command = [sys.executable, "-m", "gosync", "serve", "--json"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, *command, "--listen", "127.0.0.1:0", *map(str, arguments)],
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT)}
                | {"TMPDIR": str(folder), "HOME": str(folder), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def __enter__(self) -> Self:
        assert self.process.stdout is not None
        lines = b""
        for line in self.process.stdout:
            lines += line
            if line.rstrip() == b"}":
                break
        assert lines, self.logged()
        self.url = json.loads(lines)["url"]
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def logged(self) -> str:
        """Return what it logged so far."""
        return self.log.read_text()

    def trust(self, context: ssl.SSLContext) -> Self:
        """Ask with this TLS context from now on."""
        self._context = context
        return self

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to it."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=60, context=self._context
            )
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def get(self, path: str, *, method: str = "GET", **headers: str) -> Served:
        """Ask for a path, as it stands here; ``if_range`` is the header If-Range."""
        connection = self.connect()
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Served(answer.status, found, answer.read())
        finally:
            connection.close()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def wait_until(self, true: Callable[[], Any]) -> None:
        """Wait for something; fail with the log when the server is gone."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            assert self.process.poll() is None, self.logged()
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.02)
