"""HTTP exchange: one request and its redirects, from a URL to a status 200.

Credentials go to the origin that was named, over https, and nowhere else: a
redirect to another scheme, host or port gets none, not even netrc's for that
host. Of an answer that is refused, at most 8 KiB are read, for at most 5 s.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from functools import cached_property
from http import HTTPStatus
from typing import Final

import anyio
import httpx

from gosync.clock import Clock
from gosync.errors import ConfigError, GosyncError, MalformedError, UnavailableError
from gosync.upstream.address import Address
from gosync.upstream.answer import Served, Sink, shown_headers
from gosync.upstream.connections import ConnectionPool, OneConnection
from gosync.upstream.credentials import (
    Credentials,
    credentials_of_user_info,
    load_netrc,
)
from gosync.upstream.download import Download, raw_body
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.failures import WebProxyWatch, login_wanted, request_failures
from gosync.upstream.options import HttpOptions, request_waits
from gosync.upstream.patience import BodyPatience
from gosync.upstream.peercert import peer_certificate
from gosync.upstream.redirects import (
    is_of_signature,
    is_redirect,
    is_web_address,
    next_address,
    same_origin,
)
from gosync.upstream.refusal import BODY_LIMIT_BYTES, refusal
from gosync.upstream.retry import causes
from gosync.upstream.traffic import Traffic
from gosync.upstream.urls import strip_secrets

_WANTS_PROXY_LOGIN: Final = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
_REFUSED_BODY_SECONDS: Final = 5.0
_CONDITIONS: Final = frozenset({"if-none-match", "if-modified-since"})


class Exchange:
    """Sends requests through connections and follows redirects."""

    def __init__(
        self,
        options: HttpOptions,
        *,
        traffic: Traffic,
        clock: Clock,
        environment: Mapping[str, str],
        proxies: ProxyEnvironment,
    ) -> None:
        """Prepare to ask; nothing is opened or read yet.

        Args:
            options: Time-outs, retries and the like.
            traffic: What is asked and got is counted there.
            clock: For the time of evidence.
            environment: Where netrc is named.
            proxies: What it says of web proxies.
        """
        self.traffic = traffic
        self._clock = clock
        self._environment = environment
        self._connections = ConnectionPool(options, proxies)
        self._logins = options.logins
        self._agent = options.user_agent.encode("ascii", "replace")
        self._options = options

    def download(
        self,
        new_sink: Callable[[], Sink],
        limit_bytes: int,
        patience: BodyPatience | None = None,
    ) -> Download:
        """Return a download whose tries are counted here; see there."""
        return Download(
            new_sink,
            self.traffic,
            self._clock,
            limit_bytes=limit_bytes,
            patience=patience,
        )

    def web_proxy_of(self, url: str) -> str | None:
        """Return the web proxy that a URL is asked through, without secrets."""
        found = self._connections.proxy_for(httpx.URL(url))
        return None if found is None else strip_secrets(found)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._connections.aclose()

    @asynccontextmanager
    async def answer(
        self, method: str, url: str, headers: Mapping[str, str] | None
    ) -> AsyncIterator[tuple[httpx.Response, Served]]:
        """Give a status 200, its body unread, after redirects.

        Where the headers make the request conditional, 304 is an answer, too, and
        206 where they ask for a range.

        Args:
            method: GET or HEAD.
            url: http or https; user info becomes Basic authentication.
            headers: Sent along, also to where redirects lead: no secrets.

        Raises:
            NotFoundError: 404 or 410.
            UnavailableError: No answer could be had; also its subclasses.
            MalformedError: The URL is no http or https URL.
            ConfigError: Credentials would go over plain http.
        """
        address, secrets = self._address(url)
        sent = self._headers(address, headers)
        start, connection = address, self._connections.take()
        response: httpx.Response | None = None
        try:
            for followed in range(100):  # next_address raises long before
                login = secrets.login if same_origin(start, address) else None
                response = await self._ask(connection, method, address, sent, login)
                if not is_redirect(response):
                    break
                target = next_address(address, response, followed=followed)
                await _read_little(response)
                await response.aclose()
                address, sent = target, self._headers(target, headers)
            assert response is not None
            served = self._served(address, response, secrets)
            if response.status_code not in (200, *_expected(headers)):
                error = await self._refusal(response, served, secrets)
                if followed and is_of_signature(error, address):
                    error.may_have_expired = True
                raise error
            yield response, served
        finally:
            if response is not None:
                with anyio.CancelScope(shield=True), suppress(httpx.HTTPError):
                    await response.aclose()
            self._connections.give_back(connection)

    async def _ask(
        self,
        connection: OneConnection,
        method: str,
        address: httpx.URL,
        headers: list[tuple[bytes, bytes]],
        credentials: Credentials | None,
    ) -> httpx.Response:
        """Send one request and return its answer's headers."""
        if credentials is not None:
            headers = [
                *headers,
                (b"Authorization", credentials.authorization().encode("ascii")),
            ]
        waits = request_waits(self._options)
        extensions: dict[str, object] = {"timeout": waits}
        proxy = self._connections.proxy_for(address)
        watch = None if proxy is None else WebProxyWatch(proxy)
        if watch is not None:
            extensions["trace"] = watch.trace
        request = httpx.Request(method, address, headers=headers, extensions=extensions)
        self.traffic.requests += 1
        transport = connection.transport(address)
        try:
            with request_failures(strip_secrets(str(address)), watch):
                response = await transport.handle_async_request(request)
        except UnavailableError as exc:
            if any(isinstance(each, ssl.CertificateError) for each in causes(exc)):
                raise await self._unbelieved(address, exc, watch) from exc
            raise
        if watch is not None and response.status_code == _WANTS_PROXY_LOGIN:
            await response.aclose()
            raise login_wanted(strip_secrets(str(address)), watch)
        # What waits for the next bytes looks here again for how long it may.
        waits["read"] = min(self._options.stall_seconds, self._options.timeout_seconds)
        return response

    async def _unbelieved(
        self, address: httpx.URL, error: UnavailableError, watch: WebProxyWatch | None
    ) -> UnavailableError:
        """Return the error of a certificate, with who signed it."""
        shown = await peer_certificate(address, self._connections)
        if shown is None:
            return error
        through = "" if watch is None else f" through the web proxy {watch.shown}"
        told = UnavailableError(
            f"{error}; the certificate{through} is issued by {shown.issuer},"
            f" SHA-256 {shown.sha256}",
            hint="if that is your own authority, or a web proxy's that opens TLS, name"
            " its file in upstream.ca_file; if not, somebody listens",
        )
        told.was_reached = error.was_reached
        return told

    async def _refusal(
        self, response: httpx.Response, served: Served, secrets: Address
    ) -> GosyncError:
        """Return the error for an answer that is not 200."""
        text = (await _read_little(response)).decode("utf-8", "replace")
        body = secrets.scrub(text).encode()  # an echo of what we sent stays here
        return refusal(
            served.url,
            served.status,
            headers=served.headers,
            body=body,
            now=self._clock.now(),
        )

    def _address(self, url: str) -> tuple[httpx.URL, Address]:
        """Return the URL with its query, and the secrets that we send along."""
        known = self._logins.of(url)
        try:
            address = httpx.URL(url)
            if known is not None and known.query:
                own = f"&{address.query.decode()}" if address.query else ""
                address = address.copy_with(query=f"{known.query}{own}".encode())
        except (httpx.InvalidURL, ValueError):
            raise MalformedError("URL", strip_secrets(url), "does not parse") from None
        if not is_web_address(address):
            raise MalformedError("URL", strip_secrets(url), "no http or https URL")
        credentials = None
        if address.userinfo:
            credentials = credentials_of_user_info(address.userinfo)
            address = address.copy_with(username="", password="")
            if address.scheme != "https" and credentials is not None:
                raise ConfigError(
                    f"{strip_secrets(url)}: refusing to send a password over http"
                )
        elif known is not None and known.login is not None:
            credentials = known.login
        elif address.scheme == "https":
            credentials = self._netrc.get(address.host)
        query = known.query if known is not None else ""
        return address, Address("", credentials, query)

    def _headers(
        self, address: httpx.URL, extra: Mapping[str, str] | None
    ) -> list[tuple[bytes, bytes]]:
        extra = extra or {}
        sent = [(b"Host", address.netloc), (b"Accept-Encoding", b"identity")]
        if "User-Agent" not in extra:
            sent.append((b"User-Agent", self._agent))
        for name, value in extra.items():
            sent.append((name.encode("ascii"), value.encode("ascii")))
        return sent

    def _served(
        self, address: httpx.URL, response: httpx.Response, secrets: Address
    ) -> Served:
        told = shown_headers(response.headers.raw)
        headers = {name: secrets.scrub(value) for name, value in told.items()}
        # Only HTTP/1 can end a body by closing the connection.
        framed = (
            response.http_version == "HTTP/2"
            or "content-length" in headers
            or "chunked" in headers.get("transfer-encoding", "").lower()
        )
        return Served(
            url=strip_secrets(str(address)),
            status=response.status_code,
            headers=headers,
            at=self._clock.now(),
            size_bytes=0,
            framed=framed,
        )

    @cached_property
    def _netrc(self) -> dict[str, Credentials]:
        return load_netrc(self._environment)


def _expected(headers: Mapping[str, str] | None) -> Iterator[int]:
    """Yield the statuses that are answers besides 200, to a request with these."""
    for name in headers or ():
        if name.lower() in _CONDITIONS:
            yield HTTPStatus.NOT_MODIFIED
        elif name == "Range":
            yield HTTPStatus.PARTIAL_CONTENT


async def _read_little(response: httpx.Response) -> bytes:
    """Return the first bytes of a body that may be slow, broken or endless."""
    kept = bytearray()
    with anyio.move_on_after(_REFUSED_BODY_SECONDS), suppress(httpx.HTTPError):
        async with aclosing(raw_body(response)) as body:
            async for data in body:
                kept += data
                if len(kept) >= BODY_LIMIT_BYTES:
                    break
    return bytes(kept[:BODY_LIMIT_BYTES])
