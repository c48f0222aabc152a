"""A relay on loopback that clients CONNECT through, and that hears how they begin TLS.

It passes all bytes on unchanged and keeps the first ones of each side, until both
hellos are told or it is clear that none comes. It goes where its user's settings lead:
straight to a host, or through the web proxy before it.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Final, Self

import msgspec

from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.dialling import NetOrigin
from gosync.diagnose.doctor.tlshello import (
    ClientHello,
    ServerHello,
    is_begun,
    parse_client_hello,
    parse_server_hello,
)

_PIECE: Final = 1 << 16
_HEAD_LIMIT: Final = 1 << 14
_POLL_SECONDS: Final = 0.2
_SILENT_SECONDS: Final = 60.0
_DONE: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NOT_FOUND: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_FAILED: Final = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


class HeardConnection(msgspec.Struct, frozen=True):
    """How one connection began.

    Attributes:
        origin: Where it led.
        client: What the client offered; None where it said no hello.
        server: What the server took; None where it said none.
    """

    origin: NetOrigin
    client: ClientHello | None
    server: ServerHello | None


class TlsRelay:
    """Listens on a port of its own until it is closed.

    Attributes:
        requests: The header fields, names in lower case, of requests to the relay
            itself, which it answers with 404.
    """

    def __init__(self, reach: Callable[[NetOrigin], socket.socket]) -> None:
        """Begin to listen.

        Args:
            reach: Opens a connection to an origin; may raise FaultFoundError, OSError
                or ValueError.
        """
        self._reach = reach
        self.requests: list[dict[str, str]] = []
        self._drafts: list[_Draft] = []
        self._is_closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_POLL_SECONDS)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    @property
    def heard(self) -> tuple[HeardConnection, ...]:
        """The connections so far, in the order in which they began."""
        return tuple(each.told() for each in self._drafts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._is_closed.is_set():
            with suppress(OSError):  # a time-out: look whether it is closed
                client, _ = self._listener.accept()
                threading.Thread(
                    target=self._relay, args=(client,), daemon=True
                ).start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(_SILENT_SECONDS)
            try:
                origin = self._asked(client)
                if origin is None:
                    client.sendall(_NOT_FOUND)
                    return
                server = self._reach(origin)
            except (FaultFoundError, OSError, ValueError):
                client.sendall(_FAILED)
                return
            with closing(server):
                client.sendall(_DONE)
                draft = _Draft(origin)
                self._drafts.append(draft)
                self._pass_on(client, server, draft)

    def _asked(self, client: socket.socket) -> NetOrigin | None:
        """Read a request; return whom it asks for, None for the relay itself.

        Raises:
            ValueError: It is no request.
        """
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(1)  # what follows the head is TLS already
            if not more or len(head) > _HEAD_LIMIT:
                raise ValueError("no request")
            head += more
        first, *rest = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if words[0] == "CONNECT":
            return NetOrigin.of(f"https://{words[1]}")
        fields = (line.partition(":") for line in rest if line)
        self.requests.append({name.lower(): text.strip() for name, _, text in fields})
        return None

    def _pass_on(
        self, client: socket.socket, server: socket.socket, draft: _Draft
    ) -> None:
        ways = {client: (server, draft.sent), server: (client, draft.came)}
        while ways and not self._is_closed.is_set():
            for source in select.select(list(ways), [], [], _POLL_SECONDS)[0]:
                target, kept = ways[source]
                piece = source.recv(_PIECE)
                if is_begun(bytes(kept)):
                    kept += piece
                target.sendall(piece)
                if not piece:
                    del ways[source]
                    with suppress(OSError):
                        target.shutdown(socket.SHUT_WR)


class _Draft:
    """A connection under way: the first bytes of both sides."""

    def __init__(self, origin: NetOrigin) -> None:
        self.origin = origin
        self.sent = bytearray()
        self.came = bytearray()

    def told(self) -> HeardConnection:
        client = parse_client_hello(bytes(self.sent))
        return HeardConnection(
            self.origin, client, parse_server_hello(bytes(self.came))
        )
