"""``doctor --with-go``: what a real go sends and gets, beside doctor.

The mirror speaks TLS under a name that only a web proxy knows, so that go asks it as it
asks a mirror that is not on this machine.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gosync.clock import SystemClock
from gosync.diagnose.doctor.diagnosis import Diagnosis
from gosync.diagnose.doctor.report import DoctorReport
from gosync.diagnose.doctor.tlshello import ClientHello, parse_client_hello
from gosync.diagnose.doctor.tlsrelay import TlsRelay
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.text import encode_json
from tests.simulator.goclient import need_go
from tests.simulator.simulator import Simulator
from tests.simulator.standard import NO_GO_MOD, publish_standard
from tests.simulator.tls import make_server_context

pytestmark = pytest.mark.go

_HOST = "mirror.corp.example"
_CLOSE = b"\r\nConnection: close\r\n"


@contextmanager
def _world(folder: Path, *, filtered: bool) -> Iterator[dict[str, str]]:
    """Yield the environment of a machine with a web proxy, perhaps with a filter."""
    context, ca = make_server_context(folder, names=(_HOST,))
    with Simulator(records=50) as sim, ExitStack() as stack:
        publish_standard(sim)
        behind = _TlsFront(context, urlsplit(sim.url).port, filtered=filtered)
        stack.enter_context(closing(behind))
        proxy = stack.enter_context(TlsRelay(lambda _: behind.connect()))
        host, port = proxy.address
        home = folder / "home"
        home.mkdir()
        yield {
            "PATH": f"{need_go().parent}:/usr/bin:/bin",
            "HOME": str(home),
            "GOENV": "off",
            "GOTOOLCHAIN": "local",
            "GOPROXY": f"https://{_HOST}",
            "GOSUMDB": "off",
            "HTTPS_PROXY": f"http://{host}:{port}",
            "SSL_CERT_FILE": str(ca),
        }


class _TlsFront:
    """Ends TLS before a server; with a filter it hangs up on what begins as go does."""

    def __init__(
        self, context: ssl.SSLContext, port: int | None, *, filtered: bool
    ) -> None:
        self._context, self._port, self._filtered = context, port, filtered
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def connect(self) -> socket.socket:
        return socket.create_connection(self._listener.getsockname())

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            if self._filtered and _is_go(_hello(client)):
                return
            with (
                self._context.wrap_socket(client, server_side=True) as secured,
                socket.create_connection(("127.0.0.1", self._port)) as server,
            ):
                while b"\r\n\r\n" in (asked := secured.recv(65536)):
                    server.sendall(
                        asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
                    )
                    while piece := server.recv(65536):
                        secured.sendall(piece)
                    return


def _hello(client: socket.socket) -> ClientHello | None:
    while True:
        begin = client.recv(65536, socket.MSG_PEEK)
        hello = parse_client_hello(begin)
        if hello is not None or not begin:
            return hello


def _is_go(hello: ClientHello | None) -> bool:
    # Go names the cipher suites of TLS 1.2 first, OpenSSL those of TLS 1.3 (0x13..).
    return hello is not None and hello.ciphers[0] > 0x13FF


def _diagnose(folder: Path, environment: dict[str, str]) -> Diagnosis:
    request = DoctorRequest(
        subject=f"{NO_GO_MOD}@v1.2.3",
        environment=environment,
        folder=folder,
        with_go=True,
    )
    return DoctorRun(request, SystemClock()).diagnose()


def test_how_go_begins_tls_is_compared(tmp_path):
    with _world(tmp_path, filtered=False) as environment:
        diagnosis = _diagnose(tmp_path, environment)

    assert diagnosis.exit_code == 0, diagnosis
    found = {each.trait: each for each in diagnosis.compared}
    assert found["user-agent"].go.startswith(("Go-http-client", "GoCommand"))
    assert found["user-agent"].doctor.startswith("gosync-doctor/")
    assert found["accept-encoding"].go == "gzip"
    assert found["SNI"].go == found["SNI"].doctor == _HOST
    assert found["TLS offered"].go == found["TLS offered"].doctor == "TLSv1.3 TLSv1.2"
    assert found["ALPN offered"].go == found["ALPN offered"].doctor == "h2 http/1.1"
    assert found["TLS taken"].go == found["TLS taken"].doctor == "TLSv1.3"
    assert found["cipher suite taken"].go.startswith("TLS_")
    assert found["cipher suites"].go != found["cipher suites"].doctor
    assert found["JA3"].go != found["JA3"].doctor
    assert found["status"].go == found["status"].doctor == "200"
    document = json.loads(encode_json(DoctorReport.of(diagnosis)))
    assert {"subject", "trait", "go", "doctor"} == set(document["compared"][0])


def test_a_filter_that_knows_how_go_begins_tls_is_named(tmp_path):
    with _world(tmp_path, filtered=True) as environment:
        diagnosis = _diagnose(tmp_path, environment)

    assert diagnosis.conclusion.cause in ("network.eof", "network.reset"), diagnosis
    assert diagnosis.exit_code == 4
    found = {each.trait: each for each in diagnosis.compared}
    assert found["TLS taken"].go == "none"
    assert found["TLS taken"].doctor == "TLSv1.3"
    assert any(
        "from doctor and not from go" in each for each in diagnosis.stages[-1].facts
    )
