"""Host names resolved: answers of the system's resolver, kept and asked again.

An answer is used for ``FRESH_SECONDS``, and again for as long when the resolver fails;
``forget`` drops it, once nothing at its addresses could be reached. IPv6 and IPv4
addresses alternate, IPv6 first (RFC 8305 section 4), after the address that answered
last. Addresses that the configuration names for a host are used alone.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from itertools import chain, zip_longest
from typing import Final

import anyio

FRESH_SECONDS: Final = 60.0
Resolve = Callable[[str], Awaitable[list[str]]]


async def resolve_name(host: str) -> list[str]:
    """Return the addresses that the system knows of a host, in its order.

    Raises:
        OSError: It knows none.
    """
    found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class HostNames:
    """Addresses of hosts."""

    def __init__(
        self,
        fixed: Mapping[str, str],
        *,
        monotonic: Callable[[], float],
        resolve: Resolve = resolve_name,
    ) -> None:
        """Begin without answers.

        Args:
            fixed: Addresses of hosts that are not to be asked for.
            monotonic: Seconds that never go back.
            resolve: Asks the system.
        """
        self._fixed = fixed
        self._monotonic = monotonic
        self._resolve = resolve
        self._known: dict[str, tuple[list[str], float]] = {}
        self._best: dict[str, str] = {}

    async def addresses(self, host: str) -> list[str]:
        """Return where a host may be reached, in the order of trying.

        Raises:
            OSError: Nobody knows.
        """
        if is_address(host):
            return [host]
        if host.lower() in self._fixed:
            return [self._fixed[host.lower()]]
        known, fresh_until = self._known.get(host, ([], float("-inf")))
        if self._monotonic() >= fresh_until:
            try:
                known = alternate(await self._resolve(host))
            except OSError:
                if not known:
                    raise
            self._known[host] = (known, self._monotonic() + FRESH_SECONDS)
        best = self._best.get(host)
        return sorted(known, key=lambda each: each != best)

    def worked(self, host: str, address: str) -> None:
        """Note that an address could be reached: it is tried first from now on."""
        self._best[host] = address

    def forget(self, host: str) -> None:
        """Ask anew at the next time: no address could be reached."""
        self._known.pop(host, None)
        self._best.pop(host, None)


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def alternate(addresses: list[str]) -> list[str]:
    """Return addresses with both families in turn, IPv6 first."""
    six = [each for each in addresses if ":" in each]
    four = [each for each in addresses if ":" not in each]
    return [each for each in chain(*zip_longest(six, four)) if each is not None]
