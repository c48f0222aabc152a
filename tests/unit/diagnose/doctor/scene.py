"""Scene of broken worlds: servers on loopback, and what a user would have set."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived

from tests.simulator.simulator import Simulator
from tests.simulator.standard import NO_GO_MOD, publish_standard
from tests.simulator.tls import make_server_context
from tests.unit.upstream.scriptserver import ScriptServer, closing

SUBJECT: Final = f"{NO_GO_MOD}@v1.2.3"
NOWHERE: Final = "goproxy.corp.example"


@dataclass
class Asked:
    """What a user has set, and asks for.

    Attributes:
        env: Settings, beside HOME and PATH.
        subject: What doctor is asked about.
        go: What go is asked in its place; by default ``mod download SUBJECT``.
        exit_code: Doctor's.
        timeout: Doctor's patience.
        ask: Whom doctor may ask besides.
    """

    env: dict[str, str]
    subject: str = SUBJECT
    go: tuple[str, ...] = ()
    exit_code: int = 4
    timeout: float = 5.0
    ask: tuple[str, ...] = ()

    @property
    def go_arguments(self) -> tuple[str, ...]:
        return self.go or ("mod", "download", self.subject)


@dataclass
class Scene:
    """What worlds are made of."""

    folder: Path
    sim: Simulator
    closing: ExitStack = field(default_factory=ExitStack)

    def env(self, **more: str) -> dict[str, str]:
        return {"GOPROXY": self.sim.url, "GOSUMDB": self.sim.gosumdb, **more}

    def script(self, tls: ssl.SSLContext | None = None) -> ScriptServer:
        server = ScriptServer(tls)
        self.closing.callback(server.stop)
        return server

    def tls(
        self, *, days: tuple[int, int] = (-1, 30), addresses: tuple[str, ...] = ()
    ) -> tuple[ScriptServer, Path]:
        folder = self.folder / "tls"
        folder.mkdir(exist_ok=True)
        context, ca = make_server_context(
            folder, days=days, addresses=addresses or ("127.0.0.1",)
        )
        return self.script(context), ca

    def http2(self, end: Callable[[H2Connection], None]) -> tuple[str, Path]:
        """Return the URL of a server that ends every HTTP/2 request so."""
        folder = self.folder / "tls"
        folder.mkdir(exist_ok=True)
        context, ca = make_server_context(folder)
        context.set_alpn_protocols(["h2"])
        listener = socket.create_server(("127.0.0.1", 0))
        self.closing.callback(listener.close)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    raw, _ = listener.accept()
                    with suppress(OSError), raw:
                        _end_requests(context.wrap_socket(raw, server_side=True), end)

        threading.Thread(target=serve, daemon=True).start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}", ca

    def silent(self) -> int:
        """Return a port on which connections open, and nobody speaks."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.closing.callback(listener.close)
        return int(listener.getsockname()[1])

    def answering(self, reply: bytes) -> int:
        """Return a port that answers whatever comes with the same bytes."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.closing.callback(listener.close)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(reply + b"\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    def proxy(self, reply: bytes) -> str:
        """Return the URL of a web proxy that answers every CONNECT so."""
        server = self.script()
        server.script(f"{NOWHERE}:443", closing(reply))
        return server.url


def _end_requests(sock: socket.socket, end: Callable[[H2Connection], None]) -> None:
    """Speak HTTP/2 until a request comes, and end it."""
    connection = H2Connection(config=H2Configuration(client_side=False))
    connection.initiate_connection()
    with sock:
        while True:
            sock.sendall(connection.data_to_send())
            data = sock.recv(65536)
            if not data:
                return
            events = connection.receive_data(data)
            if any(isinstance(each, RequestReceived) for each in events):
                end(connection)
                sock.sendall(connection.data_to_send())
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):  # what is unread would become a reset
                    pass
                return


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def scene_in(folder: Path) -> Iterator[Scene]:
    with Simulator(records=300) as sim, ExitStack() as stack:
        publish_standard(sim)
        yield Scene(folder, sim, stack)
