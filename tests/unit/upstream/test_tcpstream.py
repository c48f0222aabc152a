"""TCP streams: what came waits, a silent peer is late, who is slow stops the sender."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import httpcore
import pytest

from gosync.upstream.tcpstream import TcpStream, open_stream

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_LONG = 60.0
_MIB = 1 << 20


@asynccontextmanager
async def connected(speak: Speak) -> AsyncIterator[TcpStream]:
    """Give a connection to a peer that speaks so."""
    over = asyncio.Event()

    async def speak_once(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await speak(reader, writer)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(speak_once, "127.0.0.1", 0)
    stream = await open_stream("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield stream
    finally:
        over.set()
        await stream.aclose()
        server.close()


async def test_what_came_is_read_by_parts_up_to_the_end() -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"abcdef")
        writer.write_eof()

    async with connected(speak) as stream:
        assert await stream.read(4, _LONG) == b"abcd"
        assert await stream.read(4, _LONG) == b"ef"
        assert await stream.read(4, _LONG) == b""
        assert stream.get_extra_info("is_readable")


async def test_a_peer_that_says_nothing_is_late() -> None:
    async def speak(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None: ...

    async with connected(speak) as stream:
        assert not stream.get_extra_info("is_readable")
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(4, 0.05)
        with anyio.move_on_after(0.05) as scope:
            await stream.read(4, None)
        assert scope.cancelled_caught


async def test_a_peer_that_reads_nothing_is_late() -> None:
    async def speak(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None: ...

    async with connected(speak) as stream:
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(bytes(100 * _MIB), 0.05)


async def test_who_does_not_read_stops_the_sender_and_loses_nothing() -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _number in range(20):
            writer.write(bytes(_MIB))
            await writer.drain()
        writer.write_eof()

    async with connected(speak) as stream:
        with anyio.fail_after(_LONG):
            while not stream._received._is_full:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.01)
        for _ in range(100):  # turns in which more would come
            await anyio.lowlevel.checkpoint()
        assert stream._received.size_bytes < _MIB
        came = 0
        while data := await stream.read(1 << 16, _LONG):
            came += len(data)
        assert came == 20 * _MIB


async def talk(stream: TcpStream) -> None:
    """Go on until the connection breaks."""
    while True:
        await stream.write(b"question", _LONG)
        if not await stream.read(8, _LONG):
            await stream.write(b"again", _LONG)


async def test_a_connection_that_is_reset_is_an_error_that_says_so() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with connected(speak) as stream:
        with pytest.raises((httpcore.ReadError, httpcore.WriteError)) as raised:
            await talk(stream)
        assert "reset" in str(raised.value) or "closed" in str(raised.value)


async def test_a_port_that_nobody_listens_at_refuses() -> None:
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(httpcore.ConnectError, match="Connection refused"):
        await open_stream("127.0.0.1", port)


@pytest.mark.parametrize(
    ("says", "seconds", "error"),
    [
        (b"HTTP/1.1 400 no\r\n\r\n", _LONG, httpcore.ConnectError),
        (b"", 0.05, httpcore.ConnectTimeout),
    ],
)
async def test_a_peer_without_tls_is_told_apart_from_a_silent_one(
    says: bytes, seconds: float, error: type[Exception]
) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)

    async with connected(speak) as stream:
        with pytest.raises(error):
            await stream.start_tls(ssl.create_default_context(), "mirror.test", seconds)
