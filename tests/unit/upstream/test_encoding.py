from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from gosync.errors import (
    TooLargeError,
    TruncatedError,
    UpstreamStatusError,
)
from tests.unit.upstream.conftest import Sinks
from tests.unit.upstream.scriptserver import (
    ScriptServer,
    answer,
)

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher


async def test_gzip_that_nobody_asked_for_is_undone(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    body = gzip.compress(b"hello ", mtime=0) + gzip.compress(b"world", mtime=0)
    url = server.script("/a", answer(body, headers={"Content-Encoding": "gzip"}))
    got = await fetcher.get(url, limit_bytes=11)
    assert got.body == b"hello world"
    assert got.served.size_bytes == 11


async def test_a_gzip_bomb_stops_at_the_limit(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    body = gzip.compress(b"\0" * 50_000_000, mtime=0)
    url = server.script("/a", answer(body, headers={"Content-Encoding": "gzip"}))
    sinks = Sinks()
    with pytest.raises(TooLargeError):
        await fetcher.download(url, sinks, limit_bytes=1_000_000)
    assert len(sinks.got) <= 1_000_000


@pytest.mark.parametrize(
    "body", [gzip.compress(b"hello" * 99, mtime=0)[:-9], b"no gzip at all"]
)
async def test_damaged_gzip_is_truncated(
    fetcher: Fetcher, server: ScriptServer, body: bytes
) -> None:
    url = server.script("/a", answer(body, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(TruncatedError):
        await fetcher.get(url, limit_bytes=1000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
async def test_an_encoding_that_nobody_asked_for_is_refused(
    fetcher: Fetcher, server: ScriptServer, encoding: str
) -> None:
    body = zlib.compress(b"hello")
    url = server.script("/a", answer(body, headers={"Content-Encoding": encoding}))
    with pytest.raises(UpstreamStatusError, match="Content-Encoding"):
        await fetcher.get(url, limit_bytes=1000)
    assert len(server.requests) == 1


async def test_gzip_of_nothing_stops_at_the_limit_too(
    fetcher: Fetcher, server: ScriptServer
) -> None:
    body = gzip.compress(b"", mtime=0) * 20_000
    url = server.script("/a", answer(body, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(TooLargeError):
        await fetcher.get(url, limit_bytes=100_000)


@pytest.mark.parametrize(
    "encoding", ["aws-chunked", "utf-8", "", "none", "identity, x-unknown"]
)
async def test_an_encoding_that_says_nothing_of_the_bytes_is_ignored(
    fetcher: Fetcher, server: ScriptServer, encoding: str
) -> None:
    url = server.script("/a", answer(b"hello", headers={"Content-Encoding": encoding}))
    assert (await fetcher.get(url, limit_bytes=5)).body == b"hello"
    packed = gzip.compress(b"hello", mtime=0)
    both = {"Content-Encoding": f"{encoding}, gzip"}
    url = server.script("/b", answer(packed, headers=both))
    assert (await fetcher.get(url, limit_bytes=5)).body == b"hello"
