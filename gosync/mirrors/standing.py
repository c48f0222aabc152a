"""Standing of mirrors: lag, order, and what is recommended. Pure.

A mirror lags by how much older its newest version of a module is than the newest one
that any mirror names; of several modules the most counts. What is not asked is not
known: a module that changed nothing for a month shows no lag of a month. The bound of
what this can miss is the time between the two newest versions of the busiest module.

Recommended are those that work, by lag in whole hours and then by median latency, at
most three, divided by "|": one that fails, or is silent, passes on to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from gosync.mirrors.sightings import Gap, MirrorSight

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
    """

    url: str
    ok: bool
    p50_seconds: float | None
    p95_seconds: float | None
    lag_hours: float | None
    gaps: tuple[str, ...]
    sumdb: bool


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


def standing_of(one: MirrorSight, everyone: Sequence[MirrorSight]) -> MirrorStanding:
    """Return one mirror's line."""
    lag = lag_hours(one, everyone)
    return MirrorStanding(
        one.url,
        one.works,
        _rounded(one.quantile(0.5)),
        _rounded(one.quantile(0.95)),
        None if lag is None else round(lag, 2),
        tuple(sorted(one.gaps)),
        one.has_sumdb,
    )


def ranked(standings: Iterable[MirrorStanding]) -> list[MirrorStanding]:
    """Return mirrors, the best one first."""

    def badness(each: MirrorStanding) -> tuple[bool, int, float]:
        slow = float("inf") if each.p50_seconds is None else each.p50_seconds
        return not each.ok, int(each.lag_hours or 0), slow

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
    parts += [each for each in standing.gaps if each != Gap.NO_HEAD]
    return f"{standing.url}: {', '.join(parts) or 'no answer'}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
