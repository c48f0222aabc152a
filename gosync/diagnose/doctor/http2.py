"""HTTP/2: one question over it, as ``go`` asks where the server offers it (RFC 9113).

Go takes HTTP/2 whenever TLS agrees on ``h2``, and does not ask again after a reset
stream or a connection that the server ends. So a mirror may be well over HTTP/1.1, and
go fail. Everything else is asked over HTTP/1.1.
"""

from __future__ import annotations

import socket
from typing import Final
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError

from gosync.diagnose.doctor.diagnosis import fault
from gosync.diagnose.doctor.dialling import connect_class
from gosync.diagnose.doctor.saying import say

_PIECE: Final = 65536
_REMEDY: Final = (
    "ask again, for it may pass; GODEBUG=http2client=0 makes go ask over HTTP/1.1; a"
    " mirror of your own that retries is the cure"
)


def ask_http2(sock: socket.socket, url: str, agent: str) -> int:
    """Ask for a URL over HTTP/2, and return the status of the answer.

    Args:
        sock: A connection on which TLS agreed on ``h2``.
        url: What is asked for; its body is read and dropped.
        agent: The User-Agent.

    Raises:
        FaultFoundError: The stream or the connection is ended without an answer.
    """
    parts = urlsplit(url)
    config = H2Configuration(client_side=True, header_encoding=None)
    connection = H2Connection(config=config)
    connection.initiate_connection()
    headers = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", parts.netloc.rpartition("@")[2]),
        (":path", parts.path or "/"),
        ("user-agent", agent),
    ]
    connection.send_headers(1, headers, end_stream=True)
    status = 0
    try:
        while True:
            sock.sendall(connection.data_to_send())
            data = sock.recv(_PIECE)
            if not data:
                raise fault(
                    "network.eof",
                    say("{url}: closed before an answer", url=url),
                    _REMEDY,
                )
            for event in connection.receive_data(data):
                if isinstance(event, ResponseReceived):
                    status = int(dict(event.headers)[b":status"])
                if isinstance(event, StreamEnded):
                    return status
                _look_at(event, connection, url)
    except ProtocolError as exc:
        raise fault(
            "http.h2_stream", say("{url}: no HTTP/2: {exc}", url=url, exc=exc), _REMEDY
        ) from exc
    except OSError as exc:
        raise fault(connect_class(exc), f"{url}: {exc}", _REMEDY) from exc


def _look_at(event: Event, connection: H2Connection, url: str) -> None:
    """Take note of an event.

    Raises:
        FaultFoundError: It ends the question without an answer.
    """
    if isinstance(event, DataReceived) and event.flow_controlled_length:
        connection.acknowledge_received_data(
            event.flow_controlled_length, event.stream_id
        )
    if isinstance(event, StreamReset):
        code = _name(event.error_code)
        raise fault(
            "http.h2_stream",
            say("{url}: HTTP/2 stream reset: {code}", url=url, code=code),
            _REMEDY,
        )
    if isinstance(event, ConnectionTerminated):
        code = _name(event.error_code)
        raise fault(
            "http.h2_goaway",
            say("{url}: HTTP/2 GOAWAY: {code}", url=url, code=code),
            _REMEDY,
        )


def _name(code: object) -> str:
    return code.name if isinstance(code, ErrorCodes) else str(code)
