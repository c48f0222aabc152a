"""Broken downloads: only the rest is asked for again, if the file is still the same."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from gosync.clock import SystemClock
from gosync.errors import TruncatedError, UpstreamStatusError
from gosync.upstream.http import Fetcher
from gosync.upstream.options import HttpOptions
from gosync.upstream.windows import RatePlan
from tests.unit.upstream.conftest import Sinks
from tests.unit.upstream.scriptserver import (
    Reply,
    ScriptServer,
    answer,
    closing,
    redirect,
)

if TYPE_CHECKING:
    import socket

BODY = hashlib.shake_256(b"zip").digest(100_000)
HALF = 60_000
QUICK = HttpOptions(retries=3, retry_delay_seconds=0.01)


def broken(headers: dict[str, str]) -> Reply:
    whole = answer(BODY, headers=headers)
    return closing(whole[: whole.index(b"\r\n\r\n") + 4 + HALF])


def rest(server: ScriptServer, *, etag: str, size: int = len(BODY)):
    def reply(connection: socket.socket) -> None:
        asked = server.requests[-1].headers
        match = re.fullmatch(r"bytes=(\d+)-", asked.get("range", ""))
        if match is None or asked.get("if-range") != etag:
            connection.sendall(answer(BODY, headers={"ETag": etag}))
            return
        start = int(match[1])
        span = f"bytes {start}-{size - 1}/{size}"
        part = answer(BODY[start:], status=206, headers={"Content-Range": span})
        connection.sendall(part)

    return reply


@pytest.mark.parametrize(
    ("first", "etag", "sinks", "asked"),
    [
        ({"ETag": '"a"'}, '"a"', 1, f"bytes={HALF}-"),
        ({"ETag": '"a"'}, '"b"', 2, f"bytes={HALF}-"),  # it has changed: all of it
        ({"ETag": 'W/"a"'}, '"a"', 2, None),
        ({}, '"a"', 2, None),
        ({"ETag": '"a"', "Accept-Ranges": "none"}, '"a"', 2, None),
    ],
)
async def test_the_rest_is_asked_for_if_it_may_be(
    server: ScriptServer, first, etag, sinks, asked
) -> None:
    url = server.script("/z", broken(first), rest(server, etag=etag))
    taker = Sinks()
    async with Fetcher(QUICK, environment={}) as fetcher:
        got = await fetcher.download(url, taker, limit_bytes=10**6)
    assert (taker.got, taker.made) == (BODY, sinks)
    assert (got.served.size_bytes, got.status) == (len(BODY), 200)
    assert server.requests[1].headers.get("range") == asked


async def test_another_range_than_asked_for_begins_anew(server: ScriptServer) -> None:
    wrong = answer(b"x" * 50, status=206, headers={"Content-Range": "bytes 3-52/53"})
    etag = {"ETag": '"a"'}
    url = server.script("/z", broken(etag), wrong, answer(BODY, headers=etag))
    taker = Sinks()
    async with Fetcher(QUICK, environment={}) as fetcher:
        await fetcher.download(url, taker, limit_bytes=10**6)
    assert (taker.got, taker.made) == (BODY, 2)
    assert "range" not in server.requests[2].headers


async def test_a_rest_that_is_gone_begins_anew(server: ScriptServer) -> None:
    etag = {"ETag": '"a"'}
    gone = answer(b"", status=416)
    url = server.script("/z", broken(etag), gone, answer(BODY, headers=etag))
    taker = Sinks()
    async with Fetcher(QUICK, environment={}) as fetcher:
        await fetcher.download(url, taker, limit_bytes=10**6)
    assert (taker.got, taker.made) == (BODY, 2)


async def test_a_body_that_breaks_again_and_again_ends_truncated(
    server: ScriptServer,
) -> None:
    url = server.script("/z", broken({"ETag": '"a"'}))
    async with Fetcher(QUICK, environment={}) as fetcher:
        with pytest.raises(TruncatedError):
            await fetcher.download(url, Sinks(), limit_bytes=10**6)


async def test_all_downloads_together_keep_to_the_rate(server: ScriptServer) -> None:
    now, slept = [0.0], []

    class Standing(SystemClock):
        def monotonic(self) -> float:
            return now[0]

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    url = server.script("/z", answer(BODY))
    options = HttpOptions(rates=RatePlan(50_000), retries=0)
    async with Fetcher(options, clock=Standing(), environment={}) as fetcher:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("gosync.upstream.exchange.anyio.sleep", sleep)
            for _ in range(5):
                await fetcher.download(url, Sinks(), limit_bytes=10**6)
    assert 9.5 <= sum(slept) <= 10, "500 kB at 50 kB/s, less what was saved"


class SigningProxy:
    """A proxy that redirects to a CDN, with signatures of which each is good once."""

    def __init__(self, server: ScriptServer, cdn: ScriptServer) -> None:
        self.url = server.script("/m/@v/v1.0.0.zip", self._redirect)
        cdn.script("/z", self._serve)
        self._server = server
        self._cdn = cdn
        self.signed = 0
        self.refused = 0
        self.refuses = 0  # how many signatures are too old from the start

    def _redirect(self, connection: socket.socket) -> None:
        self.signed += 1
        there = f"{self._cdn.url}/z?X-Signature={self.signed}"
        connection.sendall(redirect(there))

    def _serve(self, connection: socket.socket) -> None:
        request = self._cdn.requests[-1]
        is_fresh = request.target.endswith(f"={self.signed}")
        if not is_fresh or self.signed <= self.refuses:
            self.refused += 1
            connection.sendall(answer(b"Request has expired", status=403))
            return
        if self.signed == self.refuses + 1:
            broken({"ETag": '"a"'})(connection)  # type: ignore[operator]
            return
        rest(self._cdn, etag='"a"')(connection)


async def test_a_signature_that_expires_in_mid_download_is_renewed_by_the_proxy(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    proxy, taker = SigningProxy(server, other_server), Sinks()
    async with Fetcher(QUICK, environment={}) as fetcher:
        got = await fetcher.download(proxy.url, taker, limit_bytes=10**6)
    assert (taker.got, taker.made) == (BODY, 1)
    assert got.served.size_bytes == len(BODY)
    assert (proxy.signed, proxy.refused) == (2, 0)
    assert other_server.targets == ["/z?X-Signature=1", "/z?X-Signature=2"]
    assert [each.headers.get("range") for each in other_server.requests] == [
        None,
        f"bytes={HALF}-",
    ]


async def test_a_signature_that_is_too_old_as_it_arrives_is_renewed_once(
    server: ScriptServer, other_server: ScriptServer
) -> None:
    proxy, taker = SigningProxy(server, other_server), Sinks()
    proxy.refuses = 1
    async with Fetcher(QUICK, environment={}) as fetcher:
        await fetcher.download(proxy.url, taker, limit_bytes=10**6)
        assert taker.got == BODY
        proxy.refuses = 100  # it refuses for good: not a matter of signatures
        before = proxy.signed
        with pytest.raises(UpstreamStatusError, match="403"):
            await fetcher.download(proxy.url, Sinks(), limit_bytes=10**6)
        assert proxy.signed == before + 2
