"""Doctor's HTTP: as go asks, within limits whatever the other side does."""

from __future__ import annotations

import gzip
from contextlib import suppress

import pytest

from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.dialling import SystemResolver
from gosync.diagnose.doctor.lines import LineOpener
from gosync.diagnose.doctor.web import Web
from tests.unit.upstream.scriptserver import ScriptServer, answer, closing, dripping


@pytest.fixture
def server():
    made = ScriptServer()
    yield made
    made.stop()


def _web(**limits: float) -> Web:
    opener = LineOpener({}, SystemResolver(timeout_seconds=5), timeout_seconds=5)
    return Web(opener, {}, **limits)


def test_a_packed_body_is_unpacked_up_to_the_limit(server):
    packed = gzip.compress(b"v1.0.0\n" * 100_000)
    url = server.script("/x", answer(packed, headers={"Content-Encoding": "gzip"}))
    web = _web()

    whole = web.get(url, limit_bytes=1 << 20)
    cut = web.get(url, limit_bytes=1000)

    web.close()
    assert whole.body == b"v1.0.0\n" * 100_000
    assert whole.is_whole
    assert (cut.size_bytes, cut.is_whole) == (1000, False)


@pytest.mark.parametrize("part", ["head", "body"])
def test_bytes_that_drip_do_not_hold_it_up(part, server):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n"
    begin, rest = (
        (head, b"X-Y: z\r\n" * 50) if part == "head" else (head + b"\r\n", b"x" * 500)
    )
    url = server.script("/x", dripping(begin, body=rest, every_seconds=0.05))
    web = _web(seconds=0.3)

    with pytest.raises(FaultFoundError) as caught:
        web.get(url, limit_bytes=1 << 20)

    web.close()
    assert caught.value.finding.cause == "network.timeout"


def test_an_idle_connection_that_was_closed_is_opened_again(server):
    reply = answer(b"one")
    url = server.script("/x", closing(reply), reply)
    web = _web()

    bodies = [web.get(url, limit_bytes=10).body for _ in range(2)]

    web.close()
    assert bodies == [b"one", b"one"]


def test_a_short_body_is_told(server):
    url = server.script("/x", closing(answer(b"one", length=10)))
    web = _web()
    with pytest.raises(FaultFoundError) as caught:
        web.get(url, limit_bytes=100)
    web.close()
    assert caught.value.finding.cause == "download.truncated"


@pytest.mark.parametrize(
    "location",
    ["http://[::1", "http:///x", "ftp://a.example/", "http://a:port/", "//", "x:y"],
)
def test_a_redirect_to_nowhere_is_a_fault(location, server):
    url = server.script("/x", answer(status=302, headers={"Location": location}))
    web = _web()
    with pytest.raises(FaultFoundError) as caught:
        web.get(url, limit_bytes=100)
    web.close()
    assert caught.value.finding.cause == "http.redirects"


def test_a_redirect_may_have_any_letters(server):
    server.script("/a%20b", answer(b"here"))
    url = server.script("/x", answer(status=302, headers={"Location": "/a b"}))
    web = _web()
    got = web.get(url, limit_bytes=100)
    web.close()
    assert (got.body, got.hops) == (b"here", (url,))


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 " + b"9" * 100_000,
        b"\0" * 1000,
    ],
)
def test_garbage_is_a_fault_or_an_answer(garbage, server):
    url = server.script("/x", closing(garbage))
    web = _web()
    with suppress(FaultFoundError):
        assert web.get(url, limit_bytes=1000).size_bytes <= 1000
    web.close()
