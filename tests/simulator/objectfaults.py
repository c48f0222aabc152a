"""A proxy before an object store that does what networks and services do to requests.

    with ObjectFaults(server.url).serving() as line:
        line.url                                        # the endpoint to use instead
        line.fault = lambda asked: slow_down() if asked.number == 3 else None
        line.asked                                      # all that was asked, in order

``fault`` is asked about each request, in the order in which they come, and says what
becomes of it; the Host header stays what the client signed. ``forgets`` makes it a
service that knows no conditions: these headers never reach the server. A signature is
over them, too, so that such a request is signed anew.

A request comes to the server whole, or not at all; what becomes of its answer is
another matter, and a client must be right in both.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import msgspec

from tests.simulator.objects import ObjectServer

CONDITIONS = frozenset({"if-match", "if-none-match"})
_AUTHORIZATION = re.compile(
    r"(AWS4-HMAC-SHA256) Credential=([^/]+)/([^,]+),"
    r" ?SignedHeaders=([^,]+), ?Signature=.*"
)
_NOT_HANDED_ON = frozenset({"connection", "transfer-encoding", "content-length"})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        number: Counted from 0, in the order in which they came.
        method: Of HTTP.
        key: Bucket and key as they are meant, without a query; a copy's is its target.
        query: What follows the question mark.
        headers: Names in small letters.
        size: Bytes of its body.
    """

    number: int
    method: str
    key: str
    query: str
    headers: dict[str, str]
    size: int

    @property
    def kind(self) -> str:
        """What is done, and with which kind of file: for samples."""
        action = "COPY" if "x-amz-copy-source" in self.headers else self.method
        name = self.key.rpartition("/")[2]
        suffix = name.rpartition(".")[2] if "." in name else name
        return f"{action} {suffix} {self.query.partition('=')[0]}".strip()


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a request.

    Attributes:
        before: Called before it is handed on.
        after: Called when the server has answered, before the client hears of it.
        wait_seconds: How long it is held first.
        status: Answered instead of the server, 0 for the server's own answer.
        code: The error's name in that answer.
        refused: Whether the connection is reset before the server hears of it.
        unanswered: Whether it is reset when the server has done what was asked.
        cut_after: After how many bytes of the answer's body it is reset; -1 for never.
    """

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    wait_seconds: float = 0
    status: int = 0
    code: str = "InternalError"
    refused: bool = False
    unanswered: bool = False
    cut_after: int = -1


def slow_down() -> Fault:
    """Return the answer of a service that is asked too much."""
    return Fault(status=503, code="SlowDown")


class ObjectFaults:
    """The proxy.

    Attributes:
        url: Where it is asked, once it is serving.
        asked: What was asked.
        fault: Says what becomes of a request; None for nothing.
        forgets: Names of headers that never reach the server, in small letters.
    """

    def __init__(self, to: str) -> None:
        self.to = urlsplit(to).netloc
        self.url = ""
        self.asked: list[Asked] = []
        self.fault: Callable[[Asked], Fault | None] = lambda _: None
        self.forgets: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[ObjectFaults]:
        """Serve until the block ends."""
        server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def clear(self) -> None:
        """Be a healthy line again, on which nothing was asked yet."""
        with self._lock:
            self.asked.clear()
            self.fault = lambda _: None
            self.forgets = frozenset()

    def note(
        self, method: str, target: str, headers: dict[str, str], size: int
    ) -> Fault:
        """Note a request; return what becomes of it."""
        path, _, query = target.partition("?")
        with self._lock:
            asked = Asked(
                number=len(self.asked),
                method=method,
                key=unquote(path).removeprefix("/"),
                query=query,
                headers=headers,
                size=size,
            )
            self.asked.append(asked)
            return self.fault(asked) or Fault()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: that clients and connections go is what this is for."""


def _handler(line: ObjectFaults) -> type[BaseHTTPRequestHandler]:
    class Handler(_Exchange):
        faults = line

    return Handler


class _Exchange(BaseHTTPRequestHandler):
    """One connection of a client's, with one of its own to the server."""

    faults: ObjectFaults
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _behind: http.client.HTTPConnection | None = None

    def log_message(self, *_: object) -> None:
        pass

    def _exchange(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        fault = self.faults.note(self.command, self.path, headers, len(body))
        if fault.wait_seconds:
            time.sleep(fault.wait_seconds)
        if fault.before is not None:
            fault.before()
        if fault.refused:
            self._reset()
        elif fault.status:
            self._answer(fault.status, {}, _error(fault.code))
        else:
            self._hand_on(headers, body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _exchange  # noqa: N815 - theirs

    def _hand_on(self, headers: dict[str, str], body: bytes, fault: Fault) -> None:
        status, told, data = self._ask(headers, body)
        if fault.after is not None:
            fault.after()
        if fault.unanswered:
            self._reset()
        elif fault.cut_after >= 0:
            self._answer(status, told, data, cut_after=fault.cut_after)
            self._reset()
        else:
            self._answer(status, told, data)

    def _ask(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if self._behind is None:
            self._behind = http.client.HTTPConnection(self.faults.to, timeout=60)
        behind = self._behind
        if self.faults.forgets & headers.keys():
            headers = _forgotten(self.command, self.path, headers, self.faults.forgets)
        behind.putrequest(
            self.command, self.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in headers.items():
            behind.putheader(name, value)
        behind.endheaders(body or None)
        with behind.getresponse() as answer:
            data = answer.read()
            told = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in _NOT_HANDED_ON
            }
            size = answer.getheader("Content-Length")
            if self.command == "HEAD" and size is not None:
                told["Content-Length"] = size
            return answer.status, told, data

    def _answer(
        self, status: int, told: dict[str, str], data: bytes, *, cut_after: int = -1
    ) -> None:
        self.send_response_only(status)
        if "Content-Length" not in told and status != http.HTTPStatus.NO_CONTENT:
            told = {**told, "Content-Length": str(len(data))}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if cut_after < 0 else data[:cut_after])
        self.wfile.flush()

    def _reset(self) -> None:
        """End the connection without a goodbye."""
        linger = struct.pack("ii", 1, 0)
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.rfile.close()  # it holds the socket open, too
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        """End both connections."""
        if self._behind is not None:
            self._behind.close()
        with suppress(OSError, ValueError):
            super().finish()


def _error(code: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
    ).encode()


def _forgotten(
    method: str, target: str, headers: dict[str, str], forgets: frozenset[str]
) -> dict[str, str]:
    """Return a request's headers without some, signed anew (AWS's Signature Version 4).

    Date, body's hash and scope stay as the client has them.
    """
    kept = {name: headers[name] for name in headers.keys() - forgets}
    found = _AUTHORIZATION.fullmatch(kept["authorization"])
    assert found is not None
    algorithm, key, scope, names = found.groups()
    signed = [name for name in names.split(";") if name not in forgets]
    path, _, query = target.partition("?")
    lines = [method, path, query, *(f"{name}:{kept[name]}" for name in signed)]
    lines += ["", ";".join(signed), kept["x-amz-content-sha256"]]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join([algorithm, kept["x-amz-date"], scope, digest])
    secret = f"AWS4{ObjectServer.credentials['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (*scope.split("/"), text):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    kept["authorization"] = (
        f"{algorithm} Credential={key}/{scope}, SignedHeaders={';'.join(signed)},"
        f" Signature={secret.hex()}"
    )
    return kept
