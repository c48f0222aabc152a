"""Clients: their addresses, and how often they may ask for what is not here.

Each worker counts by itself, so each is given its part of what a client may. A client
may ask for a minute's worth at once, then as fast as that fills again.
"""

from __future__ import annotations

from typing import Final

from gosync.clock import Clock
from gosync.serve.answer import RequestScope

_MINUTE_SECONDS: Final = 60.0
_KNOWN: Final = 10_000


def address_of(scope: RequestScope, trusted: frozenset[str]) -> str:
    """Return a client's IP address.

    Args:
        scope: Its request.
        trusted: Peers that may speak for others: the last address of their
            X-Forwarded-For is the client's.
    """
    peer = scope.client.rpartition(":")[0].strip("[]")
    if peer in trusted:
        forwarded = scope.headers.get("x-forwarded-for") or ""
        last = forwarded.rpartition(",")[2].strip()
        return last[:45] or peer
    return peer


class ClientRates:
    """How much each client has left."""

    def __init__(self, per_minute: float, clock: Clock) -> None:
        """Give every client as much.

        Args:
            per_minute: How often each may ask; 0 for no limit.
            clock: What time it is.
        """
        self._per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def allow(self, client: str) -> bool:
        """Count a request; return whether it may be asked."""
        if not self._per_minute:
            return True
        now = self._clock.monotonic()
        left, since = self._left.pop(client, (self._full, now))
        gained = (now - since) * self._per_minute / _MINUTE_SECONDS
        left = min(self._full, left + gained)
        self._left[client] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _KNOWN:
            self._left.pop(next(iter(self._left)))
        return left >= 1

    @property
    def _full(self) -> float:
        return max(1.0, self._per_minute)
