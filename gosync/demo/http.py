"""An HTTP/1.1 server on loopback, as small as the sample upstream needs.

GET and HEAD, keep-alive, one thread a connection, port 0 for any free one. It
sends what an Answer says, false lengths, pauses and resets included; that is
why it is not http.server. `stop` ends every connection and joins every thread.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import parse_qsl, unquote

from gosync.demo.exchange import Ending, Framing, HttpAnswer, HttpRequest

if TYPE_CHECKING:
    import ssl

_MAX_LINE_BYTES = 65_536
_MAX_HEADERS = 100
_JOIN_SECONDS = 10.0
_ONE_SEND_BYTES = 65_536


class Front:
    """A listening socket and its connections.

    Args:
        handler: QuestionOrder a request into an answer; called in many threads.
        site: The name that its requests carry in the log.
        tls: Speak TLS with this context.
    """

    def __init__(
        self,
        handler: Callable[[HttpRequest], HttpAnswer],
        *,
        site: str = "upstream",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._handler = handler
        self._site = site
        self._tls = tls
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._port = 0
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        """The base URL, without a final slash."""
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Listen on a free port and answer from now on."""
        self.stopping.clear()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(
            target=self._accept, args=(self._listener,), daemon=True
        )
        self._acceptor.start()
        return self

    def stop(self) -> None:
        """End every connection, stop listening and wait for the threads."""
        self.stopping.set()
        if self._listener is not None:
            _shut(self._listener)
        if self._acceptor is not None:
            self._acceptor.join(_JOIN_SECONDS)
        if self._listener is not None:
            self._listener.close()
        self._listener = self._acceptor = None
        with self._lock:
            open_now = list(self._connections.items())
        for _, connection in open_now:
            _shut(connection)
        for thread, _ in open_now:
            thread.join(_JOIN_SECONDS)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # stop() shut the listener down
            thread = threading.Thread(
                target=self._converse, args=(connection,), daemon=True
            )
            with self._lock:
                self._connections[thread] = connection
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            # The client may be gone at any time; then so are we.
            with contextlib.suppress(OSError), connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._secured(connection) as channel:
                    self._answer_all(channel)
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        channel = self._tls.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        with self._lock:
            # wrap_socket took the descriptor over: stop() must shut this one.
            self._connections[threading.current_thread()] = channel
        try:
            channel.do_handshake()
        except OSError:
            channel.close()
            raise
        return channel

    def _answer_all(self, channel: socket.socket) -> None:
        with channel.makefile("rb") as reader:
            while not self.stopping.is_set():
                request = _read_request(reader, self._site)
                if request is None:
                    return
                answer = self._handler(request)
                kept = _send(channel, request, answer)
                if answer.ending is Ending.RESET:
                    _linger_not(channel)
                if not kept or request.headers.get("connection", "") == "close":
                    return


def _shut(channel: socket.socket) -> None:
    # The plain socket's shutdown, for SSLSocket's would first speak TLS.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(channel, socket.SHUT_RDWR)


def _linger_not(channel: socket.socket) -> None:
    # Zero seconds of lingering make close() send RST instead of FIN.
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read_request(reader: BinaryIO, site: str) -> HttpRequest | None:
    """Return the next request, or None at the end of what makes sense."""
    words = reader.readline(_MAX_LINE_BYTES).decode("latin-1").split()
    if len(words) != 3 or words[0] not in {"GET", "HEAD"}:
        return None
    headers = _read_headers(reader)
    if headers is None:
        return None
    if words[2] != "HTTP/1.1":
        headers["connection"] = "close"
    path, _, query = words[1].partition("?")
    return HttpRequest(
        words[0], words[1], unquote(path), dict(parse_qsl(query)), headers, site
    )


def _read_headers(reader: BinaryIO) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = reader.readline(_MAX_LINE_BYTES)
        if line in {b"\r\n", b"\n"}:
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            return None
        headers[name.strip().lower()] = value.strip()
    return None


def _send(channel: socket.socket, request: HttpRequest, answer: HttpAnswer) -> bool:
    """Send an answer; return whether the connection can serve another."""
    if not answer.status:
        return False
    head = _head(answer)
    if request.method == "HEAD":
        channel.sendall(head)
        return answer.ending is Ending.KEEP
    if isinstance(answer.body, bytes) and answer.framing is not Framing.CHUNKED:
        sent_bytes = _send_whole(channel, head, answer.body)
    else:
        channel.sendall(head)
        pieces = (answer.body,) if isinstance(answer.body, bytes) else answer.body
        sent_bytes = _send_pieces(channel, pieces, answer)
    if answer.framing is Framing.LENGTH and sent_bytes != answer.length_bytes:
        return False
    return answer.ending is Ending.KEEP and answer.framing is not Framing.CLOSE


def _send_whole(channel: socket.socket, head: bytes, body: bytes) -> int:
    if len(body) <= _ONE_SEND_BYTES:
        channel.sendall(head + body)
    else:
        channel.sendall(head)
        channel.sendall(body)
    return len(body)


def _send_pieces(
    channel: socket.socket, pieces: Iterable[bytes], answer: HttpAnswer
) -> int:
    chunked = answer.framing is Framing.CHUNKED
    sent_bytes = 0
    for piece in pieces:
        channel.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        sent_bytes += len(piece)
    if chunked and answer.ending is Ending.KEEP:
        channel.sendall(b"0\r\n\r\n")
    return sent_bytes


def _head(answer: HttpAnswer) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    if answer.content_type:
        lines.append(f"Content-Type: {answer.content_type}")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.framing is Framing.LENGTH:
        lines.append(f"Content-Length: {answer.length_bytes}")
    elif answer.framing is Framing.CHUNKED:
        lines.append("Transfer-Encoding: chunked")
    if answer.framing is Framing.CLOSE or answer.ending is not Ending.KEEP:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
