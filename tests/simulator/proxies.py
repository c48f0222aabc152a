"""Web proxies on loopback: CONNECT and SOCKS 5, kind and unkind.

    with ConnectProxy(to=port).serving() as proxy: ...

Whatever host is asked for, the connection goes to ``to`` on loopback, so that names
that no resolver knows can be asked for. ``asked`` keeps ``host:port`` of each.
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

_BYTES = 65536


class _Proxy:
    """Accepts connections, each in a thread of its own."""

    scheme = "http"

    def __init__(self, to: int, *, tls: ssl.SSLContext | None = None) -> None:
        self.to = to
        self.tls = tls
        self.asked: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self) -> Iterator[_Proxy]:
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._accept, args=(listener,))
            thread.start()
            try:
                yield self
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, raw: socket.socket) -> None:
        with suppress(OSError), raw:
            if self.tls is None:
                self.serve(raw)
                return
            with self._secured(raw) as connection:
                self.serve(connection)

    def _secured(self, raw: socket.socket) -> socket.socket:
        assert self.tls is not None
        return self.tls.wrap_socket(raw, server_side=True)

    def serve(self, connection: socket.socket) -> None:
        raise NotImplementedError

    def tunnel(self, connection: socket.socket) -> None:
        """Carry bytes both ways until one side ends."""
        with socket.create_connection(("127.0.0.1", self.to)) as behind:
            back = threading.Thread(target=_carry, args=(behind, connection))
            back.start()
            _carry(connection, behind)
            back.join()


class ConnectProxy(_Proxy):
    """A proxy that takes CONNECT.

    Attributes:
        login: The ``user:password`` that it wants, "" for none.
        refusal: The status line that it answers with instead, "" for none.
        inject: What it puts before the tunnel's bytes.
        hangs_up: Whether it closes instead of an answer.
    """

    def __init__(
        self,
        to: int,
        *,
        tls: ssl.SSLContext | None = None,
        login: str = "",
        refusal: str = "",
        inject: bytes = b"",
        hangs_up: bool = False,
    ) -> None:
        super().__init__(to, tls=tls)
        self.login = login
        self.refusal = refusal
        self.inject = inject
        self.hangs_up = hangs_up

    def serve(self, connection: socket.socket) -> None:
        head = _read_head(connection)
        if not head:
            return  # a connection that a client made ready and did not need
        self.asked.append(head.split(" ")[1])
        if self.hangs_up:
            return
        wanted = base64.b64encode(self.login.encode()).decode()
        refusal = self.refusal
        if self.login and f"Basic {wanted}" not in head:
            refusal = "407 Proxy Authentication Required"
        if refusal:
            connection.sendall(
                f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if self.inject:
            connection.recv(1, socket.MSG_PEEK)  # once the client begins
            connection.sendall(self.inject)
        self.tunnel(connection)


class SocksProxy(_Proxy):
    """A SOCKS 5 proxy (RFC 1928, 1929).

    Attributes:
        login: The ``user:password`` that it wants, "" for none.
    """

    scheme = "socks5h"

    def __init__(self, to: int, *, login: str = "") -> None:
        super().__init__(to)
        self.login = login

    def serve(self, connection: socket.socket) -> None:
        greeting = connection.recv(2)
        if not greeting:
            return
        _, count = greeting
        methods = connection.recv(count)
        method = 2 if self.login else 0
        if method not in methods:
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes([5, method]))
        if self.login and not self._may_enter(connection):
            return
        _, _, _, kind = connection.recv(4)
        host = {
            1: lambda: socket.inet_ntoa(connection.recv(4)),
            3: lambda: connection.recv(connection.recv(1)[0]).decode(),
            4: lambda: socket.inet_ntop(socket.AF_INET6, connection.recv(16)),
        }[kind]()
        port = int.from_bytes(connection.recv(2), "big")
        self.asked.append(f"{host}:{port}")
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        self.tunnel(connection)

    def _may_enter(self, connection: socket.socket) -> bool:
        connection.recv(1)
        name = connection.recv(connection.recv(1)[0])
        word = connection.recv(connection.recv(1)[0])
        is_right = f"{name.decode()}:{word.decode()}" == self.login
        connection.sendall(b"\x01" + (b"\x00" if is_right else b"\x01"))
        return is_right


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_BYTES):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _read_head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(1)
        if not more:
            break
        head += more
    return head.decode("latin-1")
