"""TCP streams: asyncio's own transports as httpcore's network streams.

httpcore's streams over anyio make two scopes, a timer and a turn of the event loop of
each read and write, and its TLS is a second layer in Python; half of what sending and
receiving cost was that. Here what came waits in a queue, a read that finds something
there waits for nothing, and TLS is asyncio's. What is not read stops the peer: above
``_MOST_BYTES`` the socket is read no further.
"""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from collections import deque
from typing import Any, Final, cast

import anyio
import httpcore

_MOST_BYTES: Final = 256 << 10
_HANDSHAKE_SECONDS: Final = 600.0  # what connecting may take is said by who connects


async def open_stream(host: str, port: int) -> TcpStream:
    """Return a connection to an address.

    Raises:
        ConnectError: It takes none.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, received = await loop.create_connection(_Received, host, port)
    except OSError as exc:  # asyncio's text says "Connect call failed" of each
        text = os.strerror(exc.errno) if exc.errno else str(exc)
        raise httpcore.ConnectError(text) from exc
    return TcpStream(transport, received)


class _Received(asyncio.Protocol):
    """What came over a connection and is not read yet, and how the connection is.

    Attributes:
        size_bytes: How much waits.
        has_ended: Whether nothing more will come.
        error: Why the connection ended, None where it was closed.
    """

    def __init__(self) -> None:
        self.size_bytes = 0
        self.has_ended = False
        self.error: Exception | None = None
        self._pieces: deque[bytes] = deque()
        self._transport: asyncio.Transport | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._is_full = self._is_unsent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; of TLS ``start_tls`` gives it."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came; where too much waits, let no more come."""
        self._pieces.append(data)
        self.size_bytes += len(data)
        if self.size_bytes > _MOST_BYTES and self._transport is not None:
            self._is_full = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        """The peer sends no more, and none of its readers half a connection."""
        self.has_ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everybody know who waits."""
        self.has_ended, self.error = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Let a writer wait: the peer does not read."""
        self._is_unsent = True

    def resume_writing(self) -> None:
        """Let it go on."""
        self._is_unsent = False
        _wake(self._writer)

    async def some(self, max_bytes: int, seconds: float | None) -> bytes:
        """Return the next bytes, none at the end.

        Raises:
            ReadTimeout: None came in time.
            ReadError: The connection broke.
        """
        if not self._pieces and not self.has_ended:
            self._reader = asyncio.get_running_loop().create_future()
            await _within(self._reader, seconds, httpcore.ReadTimeout)
        if not self._pieces:
            if self.error is not None:
                raise httpcore.ReadError(str(self.error)) from self.error
            return b""
        piece = self._pieces.popleft()
        if len(piece) > max_bytes:
            self._pieces.appendleft(piece[max_bytes:])
            piece = piece[:max_bytes]
        self.size_bytes -= len(piece)
        if self._is_full and self.size_bytes <= _MOST_BYTES // 2:
            self._go_on()
        return piece

    def _go_on(self) -> None:
        self._is_full = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def sent(self, seconds: float | None) -> None:
        """Wait until what was written is sent, or nearly.

        Raises:
            WriteTimeout: The peer did not take it in time.
            WriteError: The connection broke.
        """
        if self._is_unsent and not self.has_ended:
            self._writer = asyncio.get_running_loop().create_future()
            await _within(self._writer, seconds, httpcore.WriteTimeout)
        if self.error is not None:
            raise httpcore.WriteError(str(self.error)) from self.error


class TcpStream(httpcore.AsyncNetworkStream):
    """A connection, as httpcore uses one."""

    def __init__(self, transport: asyncio.Transport, received: _Received) -> None:
        self._transport = transport
        self._received = received

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
    ) -> bytes:
        """Return the next bytes; see httpcore."""
        return await self._received.some(max_bytes, timeout)

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> None:
        """Send bytes; see httpcore."""
        if not buffer:
            return
        if self._transport.is_closing():
            error = self._received.error
            raise httpcore.WriteError(str(error or "closed")) from error
        self._transport.write(buffer)
        await self._received.sent(timeout)

    async def aclose(self) -> None:
        """Close it; what was not sent yet is lost."""
        self._transport.abort()
        await asyncio.sleep(0)  # the socket is closed in the next turn

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Return the same connection through TLS; see httpcore.

        Raises:
            ConnectError: There is no TLS with this peer.
            ConnectTimeout: The handshake took too long.
        """
        received = _Received()
        try:
            with anyio.fail_after(timeout):
                transport = await asyncio.get_running_loop().start_tls(
                    self._transport,
                    received,
                    ssl_context,
                    server_hostname=server_hostname,
                    ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                )
        except OSError as exc:
            await self.aclose()
            is_late = isinstance(exc, TimeoutError)
            kind = httpcore.ConnectTimeout if is_late else httpcore.ConnectError
            raise kind(str(exc)) from exc
        except BaseException:
            self._transport.abort()
            raise
        if transport is None:
            raise httpcore.ConnectError("the connection ended in the handshake")
        received.connection_made(transport)
        return TcpStream(transport, received)

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore, or its caller, asks of a stream."""
        if info == "is_readable":
            received = self._received
            return received.has_ended or received.size_bytes or self._is_readable()
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))

    def _is_readable(self) -> bool:
        """Return whether something came that the event loop did not see yet."""
        socket = self._transport.get_extra_info("socket")
        if socket is None or socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))


async def _within(
    woken: asyncio.Future[None],
    seconds: float | None,
    late: type[httpcore.TimeoutException],
) -> None:
    """Wait to be woken, but not for ever."""
    if seconds is None:
        await woken
        return
    timer = woken.get_loop().call_later(seconds, _end, woken, late)
    try:
        await woken
    finally:
        timer.cancel()


def _end(woken: asyncio.Future[None], late: type[httpcore.TimeoutException]) -> None:
    if not woken.done():
        woken.set_exception(late())


def _wake(woken: asyncio.Future[None] | None) -> None:
    if woken is not None and not woken.done():
        woken.set_result(None)
