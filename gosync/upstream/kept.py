"""What is kept of an upstream from run to run: its health, its breaker, its gaps.

A breaker that opened by itself is half-open in the next run, which begins with one
probe; a pause that the upstream asked for (Retry-After) still holds.

``gaps`` are parts of the protocol that it was seen to lack, by name:

    no-latest     ``@latest`` is answered by 405 or 501; what is listed counts
    no-head       HEAD is; sizes come with the zips
    folder-list   it has no ``@v/list``, and shows its folder ``@v/`` instead
    no-sumdb      it relays no checksum database; another does, or it is asked itself
    go-user-agent it answers Go's own User-Agent alone, and is shown it
    go-get-query  it wants ?go-get=1 too
    403-for-404   it answers 403 of what it does not have, which is a no then
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.upstream.breaker import Breaker, BreakerPolicy, BreakerState

NO_LATEST: Final = "no-latest"
NO_HEAD: Final = "no-head"
NO_SUMDB: Final = "no-sumdb"
FOLDER_LIST: Final = "folder-list"
FORBIDDEN_FOR_ABSENT: Final = "403-for-404"
GO_AGENT: Final = "go-user-agent"
GO_GET: Final = "go-get-query"


class KeptLag(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upstream was behind the module index.

    Attributes:
        minutes: By so much.
        bound_minutes: What this may be wrong by.
        at: When that was measured, RFC 3339.
    """

    minutes: float
    bound_minutes: float
    at: str


class KeptUpstream(msgspec.Struct, frozen=True):
    """What is kept of one upstream.

    Attributes:
        breaker: Its breaker, with its last requests.
        gaps: What it lacks, sorted.
        lag: How far it was behind the index, None where nobody measured.
    """

    breaker: Breaker = Breaker()
    gaps: tuple[str, ...] = ()
    lag: KeptLag | None = None


def encode_kept(kept: KeptUpstream) -> str:
    """Return it as JSON."""
    return msgspec.json.encode(kept).decode()


def decode_kept(text: str) -> KeptUpstream:
    """Return what JSON says; of what is none, a new beginning."""
    try:
        return msgspec.json.decode(text, type=KeptUpstream)
    except msgspec.DecodeError:
        return KeptUpstream()


def resumed(breaker: Breaker, now: datetime) -> Breaker:
    """Return the breaker with which the next run begins."""
    if breaker.until is None or breaker.asked:
        return breaker
    return replace(breaker, until=min(breaker.until, now))


class UpstreamState(msgspec.Struct, frozen=True, kw_only=True):
    """How an upstream is, for people and monitors.

    Attributes:
        url: It, without secrets.
        state: Whether it is asked: closed, open or half-open.
        success_rate: The share of its last requests that were answered, None for none.
        p50_seconds: How long answers take, the median; None without any.
        p95_seconds: The same of the late ones.
        requests: How many there ever were.
        reason: Why its breaker opened last, "" while it is closed.
        gaps: What it lacks.
        lag: How far it was behind the index, None where nobody measured.
    """

    url: str
    state: str
    success_rate: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    requests: int
    reason: str
    gaps: tuple[str, ...]
    lag: KeptLag | None = None


def state_of(
    url: str, kept: KeptUpstream, now: datetime, policy: BreakerPolicy
) -> UpstreamState:
    """Return how an upstream is at a time."""
    breaker = kept.breaker
    health = breaker.health
    return UpstreamState(
        url=url,
        state=breaker.state(now, policy).value,
        success_rate=round(1 - health.failure_rate(), 4) if health.samples else None,
        p50_seconds=health.latency_seconds(0.5),
        p95_seconds=health.latency_seconds(0.95),
        requests=health.requests,
        reason=breaker.reason if breaker.until is not None else "",
        gaps=kept.gaps,
        lag=kept.lag,
    )


def changed_upstreams(
    before: Iterable[UpstreamState], after: Iterable[UpstreamState]
) -> tuple[UpstreamState, ...]:
    """Return those that ceased to answer, or answer again.

    A breaker that is half-open has not been answered yet.
    """
    closed = BreakerState.CLOSED.value
    known = {each.url: each.state == closed for each in before}
    return tuple(
        each for each in after if known.get(each.url, True) != (each.state == closed)
    )
