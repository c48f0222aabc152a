"""A module proxy on loopback that answers as a broken one would."""

from __future__ import annotations

import io
import json
import socket
import socketserver
import struct
import threading
import zipfile
from collections.abc import Callable, Mapping
from typing import Self

HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"
CLOSE = b""
RESET = b"\x00reset"
Answer = Callable[[str], bytes]


def response(status: str, body: bytes = b"", *headers: str, length: int = -1) -> bytes:
    """Return an answer as it goes over the wire.

    Args:
        status: Number and reason.
        body: Its body.
        headers: Further header lines.
        length: What Content-Length says; the body's own where negative.
    """
    said = length if length >= 0 else len(body)
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {said}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def module_files(
    path: str, version: str, files: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Return what a good proxy has of one version, by its paths."""
    contents = {"go.mod": f"module {path}\n", "m.go": "package m\n", **(files or {})}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in contents.items():
            archive.writestr(f"{path}@{version}/{name}", text)
    info = json.dumps({"Version": version, "Time": "2020-01-01T00:00:00Z"})
    return {
        f"/{path}/@v/list": f"{version}\n".encode(),
        f"/{path}/@v/{version}.info": info.encode(),
        f"/{path}/@v/{version}.mod": contents["go.mod"].encode(),
        f"/{path}/@v/{version}.zip": buffer.getvalue(),
    }


GOOD = module_files("a.example/m", "v1.0.0")


def but(**wrong: bytes) -> Answer:
    """Return a good proxy, but for some kinds of files: info, mod, zip, list, sumdb."""

    def answer(path: str) -> bytes:
        for kind, said in wrong.items():
            if path.endswith((f".{kind}", f"/{kind}")) or path.startswith(f"/{kind}/"):
                return said
        if path in GOOD:
            return response("200 OK", GOOD[path])
        return response("404 Not Found", f"not found: {path}".encode())

    return answer


def always(said: bytes) -> Answer:
    """Return a proxy that has one answer."""
    return lambda _: said


class BrokenProxy:
    """Answers requests on a port of its own, until it is closed.

    Attributes:
        asked: The paths that were asked, in their order.
    """

    def __init__(self, answer: Answer) -> None:
        self.asked: list[str] = []

        def heard(path: str) -> bytes:
            self.asked.append(path)
            return answer(path)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _serve(self.request, heard)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _serve(connection: socket.socket, answer: Answer) -> None:
    asked = b""
    while b"\r\n\r\n" not in asked:
        part = connection.recv(65536)
        if not part:
            return
        asked += part
        if asked[0] == 0x16:  # a TLS client's hello
            connection.sendall(response("400 Bad Request"))
            return
    said = answer(asked.split(b" ", 2)[1].decode("latin-1"))
    if said == RESET:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    else:
        connection.sendall(said)
    connection.close()
