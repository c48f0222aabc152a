"""Connections are kept for the next request, few of them, and replaced at their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from gosync.upstream.connections import ConnectionPool
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.options import HttpOptions

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Host:
    """A server that keeps connections, until it is told to drop them."""

    def __init__(self) -> None:
        self.url = ""
        self.taken = 0
        self._open: list[asyncio.StreamWriter] = []

    async def speak(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer requests."""
        self.taken += 1
        self._open.append(writer)
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(_ANSWER)
            await writer.drain()

    async def drop(self) -> None:
        """Close all connections."""
        for each in self._open:
            each.close()
        self._open.clear()
        await asyncio.sleep(0.05)


@asynccontextmanager
async def serving() -> AsyncIterator[Host]:
    host = Host()
    server = await asyncio.start_server(host.speak, "127.0.0.1", 0)
    host.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield host
    finally:
        server.close()
        await host.drop()


async def ask(transport: httpx.AsyncHTTPTransport, host: Host) -> bytes:
    headers = {"Host": "mirror.test"}
    request = httpx.Request("GET", host.url, headers=headers, extensions={})
    response = await transport.handle_async_request(request)
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def test_a_connection_is_used_again_until_the_server_ends_it() -> None:
    pool = ConnectionPool(HttpOptions(), ProxyEnvironment.parse({}))
    async with serving() as host:
        taken = pool.take()
        transport = taken.transport(httpx.URL(host.url))
        for _ in range(3):
            assert await ask(transport, host) == b"ok"
        assert host.taken == 1
        await host.drop()
        assert await ask(transport, host) == b"ok"
        assert host.taken == 2
        await taken.aclose()


async def test_few_connections_are_kept_however_many_hosts_are_asked() -> None:
    pool = ConnectionPool(HttpOptions(), ProxyEnvironment.parse({}))
    async with AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(serving()) for _ in range(6)]
        taken = pool.take()
        transport = taken.transport(httpx.URL(hosts[0].url))
        for host in (*hosts, *hosts[-3:], hosts[0]):
            assert await ask(transport, host) == b"ok"
        assert [each.taken for each in hosts] == [2, 1, 1, 1, 1, 1]
        await taken.aclose()
