"""The table of ``gosync mirrors``: a line for each mirror."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gosync.mirrors.reach import FAMILIES
from gosync.mirrors.sightings import MirrorSight
from gosync.mirrors.standing import MirrorStanding

COLUMNS: Final = (
    "mirror",
    "ok",
    "p50",
    "p95",
    "zip",
    "behind",
    "index",
    "sumdb",
    "IPv4",
    "IPv6",
    "TLS",
    "remarks",
)


def mirror_rows(
    standings: Sequence[MirrorStanding], sightings: Sequence[MirrorSight]
) -> Iterator[tuple[str, ...]]:
    """Yield a line for each mirror."""
    seen = {each.url: each for each in sightings}
    for each in standings:
        one = seen[each.url]
        speed = one.bytes_per_second
        yield (
            f"{each.url} ({one.name})" if one.name else each.url,
            "yes" if each.ok else "NO",
            _milliseconds(each.p50_seconds),
            _milliseconds(each.p95_seconds),
            "-" if speed is None else f"{speed / 1e6:.1f} MB/s",
            "-" if each.lag_hours is None else f"{each.lag_hours:.1f} h",
            _behind(each),
            _relayed(each, one),
            *(_reached(each, family) for family in FAMILIES),
            _tls(each),
            "; ".join([*each.gaps, *([one.reason] if one.reason else [])]),
        )


def _relayed(each: MirrorStanding, one: MirrorSight) -> str:
    if each.sumdb:
        return str(one.head_size or "yes")
    return "-" if one.first_seconds is None else "no"


def _behind(each: MirrorStanding) -> str:
    minutes, bound = each.index_lag_minutes, each.index_lag_bound_minutes
    return "-" if minutes is None else f"{minutes:.0f} ± {bound:.0f} min"


def _reached(each: MirrorStanding, family: str) -> str:
    """Return how long connecting takes, or why there is no connection."""
    for one in each.reach:
        if one.family == family:
            return one.reason or _milliseconds(one.connect_seconds)
    return f"by {each.web_proxy}" if each.web_proxy else "-"


def _tls(each: MirrorStanding) -> str:
    found = [f"{one.tls}, {one.issuer}" for one in each.reach if one.tls]
    return found[0] if found else "-"


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.0f} ms"
