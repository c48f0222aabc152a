"""A tiny HTTP server on loopback that does what a test's script says.

``server.script(path, *replies)`` says how a path is answered: each reply in turn,
the last one again and again. A reply is bytes to send as they are, or a function
that is given the connection. Unknown paths are 404. ``server.requests`` keeps what
came, in order.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

Reply = bytes | Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def answer(
    body: bytes = b"",
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
    framed: bool = True,
) -> bytes:
    """Return the bytes of an answer, by default with a right Content-Length."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if framed:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    else:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str, *, status: int = 302) -> bytes:
    """Return the bytes of a redirect."""
    return answer(b"over there", status=status, headers={"Location": location})


def closing(data: bytes) -> Callable[[socket.socket], None]:
    """Send bytes, then end the connection in good order."""

    def reply(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return reply


def resetting(data: bytes) -> Callable[[socket.socket], None]:
    """Send bytes, then break the connection with a RST."""

    def reply(connection: socket.socket) -> None:
        connection.sendall(data)
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()

    return reply


def stalling(data: bytes, *, seconds: float = 10.0) -> Callable[[socket.socket], None]:
    """Send bytes, then nothing."""

    def reply(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.settimeout(seconds)
        connection.recv(1)  # returns as soon as the client gives up

    return reply


def dripping(
    data: bytes, *, body: bytes, every_seconds: float
) -> Callable[[socket.socket], None]:
    """Send bytes, then a body, byte by byte."""

    def reply(connection: socket.socket) -> None:
        connection.sendall(data)
        for byte in body:
            time.sleep(every_seconds)
            connection.sendall(bytes([byte]))

    return reply


@dataclass
class ScriptServer:
    """Listens from the start; ``stop`` ends it."""

    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._scripts: dict[str, list[Reply]] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    def script(self, path: str, *replies: Reply) -> str:
        """Say how a path is answered, and return its URL."""
        self._scripts[path] = list(replies)
        return self.url + path

    def stop(self) -> None:
        with suppress(OSError):  # a test may have ended it
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, raw: socket.socket) -> None:
        connection = raw
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(raw, server_side=True)
                with self._lock:
                    self._open.add(connection)
            while (request := _read_request(connection)) is not None:
                self.requests.append(request)
                self._reply(connection, request)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open -= {raw, connection}
            connection.close()
            raw.close()

    def _reply(self, connection: socket.socket, request: Request) -> None:
        replies = self._scripts.get(request.path)
        if not replies:
            connection.sendall(answer(b"not found", status=404))
            return
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if callable(reply):
            reply(connection)
            return
        if request.method == "HEAD":
            reply = reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        connection.sendall(reply)
        if b"\r\nConnection: close\r\n" in reply:
            connection.shutdown(socket.SHUT_RDWR)


def _read_request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    first, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Request(method, target, headers)
