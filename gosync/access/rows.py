"""Logged requests: what every reader of access logs makes of a line. Pure.

A reader gives lines as tuples of the line's own bytes (``LogLine``), in one order
whatever the log: that is what a million lines a second leave time for. ``AskedRequest``
is the value of those lines that matter more than by their number.

A path comes in two halves, cut before its first "@": ``/rsc.io/quote/`` and
``@v/v1.5.2.mod``. Both repeat far more often than whole paths do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

# client, user, time, method, head and tail of the path, status, bytes, agent, cache;
# b"" or b"-" where the log does not say. The status and the bytes are digits.
LogLine: TypeAlias = tuple[
    bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes
]

SERVED: Final = frozenset({200, 206, 304})
MISSING: Final = frozenset({404, 410})
REFUSED: Final = frozenset({401, 403, 451})
_FAILED: Final = 500
_FROM_UPSTREAM: Final = frozenset({b"MISS", b"EXPIRED", b"BYPASS", b"miss"})


class AskedRequest(msgspec.Struct, frozen=True, gc=False):
    """One request of a log, and what it asked for.

    Attributes:
        time: When, in seconds since 1970.
        client: The client's address, as the log has it.
        user: Who it said it was, b"" for nobody.
        method: GET, HEAD or another one; b"" where the request was none.
        path: The path, as it was asked.
        kind: What it asked for: a ProxyRequestKind's value, or "other".
        module: The module path, "" for none.
        version: The version, branch or commit, "" for none.
        status: The HTTP status.
        size_bytes: How much was sent.
        agent: The User-Agent header, b"" for none.
        cache: What a cache or server says of hit and miss, b"" where it does not.
    """

    time: int
    client: bytes
    user: bytes
    method: bytes
    path: bytes
    kind: str
    module: str
    version: str
    status: int
    size_bytes: int
    agent: bytes
    cache: bytes

    @property
    def moment(self) -> datetime:
        """The time as a moment in UTC."""
        return datetime.fromtimestamp(self.time, UTC)


def outcome_of(status: int, cache: bytes = b"") -> str:
    """Return how a request ended: hit, miss, missing, refused, failed or other.

    A hit was answered with what was there, a miss with what came from an upstream
    first; missing is a definite no.
    """
    if status in SERVED:
        return "miss" if cache in _FROM_UPSTREAM else "hit"
    if status in MISSING:
        return "missing"
    if status in REFUSED:
        return "refused"
    return "failed" if status >= _FAILED else "other"
