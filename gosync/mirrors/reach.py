"""Reach of a mirror's host, stage by stage: name, connection, TLS; by IPv4 and by IPv6.

One connection an address family, on which nothing is sent. Behind a web proxy none is
made: how the host is reached is that one's business.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import anyio
import msgspec

from gosync.errors import ConfigError
from gosync.mirrors.sightings import FamilyReach
from gosync.upstream.options import HttpOptions
from gosync.upstream.tlscontext import tls_context

FAMILIES: Final = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


async def reach_host(
    url: str, options: HttpOptions, *, seconds: float
) -> tuple[FamilyReach, ...]:
    """Return how a URL's host is reached, by each family of which it has addresses.

    Args:
        url: http or https.
        options: Whom TLS believes, and addresses that are given.
        seconds: The longest wait for each stage.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        context = tls_context(options) if parts.scheme == "https" else None
    except ConfigError as exc:
        return (FamilyReach(family="ipv4", reason=str(exc)),)
    given = options.resolve.get(host)

    def look() -> tuple[FamilyReach, ...]:
        found = (
            _reach(name, host, given or host, port, context, seconds)
            for name in FAMILIES
        )
        return tuple(each for each in found if each is not None)

    return await anyio.to_thread.run_sync(look, abandon_on_cancel=True)


def _reach(
    family: str,
    host: str,
    target: str,
    port: int,
    context: ssl.SSLContext | None,
    seconds: float,
) -> FamilyReach | None:
    """Return how one family reaches a host, None where it has no such address."""
    clock = _Stages()
    try:
        found = socket.getaddrinfo(target, port, FAMILIES[family], socket.SOCK_STREAM)
    except OSError as exc:
        if exc.errno in _NO_ADDRESS or _is_address(target):
            return None
        return FamilyReach(family=family, reason=str(exc.strerror or exc))
    told = FamilyReach(
        family=family, address=str(found[0][4][0]), name_seconds=clock.lap()
    )
    try:
        with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as raw:
            raw.settimeout(seconds)
            raw.connect(found[0][4])
            told = _with(told, connect_seconds=clock.lap())
            if context is None:
                return _with(told, ok=True)
            with context.wrap_socket(raw, server_hostname=host) as secured:
                return _with(
                    told,
                    ok=True,
                    tls_seconds=clock.lap(),
                    tls=secured.version() or "",
                    issuer=_issuer(secured),
                )
    except OSError as exc:
        return _with(told, reason=str(exc.strerror or exc)[:200])


_with: Final[Callable[..., FamilyReach]] = msgspec.structs.replace
_NO_ADDRESS: Final = frozenset(
    {socket.EAI_NODATA, socket.EAI_NONAME, socket.EAI_FAMILY, socket.EAI_ADDRFAMILY}
)


class _Stages:
    """Tells how long each stage took."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def lap(self) -> float:
        begun, self._begun = self._begun, time.monotonic()
        return round(self._begun - begun, 4)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _issuer(secured: ssl.SSLSocket) -> str:
    """Return who issued the certificate: its organization and name."""
    shown = secured.getpeercert() or {}
    pairs = [pair for each in shown.get("issuer", ()) for pair in each]
    names = [str(pair[1]) for pair in pairs if pair[0] in _NAMES]
    return "".join(c if c.isprintable() else "?" for c in ", ".join(names))[:200]


_NAMES: Final = frozenset({"organizationName", "commonName"})
