from __future__ import annotations

import http.client
import socket
import threading

import pytest

from gosync.demo.exchange import (
    Ending,
    Framing,
    HttpAnswer,
    HttpRequest,
    RequestKind,
    kind_of,
)
from gosync.demo.http import Front


def echo(request: HttpRequest) -> HttpAnswer:
    return HttpAnswer(200, f"{request.method} {request.path} {request.query}".encode())


def connect(front: Front) -> http.client.HTTPConnection:
    host = front.url.removeprefix("http://")
    return http.client.HTTPConnection(host, timeout=60)


def exchange(front: Front, raw: bytes) -> bytes:
    host, _, port = front.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as channel:
        channel.sendall(raw)
        channel.shutdown(socket.SHUT_WR)
        received = b""
        while piece := channel.recv(65536):
            received += piece
    return received


def test_a_path_is_decoded_and_a_plus_stays_a_plus():
    with Front(echo) as front:
        raw = b"GET /a/%21b/!c/v1+x?since=2020%3A1&x=y HTTP/1.0\r\n\r\n"
        assert exchange(front, raw).endswith(
            b"GET /a/!b/!c/v1+x {'since': '2020:1', 'x': 'y'}"
        )


def test_a_connection_serves_many_requests():
    with Front(echo) as front:
        connection = connect(front)
        for number in range(50):
            connection.request("GET", f"/{number}")
            assert connection.getresponse().read().startswith(b"GET /%d" % number)
        connection.close()


def test_head_has_the_length_and_no_body():
    with Front(echo) as front:
        connection = connect(front)
        connection.request("HEAD", "/a")
        response = connection.getresponse()
        assert response.headers["Content-Length"] == str(len(b"HEAD /a {}"))
        assert response.read() == b""
        connection.request("GET", "/b")
        assert connection.getresponse().read() == b"GET /b {}"
        connection.close()


def test_a_large_body_arrives_whole():
    body = bytes(range(256)) * 40_000
    with Front(lambda _: HttpAnswer(200, body)) as front:
        connection = connect(front)
        connection.request("GET", "/")
        assert connection.getresponse().read() == body
        connection.close()


@pytest.mark.parametrize("framing", [Framing.CHUNKED, Framing.CLOSE])
def test_pieces_arrive_in_chunks_or_until_the_end(framing: Framing):
    answer = HttpAnswer(200, iter([b"ab", b"c"]), framing=framing)
    with Front(lambda _: answer) as front:
        connection = connect(front)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"abc"
        connection.close()


def test_fewer_bytes_than_declared_end_the_connection():
    with Front(lambda _: HttpAnswer(200, b"abc", declared_bytes=9)) as front:
        connection = connect(front)
        connection.request("GET", "/")
        with pytest.raises(http.client.IncompleteRead) as caught:
            connection.getresponse().read()
        assert caught.value.partial == b"abc"
        connection.close()


def test_a_reset_is_a_reset():
    with Front(lambda _: HttpAnswer(0, ending=Ending.RESET)) as front:
        connection = connect(front)
        connection.request("GET", "/")
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"\xff\xff\xff",
    ],
)
def test_what_is_no_request_ends_the_connection(raw: bytes):
    with Front(echo) as front:
        assert exchange(front, raw) == b""


def test_stopping_ends_idle_connections_and_joins_their_threads():
    before = threading.active_count()
    front = Front(echo).start()
    connections = [connect(front) for _ in range(10)]
    for connection in connections:
        connection.request("GET", "/")
        connection.getresponse().read()
    front.stop()
    assert threading.active_count() == before
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/index", RequestKind.INDEX),
        ("/a.example/m/@v/list", RequestKind.LIST),
        ("/a.example/m/@latest", RequestKind.LATEST),
        ("/a.example/m/@v/v1.0.0.info", RequestKind.INFO),
        ("/cached-only/a.example/m/@v/v1.0.0.mod", RequestKind.MOD),
        ("/a.example/m/@v/v1.0.0.zip", RequestKind.ZIP),
        ("/a.example/m/@v/v1.0.0.zap", RequestKind.OTHER),
        ("/sumdb/n/supported", RequestKind.SUPPORTED),
        ("/sumdb/n/latest", RequestKind.HEAD),
        ("/latest", RequestKind.HEAD),
        ("/sumdb/n/lookup/a.example/m@v1.0.0", RequestKind.LOOKUP),
        ("/sumdb/n/tile/8/0/000.p/3", RequestKind.TILE),
        ("/tile/8/0/000", RequestKind.TILE),
        ("/", RequestKind.OTHER),
        ("/sumdb", RequestKind.OTHER),
    ],
)
def test_a_path_tells_its_kind(path: str, kind: RequestKind):
    assert kind_of(path) is kind
