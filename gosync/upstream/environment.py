"""Proxy environment: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, read as ``go`` does.

Upper-case names win over lower-case ones. A proxy without a scheme is http; https is
TLS to the proxy, socks5 and socks5h are SOCKS 5, which is given host names to resolve.
NO_PROXY is a comma list: ``*`` for everything, an IP address, a CIDR block, or a
domain, which also covers its subdomains (with a leading "." or "*." only those);
a domain or address may name one port. localhost and loopback addresses are
always asked directly. Under CGI (REQUEST_METHOD is set) HTTP_PROXY is ignored:
there it would be a header that a client sent.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final, Self

import msgspec

from gosync.errors import ConfigError
from gosync.upstream.address import parse_address

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


_SCHEMES: Final = ("http", "https", "socks5", "socks5h")


class _Exception(msgspec.Struct, frozen=True):
    """One entry of NO_PROXY: a block of addresses or a domain."""

    network: _Network | None = None
    domain: str = ""
    subdomains_only: bool = False
    port: int | None = None

    def covers(self, host: str, port: int) -> bool:
        """Whether a host, in lower case, is asked directly."""
        if self.port not in (None, port):
            return False
        if self.network is not None:
            address = _address(host)
            return address is not None and address in self.network
        if self.domain == "*" or host.endswith(f".{self.domain}"):
            return True
        return host == self.domain and not self.subdomains_only


class ProxyEnvironment(msgspec.Struct, frozen=True):
    """Which HTTP proxy stands between us and a host; shows without their URLs.

    Attributes:
        http: The proxy's URL for http, or None.
        https: The proxy's URL for https, or None.
        exceptions: What is asked directly.
    """

    http: str | None
    https: str | None
    exceptions: tuple[_Exception, ...]

    def __repr__(self) -> str:
        return "ProxyEnvironment()"  # the URLs may hold passwords

    @classmethod
    def parse(cls, environment: Mapping[str, str]) -> Self:
        """Read the three variables.

        Raises:
            ConfigError: A proxy's URL is none of a kind that works.
        """
        http = (
            None if environment.get("REQUEST_METHOD") else _proxy(environment, "HTTP")
        )
        entries = _variable(environment, "NO_PROXY").split(",")
        parsed = (_parse_exception(entry.strip().lower()) for entry in entries)
        return cls(
            http,
            _proxy(environment, "HTTPS"),
            tuple(e for e in parsed if e is not None),
        )

    def proxy_for(self, scheme: str, host: str, port: int) -> str | None:
        """Return the proxy's URL for a request, or None to ask directly."""
        proxy = self.https if scheme == "https" else self.http
        if proxy is None:
            return None
        host = host.lower().rstrip(".")
        address = _address(host)
        if host == "localhost" or (address is not None and address.is_loopback):
            return None
        covered = any(entry.covers(host, port) for entry in self.exceptions)
        return None if covered else proxy


def _variable(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name) or environment.get(name.lower()) or "").strip()


def _proxy(environment: Mapping[str, str], scheme: str) -> str | None:
    value = _variable(environment, f"{scheme}_PROXY")
    if not value:
        return None
    url = value if "://" in value else f"http://{value}"
    kind = url.partition("://")[0]
    if kind not in _SCHEMES:
        raise ConfigError(
            f"{scheme}_PROXY: only {', '.join(_SCHEMES)} proxies work",
            hint="like http://user:password@host:3128, or socks5h://host:1080",
        )
    as_http = url if kind in ("http", "https") else f"http{url[len(kind) :]}"
    try:
        parse_address(as_http, may_query=True, plain_login=True)
    except ConfigError as exc:
        raise ConfigError(f"{scheme}_PROXY: {exc}", hint=exc.hint) from None
    return url


def _parse_exception(entry: str) -> _Exception | None:
    if not entry:
        return None
    if "/" in entry:
        network = _network(entry)
        return None if network is None else _Exception(network)
    name, port = _split_port(entry)
    network = _network(name.strip("[]"))
    if network is not None:
        return _Exception(network, port=port)
    return _Exception(
        domain=name.removeprefix("*").lstrip(".") or "*",
        subdomains_only=name.startswith((".", "*.")),
        port=port,
    )


def _split_port(entry: str) -> tuple[str, int | None]:
    name, colon, digits = entry.rpartition(":")
    bare_ipv6 = ":" in name and not name.startswith("[")
    if not colon or not digits.isdecimal() or bare_ipv6:
        return entry, None
    return name, int(digits)


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
