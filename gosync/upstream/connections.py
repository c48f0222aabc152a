"""Connection pool: one connection for each request in flight, kept warm for the next.

httpx's pool slows down as requests share it (measured: 1390 requests a second
alone, 380 with 32 at once), so none share: a request takes an idle connection, or a
new one, and gives it back. There are as many connections as there ever were requests
at once, which the caller bounds. A connection holds one transport a scheme and HTTP
proxy; all share one TLS context, made when the first https URL is asked for,
because reading the certificate authorities costs more than many requests.

Redirects, credentials, cookies and logging of httpx's client are not wanted, so
its transports are used alone; that also saves a tenth of the time.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from functools import cached_property
from typing import Final

import anyio
import httpcore
import httpx

from gosync.errors import ConfigError
from gosync.upstream.dialing import Dialer
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.names import HostNames
from gosync.upstream.options import HttpOptions
from gosync.upstream.tlscontext import tls_context

_KEPT: Final = 4
_KEPT_SECONDS: Final = 45.0
_LIMITS: Final = httpx.Limits(
    max_connections=None,
    max_keepalive_connections=_KEPT,
    keepalive_expiry=_KEPT_SECONDS,
)


class OneConnection:
    """One connection: the transports of one request at a time."""

    def __init__(self, connections: ConnectionPool) -> None:
        self._connections = connections
        self._transports: dict[tuple[bool, str | None], httpx.AsyncHTTPTransport] = {}

    def transport(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        """Return the transport for a URL's scheme and host."""
        key = (url.scheme == "https", self._connections.proxy_for(url))
        found = self._transports.get(key)
        if found is None:
            found = self._transports[key] = self._connections.new_transport(*key)
        return found

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            await transport.aclose()
        self._transports.clear()


class _Direct(httpcore.AsyncConnectionPool):
    """httpcore's pool for one request at a time, which queues for nobody."""

    async def handle_async_request(
        self, request: httpcore.Request
    ) -> httpcore.Response:
        """Send a request over the connection to its origin, or over a new one."""
        while True:
            connection = await self._connection_to(request.url.origin)
            try:
                return await connection.handle_async_request(request)
            except httpcore.ConnectionNotAvailable:  # it ended in this moment
                await self._end(connection)

    async def _connection_to(
        self, origin: httpcore.Origin
    ) -> httpcore.AsyncConnectionInterface:
        """Return the connection to an origin, or a new one; those that ended go."""
        found: httpcore.AsyncConnectionInterface | None = None
        for each in list(self._connections):
            if each.is_closed() or each.has_expired():
                await self._end(each)
            elif each.can_handle_request(origin) and each.is_available():
                found = each
        if found is None:
            found = self.create_connection(origin)
            self._connections.append(found)
            if len(self._connections) > _KEPT:
                await self._end(self._connections[0])
        return found

    async def _end(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self._connections.remove(connection)
        with anyio.CancelScope(shield=True):
            await connection.aclose()


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's transport; it has no argument for who makes its connections."""

    def dial_with(self, dialer: Dialer) -> None:
        self._pool._network_backend = dialer  # noqa: SLF001 - as httpcore's own tests

    def go_directly(self, context: ssl.SSLContext, *, http2: bool) -> None:
        self._pool = _Direct(context, keepalive_expiry=_KEPT_SECONDS, http2=http2)


class _SocksDialer(httpcore.AsyncNetworkBackend):
    """Remembers the connection to a SOCKS proxy, which httpcore forgets to close."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._last: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._last = await self._dialer.connect_tcp(
            host, port, timeout, local_address, socket_options
        )
        return self._last

    async def sleep(self, seconds: float) -> None:
        await self._dialer.sleep(seconds)

    async def close_last(self) -> None:
        if self._last is not None:
            await self._last.aclose()
            self._last = None


class _SocksTransport(_Transport):
    """The same through a SOCKS proxy."""

    def dial_with(self, dialer: Dialer) -> None:
        self._dialer = _SocksDialer(dialer)
        self._pool._network_backend = self._dialer  # noqa: SLF001 - as above

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except httpx.ProxyError:  # it refuses us before anything was asked
            await self._dialer.close_last()
            raise


class ConnectionPool:
    """Connection pool: all connections, and what they share."""

    def __init__(self, options: HttpOptions, environment: ProxyEnvironment) -> None:
        self._options = options
        self._environment = environment
        self._dialer = Dialer(HostNames(options.resolve, monotonic=time.monotonic))
        self._idle: list[OneConnection] = []

    def take(self) -> OneConnection:
        """Return the idle connection that was used last, or a new one."""
        return self._idle.pop() if self._idle else OneConnection(self)

    def give_back(self, connection: OneConnection) -> None:
        """Keep a connection for the next request."""
        self._idle.append(connection)

    async def aclose(self) -> None:
        """Close every idle connection."""
        while self._idle:
            await self._idle.pop().aclose()

    def proxy_for(self, url: httpx.URL) -> str | None:
        """Return the HTTP proxy for a URL, or None."""
        if self._environment.http is None and self._environment.https is None:
            return None
        port = url.port or (443 if url.scheme == "https" else 80)
        return self._environment.proxy_for(url.scheme, url.host, port)

    def new_transport(
        self,
        secure: bool,  # noqa: FBT001 - half of the connection's key
        proxy: str | None,
        context: ssl.SSLContext | None = None,
    ) -> httpx.AsyncHTTPTransport:
        """Return a transport with connections of its own."""
        through_tls = secure or (proxy or "").startswith("https:")
        if context is None:
            context = self._tls if through_tls else self._no_tls
        via = (
            None
            if proxy is None
            else httpx.Proxy(proxy, ssl_context=self._tls_for(proxy))
        )
        try:
            kind = _SocksTransport if (proxy or "").startswith("socks") else _Transport
            transport = kind(
                verify=context, http2=self._options.http2, limits=_LIMITS, proxy=via
            )
        except ImportError as exc:
            raise ConfigError(
                "a SOCKS proxy needs the package socksio",
                hint='pip install "gosync[socks]"',
            ) from exc
        if proxy is None:
            transport.go_directly(context, http2=self._options.http2)
        transport.dial_with(self._dialer)
        return transport

    def _tls_for(self, proxy: str) -> ssl.SSLContext | None:
        return self._tls if proxy.startswith("https:") else None

    @cached_property
    def _no_tls(self) -> ssl.SSLContext:
        """A context that trusts nobody: httpx wants one, http uses none."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The one context of all connections."""
        return tls_context(self._options)
