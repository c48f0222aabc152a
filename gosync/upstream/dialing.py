"""Dialing: a TCP connection to whichever address of a host answers first.

Happy Eyeballs (RFC 8305): the addresses are tried in turn, each next one once the last
has failed, or has not answered for 250 ms; the first connection counts. A dead IPv6
costs that much once, since the address that answered is tried first from then on.
TLS is made with the name, whatever address was reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import anyio
import httpcore

from gosync.upstream.names import HostNames
from gosync.upstream.tcpstream import open_stream
from gosync.work.pool import first_error

STAGGER_SECONDS: Final = 0.25


class Dialer(httpcore.AsyncNetworkBackend):
    """Connects for httpcore."""

    def __init__(self, names: HostNames) -> None:
        """Prepare to connect to hosts of these names."""
        self._names = names

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host by name; see httpcore.

        Raises:
            ConnectError: No address takes a connection, or there is none.
            ConnectTimeout: None did in time.
        """
        del local_address, socket_options
        with anyio.move_on_after(timeout):
            return await self._connect(host, port)
        self._names.forget(host)
        raise httpcore.ConnectTimeout("no address answered in time")

    async def _connect(self, host: str, port: int) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._names.addresses(host)
        except (OSError, UnicodeError) as exc:
            raise httpcore.ConnectError(f"{host}: {exc}") from exc
        if len(addresses) == 1:
            try:
                return await open_stream(addresses[0], port)
            except httpcore.ConnectError:
                self._names.forget(host)
                raise
        race = _Race(port)
        address, stream = await race.run(addresses)
        if stream is None:
            self._names.forget(host)
            raise httpcore.ConnectError("; ".join(race.failures))
        self._names.worked(host, address)
        return stream

    async def sleep(self, seconds: float) -> None:
        """Sleep; httpcore's own retries do, which are not used."""
        await anyio.sleep(seconds)


class _Race:
    """Connections that are tried side by side; the first one that stands is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._found: tuple[str, httpcore.AsyncNetworkStream | None] = ("", None)
        self.failures: list[str] = []

    async def run(
        self, addresses: list[str]
    ) -> tuple[str, httpcore.AsyncNetworkStream | None]:
        try:
            async with anyio.create_task_group() as tasks:
                for address in addresses:
                    ended = anyio.Event()
                    tasks.start_soon(self._try, address, ended, tasks.cancel_scope)
                    with anyio.move_on_after(STAGGER_SECONDS):
                        await ended.wait()
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        return self._found

    async def _try(
        self, address: str, ended: anyio.Event, tasks: anyio.CancelScope
    ) -> None:
        try:
            stream = await open_stream(address, self._port)
        except httpcore.ConnectError as exc:
            self.failures.append(f"{address}: {exc}")
            ended.set()
            return
        if self._found[1] is not None:  # another one stood in the same moment
            await stream.aclose()
            return
        self._found = (address, stream)
        tasks.cancel()
