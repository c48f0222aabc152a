"""Zips that hang: another mirror is asked, and none is lost where all are slow."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from gosync.clock import SystemClock
from gosync.errors import SourceDownError, UpstreamTimeoutError
from gosync.gomod.module import ModuleVersion
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.hanging import HangingBodies
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from gosync.upstream.patience import BodyPatience, first_wait_seconds
from gosync.upstream.proxy import ProxyClient
from gosync.upstream.sources import Sources
from tests.unit.upstream.conftest import Sinks
from tests.unit.upstream.scriptserver import Reply, ScriptServer, answer

if TYPE_CHECKING:
    import socket

MV = ModuleVersion("a.example/m", "v1.0.0")
TARGET = "/a.example/m/@v/v1.0.0.zip"
BODY = b"PK" + bytes(50_000)
LONG = HttpOptions(timeout_seconds=60, retry_delay_seconds=0.01)


def hanging(seconds: float) -> Reply:
    """Return a reply that stops in its middle, and goes on if somebody waits."""

    def reply(connection: socket.socket) -> None:
        whole = answer(BODY, headers={"ETag": '"1"'})
        connection.sendall(whole[:20_000])
        time.sleep(seconds)
        connection.sendall(whole[20_000:])

    return reply


async def fetch(urls: str) -> bytes:
    sinks = Sinks()
    async with Fetcher(LONG, environment={}) as fetcher:
        await ProxyClient(Sources(parse_goproxy(urls), fetcher)).zip(MV, sinks)
    return sinks.got


async def test_a_zip_that_hangs_comes_from_another_mirror(
    server: ScriptServer,
) -> None:
    first, second = (f"{server.url}/{each}" for each in "ab")
    server.script(f"/a{TARGET}", hanging(4))
    server.script(f"/b{TARGET}", answer(BODY))
    with anyio.fail_after(25):
        assert await fetch(f"{first}|{second}") == BODY
    assert [each[:2] for each in server.targets] == ["/a", "/b"]


async def test_where_all_are_slow_each_is_waited_for(server: ScriptServer) -> None:
    first, second = (f"{server.url}/{each}" for each in "ab")
    for each in "ab":
        server.script(f"/{each}{TARGET}", hanging(2.5), hanging(2.5))
    assert await fetch(f"{first}|{second}") == BODY
    assert [each[:2] for each in server.targets] == ["/a", "/b", "/a"]


async def test_one_without_another_is_asked_for_the_rest(
    server: ScriptServer,
) -> None:
    def rest(connection: socket.socket) -> None:
        assert server.requests[-1].headers["range"].startswith("bytes=")
        start = int(server.requests[-1].headers["range"][6:-1])
        span = {"Content-Range": f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"}
        connection.sendall(answer(BODY[start:], status=206, headers=span))

    server.script(f"/a{TARGET}", hanging(7), rest)
    assert await fetch(f"{server.url}/a") == BODY


async def test_one_without_another_is_waited_for(server: ScriptServer) -> None:
    server.script(f"/a{TARGET}", hanging(2))
    assert await fetch(f"{server.url}/a") == BODY


async def test_a_body_is_given_as_long_as_it_took_so_far() -> None:
    patience = BodyPatience(0.05)
    with patience.watching("it"):
        for _ in range(4):
            patience.pause()
            await anyio.sleep(0.1)  # a disk that is slow is no stall
            patience.go_on()
        await anyio.sleep(0.2)
    assert not patience.has_left
    refused = pytest.raises(UpstreamTimeoutError, match="left for another try")
    with refused, patience.watching("it"):
        await anyio.sleep(5)
    with patience.watching("it"):  # twice as long
        await anyio.sleep(0.07)
    with refused, patience.watching("it"):
        await anyio.sleep(5)
    with patience.watching("it"):  # however long it takes
        await anyio.sleep(0.5)


def test_the_first_byte_is_waited_for_as_long_as_most_answers_take() -> None:
    assert first_wait_seconds(None) == first_wait_seconds(0.1) == 1.0
    assert first_wait_seconds(2.0) == 3.0
    assert first_wait_seconds(None, has_other=False) == 5.0
    assert first_wait_seconds(2.0, has_other=False) == 6.0


def test_whose_zips_hang_is_asked_for_one_now_and_then() -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    class Standing(SystemClock):
        def now(self) -> datetime:
            return now[0]

    bodies = HangingBodies(Standing())

    def zip_of(*, hangs: bool) -> str:
        try:
            with bodies.noting("it", _Patience(hangs=hangs)):
                _come(hangs=hangs)
        except SourceDownError:
            return "not asked"
        except UpstreamTimeoutError:
            return "hung"
        return "came"

    assert [zip_of(hangs=True) for _ in range(3)] == ["hung", "hung", "not asked"]
    now[0] += timedelta(seconds=1)
    assert [zip_of(hangs=True), zip_of(hangs=True)] == ["hung", "not asked"]
    now[0] += timedelta(seconds=1)
    assert zip_of(hangs=False) == "not asked", "twice as long"
    now[0] += timedelta(seconds=1)
    assert [zip_of(hangs=False), zip_of(hangs=True)] == ["came", "hung"]


class _Patience(BodyPatience):
    def __init__(self, *, hangs: bool) -> None:
        super().__init__(1)
        self._left = int(hangs)


def _come(*, hangs: bool) -> None:
    if hangs:
        raise UpstreamTimeoutError("left")
