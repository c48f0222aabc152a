"""A line to a host: the stages dns, tcp, proxy and tls, one after the other."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from typing import Final

import msgspec

from gosync.diagnose.doctor.certificates import (
    TlsFacts,
    distrust,
    facts_of,
    looking_context,
    shake_hands,
    trusting_context,
)
from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.dialling import (
    NetOrigin,
    Resolver,
    as_proxy_fault,
    connect_each,
    is_hijacked,
    open_tunnel,
    resolve,
)
from gosync.diagnose.doctor.nameserver import look_up
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.ways import PUBLIC_HOSTS
from gosync.diagnose.doctor.webproxy import WebProxy, web_proxy_for


@contextmanager
def _blame(proxy: WebProxy | None) -> Iterator[None]:
    """Make a failure to reach a web proxy the proxy's."""
    try:
        yield
    except FaultFoundError as exc:
        if proxy is None:
            raise
        raise as_proxy_fault(exc, proxy) from exc


_HTTP1: Final = "http/1.1"


class HostLine(msgspec.Struct, frozen=True):
    """An open line.

    Attributes:
        origin: Who is at its end.
        sock: The socket, with TLS where the scheme has it.
        proxy: A web proxy that is to be told whole URLs: plain http through one.
        tls: What the handshake showed, None for plain http.
    """

    origin: NetOrigin
    sock: socket.socket
    proxy: WebProxy | None = None
    tls: TlsFacts | None = None


class LineOpener:
    """Opens lines as this machine is set up.

    Attributes:
        shown: What the last refused handshake showed, by origin.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        resolver: Resolver,
        *,
        timeout_seconds: float,
        name_servers: Sequence[str] = (),
    ) -> None:
        """Prepare to open lines.

        Args:
            environment: The process's environment.
            resolver: Turns names into addresses.
            timeout_seconds: How long to wait for each step.
            name_servers: Whom to ask for names a second time, to compare.
        """
        self._name_servers = name_servers
        self._environment = environment
        self._resolver = resolver
        self._timeout_seconds = timeout_seconds
        self.shown: dict[NetOrigin, TlsFacts] = {}

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return trusting_context(self._environment)

    def proxy_for(self, origin: NetOrigin) -> WebProxy | None:
        """Return the web proxy before an origin."""
        return web_proxy_for(self._environment, origin.scheme, origin.host, origin.port)

    def open(
        self, origin: NetOrigin, log: StageLog, *, http2: bool = False
    ) -> HostLine:
        """Open a line, with a stage for each step.

        Args:
            origin: Who is to be at its end.
            log: Where the stages go.
            http2: Whether to offer HTTP/2 too, as go does.

        Raises:
            FaultFoundError: A step failed; the rest was not tried.
        """
        proxy = self.proxy_for(origin)
        with ExitStack() as closing:
            sock = self._socket(origin, proxy, log)
            closing.callback(sock.close)
            offer = ["h2", _HTTP1] if http2 else [_HTTP1]
            line = self._line(origin, proxy, sock, log, offer)
            closing.pop_all()  # it is whole, and its user's to close
        return line

    def _line(
        self,
        origin: NetOrigin,
        proxy: WebProxy | None,
        sock: socket.socket,
        log: StageLog,
        offer: list[str],
    ) -> HostLine:
        """Return the line over a socket to the origin or its web proxy."""
        if proxy is not None and (origin.scheme == "https" or proxy.is_socks):
            curl = f"curl -sv -o /dev/null -x {proxy.shown} {origin}/"
            with log.stage("proxy", curl=curl) as stage:
                stage.saw(
                    say(
                        "CONNECT {netloc} through {shown}",
                        netloc=origin.netloc,
                        shown=proxy.shown,
                    )
                )
                open_tunnel(sock, proxy, origin)
        if origin.scheme != "https":
            is_told = proxy is not None and not proxy.is_socks
            return HostLine(origin, sock, proxy if is_told else None)
        with log.stage("tls") as stage:
            return self._secured(origin, sock, stage, offer)

    def _socket(
        self, origin: NetOrigin, proxy: WebProxy | None, log: StageLog
    ) -> socket.socket:
        """Return a socket to the origin, or to the web proxy before it."""
        host, port = (proxy or origin).host, (proxy or origin).port
        with log.stage("dns", curl=f"getent ahosts {host}") as stage, _blame(proxy):
            addresses = resolve(host, self._resolver)
            is_one = list(addresses) == [host]
            stage.saw(host if is_one else f"{host}: {', '.join(addresses)}")
            if is_hijacked(host, addresses, PUBLIC_HOSTS):
                stage.warn(
                    "network.dns_hijack",
                    say(
                        "{host} is a public host, and has the private address "
                        "{addresses} here",
                        host=host,
                        addresses=addresses[0],
                    ),
                    "the resolver lies, or stands in for it: ask who runs it",
                )
            for server in self._name_servers:
                self._compare(host, server, addresses, stage)
        nc = f"nc -zv -w 10 {host} {port}"
        with log.stage("tcp", curl=nc) as stage, _blame(proxy):
            tries, sock = connect_each(
                addresses, port, timeout_seconds=self._timeout_seconds
            )
            for each in tries:
                told = say(
                    "{address}:{port}: {text}",
                    address=each.address,
                    port=port,
                    text=each.text,
                )
                stage.saw(told)
                if each.cause:
                    stage.warn(each.cause, told)
        return sock

    def _compare(
        self, host: str, server: str, addresses: Sequence[str], stage: StageDraft
    ) -> None:
        """Ask a second name server, and note where it says otherwise."""
        try:
            _, others = look_up(host, server, timeout_seconds=self._timeout_seconds)
        except (OSError, ValueError) as exc:
            stage.saw(f"{server}: {exc}")
            return
        stage.saw(
            say(
                "{server} says {others}",
                server=server,
                others=", ".join(others) or "no address",
            )
        )
        if others and not set(others) & set(addresses):
            stage.warn(
                "network.dns_hijack",
                say(
                    "{host} is {addresses} here, and {others} to {server}",
                    host=host,
                    addresses=", ".join(addresses),
                    others=", ".join(others),
                    server=server,
                ),
                "a name may have many addresses, and others inside; else one of the"
                " two lies",
            )

    def _secured(
        self,
        origin: NetOrigin,
        sock: socket.socket,
        stage: StageDraft,
        offer: list[str],
    ) -> HostLine:
        stage.curl = f"curl -sv -o /dev/null {origin}/"
        try:
            secured, facts = shake_hands(sock, origin.host, self._context, offer=offer)
        except ssl.SSLCertVerificationError as exc:
            facts_shown = self._look(origin)
            if facts_shown is not None:
                self.shown[origin] = facts_shown
            raise distrust(exc, origin.host, facts_shown) from exc
        first = facts.chain[0] if facts.chain else None
        stage.saw(f"{facts.version}, {facts.alpn or 'no ALPN'}")
        if first is not None:
            stage.saw(say("for {names}", names=", ".join(first.names[:5])))
            stage.saw(f"SHA-256 {first.sha256}")
            stage.saw(say("valid until {not_after}", not_after=first.not_after))
        for each in facts.chain:
            stage.saw(say("signed by {issuer}", issuer=each.issuer))
        return HostLine(origin, secured, None, facts)

    def _look(self, origin: NetOrigin) -> TlsFacts | None:
        """Return what an origin shows to who believes anything; nothing is sent."""
        try:
            with (
                self.reach(origin) as sock,
                looking_context().wrap_socket(
                    sock, server_hostname=origin.host
                ) as secured,
            ):
                return facts_of(secured)
        except (OSError, ValueError, FaultFoundError):
            return None

    def reach(self, origin: NetOrigin) -> socket.socket:
        """Return a connection to an origin, through the web proxy before it.

        Raises:
            FaultFoundError: There is no way.
        """
        proxy = self.proxy_for(origin)
        host, port = (proxy or origin).host, (proxy or origin).port
        addresses = resolve(host, self._resolver)
        _, sock = connect_each(
            addresses[:1], port, timeout_seconds=self._timeout_seconds
        )
        with ExitStack() as closing:
            closing.callback(sock.close)
            if proxy is not None:
                open_tunnel(sock, proxy, origin)
            closing.pop_all()
        return sock

    def begin_tls(self, origin: NetOrigin, through: tuple[str, int]) -> None:
        """Begin TLS with an origin through a relay, and end it at once."""
        proxy = WebProxy("http", *through, login="", variable="")
        offer = ["h2", _HTTP1]
        with suppress(OSError, FaultFoundError):
            sock = socket.create_connection(through, self._timeout_seconds)
            with sock:
                open_tunnel(sock, proxy, origin)
                shake_hands(sock, origin.host, self._context, offer=offer)[0].close()
