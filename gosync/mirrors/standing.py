"""Standing of mirrors: lag, order, and what is recommended. Pure.

A mirror lags by how much older its newest version of a module is than the newest one
that any mirror names; of several modules the most counts. What is not asked is not
known: a module that changed nothing for a month shows no lag of a month. What this can
miss is as much as the newest version of all is old. New events of an index, where there
is one, tell it in minutes (``indexlag``).

Recommended are those that work, by lag in whole hours and then by median latency, at
most three, divided by "|": one that fails, or is silent, passes on to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from gosync.mirrors.indexlag import IndexLag
from gosync.mirrors.sightings import FamilyReach, Gap, MirrorSight

_MOST: Final = 3
_HOUR_SECONDS: Final = 3600


class MirrorStanding(msgspec.Struct, frozen=True):
    """One mirror's line.

    Attributes:
        url: Its URL, without secrets.
        ok: Whether it may be used.
        p50_seconds: How long its small answers take, the median; None for none.
        p95_seconds: The same of the late ones.
        lag_hours: How far its newest versions are behind; None where unknown.
        gaps: What it lacks, by name.
        sumdb: Whether it relays the checksum database.
        index_lag_minutes: How far it is behind the module index; None where unknown.
        index_lag_bound_minutes: What that may be wrong by.
        lag_bound_hours: How much ``lag_hours`` can miss: nobody names anything newer
            than what is so old.
        head_size: How many records of the checksum database it relays; None for none.
        bytes_per_second: How fast its zip came; None without one.
        reach: How its host is reached, by IPv4 and by IPv6; none behind a web proxy.
        web_proxy: The web proxy that it is asked through, "" for none.
        reason: Why it is not ok, "" where it is.
    """

    url: str
    ok: bool
    p50_seconds: float | None
    p95_seconds: float | None
    lag_hours: float | None
    gaps: tuple[str, ...]
    sumdb: bool
    index_lag_minutes: float | None = None
    index_lag_bound_minutes: float | None = None
    lag_bound_hours: float | None = None
    head_size: int | None = None
    bytes_per_second: float | None = None
    reach: tuple[FamilyReach, ...] = ()
    web_proxy: str = ""
    reason: str = ""

    @property
    def behind_hours(self) -> float:
        """How far it is behind, by what is known; 0 where nothing is."""
        return max(self.lag_hours or 0.0, (self.index_lag_minutes or 0.0) / 60)


class Recommendation(msgspec.Struct, frozen=True):
    """What to use.

    Attributes:
        goproxy: A GOPROXY value, "" where none works.
        toml: A part of gosync.toml, with the reasons.
    """

    goproxy: str
    toml: str


def lag_hours(one: MirrorSight, everyone: Iterable[MirrorSight]) -> float | None:
    """Return how far one mirror's newest versions are behind everyone's, in hours."""
    lags = []
    for path, newest in one.newest.items():
        if newest.time is None:
            continue
        times = (other.newest[path].time for other in everyone if path in other.newest)
        ahead = max(time for time in times if time is not None)
        lags.append((ahead - newest.time).total_seconds() / _HOUR_SECONDS)
    return max(lags, default=None)


def lag_bound_hours(everyone: Iterable[MirrorSight], now: datetime) -> float | None:
    """Return how old the newest version is that any mirror names, in hours."""
    times = [
        newest.time
        for one in everyone
        for newest in one.newest.values()
        if newest.time is not None
    ]
    if not times:
        return None
    return max(0.0, (now - max(times)).total_seconds() / _HOUR_SECONDS)


def standing_of(
    one: MirrorSight,
    everyone: Sequence[MirrorSight],
    now: datetime,
    index_lag: IndexLag | None = None,
) -> MirrorStanding:
    """Return one mirror's line."""
    lag = lag_hours(one, everyone)
    bound = None if lag is None else lag_bound_hours(everyone, now)
    speed = one.bytes_per_second
    return MirrorStanding(
        one.url,
        one.works,
        _rounded(one.quantile(0.5)),
        _rounded(one.quantile(0.95)),
        None if lag is None else round(lag, 2),
        tuple(sorted(one.gaps)),
        one.has_sumdb,
        index_lag_minutes=None if index_lag is None else index_lag.minutes,
        index_lag_bound_minutes=None if index_lag is None else index_lag.bound_minutes,
        lag_bound_hours=None if bound is None else round(bound, 2),
        head_size=one.head_size,
        bytes_per_second=None if speed is None else round(speed),
        reach=one.reach,
        web_proxy=one.web_proxy,
        reason=one.reason,
    )


def ranked(standings: Iterable[MirrorStanding]) -> list[MirrorStanding]:
    """Return mirrors, the best one first."""

    def badness(each: MirrorStanding) -> tuple[bool, int, float]:
        slow = float("inf") if each.p50_seconds is None else each.p50_seconds
        return not each.ok, int(each.behind_hours), slow

    return sorted(standings, key=badness)


def recommend(
    standings: Iterable[MirrorStanding], *, unusable: frozenset[str] = frozenset()
) -> Recommendation:
    """Return what to use of these mirrors.

    Args:
        standings: They.
        unusable: URLs that are compared alone.
    """
    best = [each for each in ranked(standings) if each.ok and each.url not in unusable]
    best = best[:_MOST]
    if not best:
        return Recommendation("", "")
    goproxy = "|".join(each.url for each in best)
    lines = ["[upstream]", *(f"# {reason(each)}" for each in best)]
    lines += [f'proxies = "{goproxy}"', 'order = "fastest"']
    if not any(each.sumdb for each in best):
        lines.append("# none of these relays the checksum database: it is asked itself")
    return Recommendation(goproxy, "\n".join([*lines, ""]))


def reason(standing: MirrorStanding) -> str:
    """Return what speaks for or against a mirror, in one line."""
    parts = []
    if standing.p50_seconds is not None:
        parts.append(f"{1000 * standing.p50_seconds:.0f} ms")
    if standing.lag_hours is not None:
        parts.append(f"{standing.lag_hours:.1f} h behind")
    if standing.index_lag_minutes is not None:
        bound = standing.index_lag_bound_minutes
        parts.append(
            f"{standing.index_lag_minutes:.0f} ± {bound:.0f} min behind the index"
        )
    parts += [each for each in standing.gaps if each != Gap.NO_HEAD]
    return f"{standing.url}: {', '.join(parts) or 'no answer'}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
