"""Which web proxy stands before a host: HTTP_PROXY and its like, as ``go`` reads them.

Go takes a URL of any scheme: socks5 and socks5h are SOCKS, https is TLS to the proxy,
and everything else, a misspelt scheme too, is plain http. What is asked directly
(NO_PROXY, loopback) is gosync.upstream.environment's to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from gosync.upstream.environment import ProxyEnvironment

_PORTS: Final = {"https": 443, "socks5": 1080, "socks5h": 1080}
_KNOWN: Final = frozenset({"http", "https", "socks5", "socks5h"})
_ANY: Final = "http://proxy.invalid"


class WebProxy(msgspec.Struct, frozen=True):
    """A web proxy.

    Attributes:
        scheme: http, https, socks5, socks5h, or what else stands there.
        host: Its host.
        port: Its port.
        login: ``user:password``, "" for none; never shown.
        variable: The variable that names it.
    """

    scheme: str
    host: str
    port: int
    login: str
    variable: str

    def __repr__(self) -> str:
        return f"WebProxy({self.shown!r})"

    @property
    def is_known(self) -> bool:
        """Whether go knows the scheme; others it takes for http."""
        return self.scheme in _KNOWN

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS 5."""
        return self.scheme in ("socks5", "socks5h")

    @property
    def shown(self) -> str:
        """The URL without a login."""
        return f"{self.scheme}://{self.host}:{self.port}"


def web_proxy_for(
    environment: Mapping[str, str], scheme: str, host: str, port: int
) -> WebProxy | None:
    """Return the proxy for a request, None to ask directly."""
    name = "HTTPS_PROXY" if scheme == "https" else "HTTP_PROXY"
    if name == "HTTP_PROXY" and environment.get("REQUEST_METHOD"):
        return None
    found = next((each for each in (name, name.lower()) if environment.get(each)), "")
    if not found or not _is_proxied(environment, scheme, host, port):
        return None
    return parse_web_proxy(environment[found].strip(), found)


def parse_web_proxy(text: str, variable: str) -> WebProxy | None:
    """Take a proxy's URL apart; None where it names no host."""
    url = text if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE) else ""
    try:
        parts = urlsplit(url or f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    scheme = parts.scheme.lower()
    login = unquote(parts.netloc.rpartition("@")[0])
    return WebProxy(scheme, host, port or _PORTS.get(scheme, 80), login, variable)


def _is_proxied(
    environment: Mapping[str, str], scheme: str, host: str, port: int
) -> bool:
    exceptions = {
        name: environment[name]
        for name in ("NO_PROXY", "no_proxy")
        if name in environment
    }
    rules = ProxyEnvironment.parse(
        {"HTTP_PROXY": _ANY, "HTTPS_PROXY": _ANY, **exceptions}
    )
    return rules.proxy_for(scheme, host, port) is not None
