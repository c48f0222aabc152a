"""New events of an index, and how far a mirror is behind it.

Some of the last hours' events are taken, the newest first, each of another module. A
mirror is asked for one after the other until it has one: it is behind by the age of the
oldest that it lacks, and the bound of this is how far apart that one and the first that
it has are. One that has the newest is not behind, by at most that one's age.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gosync.clock import shift
from gosync.errors import GosyncError
from gosync.gomod.info import format_time, parse_time
from gosync.gomod.module import ModuleVersion
from gosync.upstream.http import Fetcher
from gosync.upstream.index import IndexClient, IndexEvent, time_key

_MINUTES: Final = (10, 24 * 60)
_MOST_PAGES: Final = 5
_MOST: Final = 6


class NewEvent(msgspec.Struct, frozen=True):
    """An event.

    Attributes:
        mv: The version.
        at: When the index had it first.
    """

    mv: ModuleVersion
    at: datetime


class IndexLag(msgspec.Struct, frozen=True):
    """How far a mirror is behind an index.

    Attributes:
        minutes: By so much.
        bound_minutes: What this may be wrong by.
    """

    minutes: float
    bound_minutes: float


async def new_events(
    index: str, fetcher: Fetcher, now: datetime, *, wanted: Callable[[str], bool]
) -> tuple[NewEvent, ...]:
    """Return some of the newest events, the newest first; none where none can be had.

    Args:
        index: The index's URL.
        fetcher: Sends the requests.
        now: What time it is.
        wanted: Whether a module may be asked about.
    """
    client = IndexClient(index, fetcher)
    for minutes in _MINUTES:
        since = format_time(shift(now, timedelta(minutes=-minutes)))
        found: list[IndexEvent] = []
        try:
            async with aclosing(client.pages(since)) as pages:
                left = _MOST_PAGES
                async for page in pages:
                    found += page.events
                    left -= 1
                    if not left:
                        break
        except GosyncError:
            return ()
        if found:
            return tuple(_chosen(each for each in found if wanted(each.path)))
    return ()


def _chosen(events: Iterable[IndexEvent]) -> list[NewEvent]:
    """Return events of different modules, evenly apart in number, the newest first."""
    latest = {each.path: each for each in events}
    ordered = sorted(
        latest.values(), key=lambda each: time_key(each.timestamp), reverse=True
    )
    step = max(1, (len(ordered) - 1) // (_MOST - 1)) if len(ordered) > 1 else 1
    return [
        NewEvent(ModuleVersion(each.path, each.version), parse_time(each.timestamp))
        for each in ordered[::step][:_MOST]
    ]


def index_lag(
    events: tuple[NewEvent, ...], had: int | None, now: datetime
) -> IndexLag | None:
    """Return how far behind a mirror is; None where nothing can be said.

    Args:
        events: What it was asked for, the newest first.
        had: The number of the first one that it has, None for none of them.
        now: What time it is.
    """
    if not events:
        return None
    ages = [(now - each.at).total_seconds() / 60 for each in events]
    if had == 0:
        return IndexLag(0.0, round(ages[0], 1))
    lacked = ages[-1] if had is None else ages[had - 1]
    bound = ages[-1] - ages[0] if had is None else ages[had] - lacked
    return IndexLag(round(lacked, 1), round(bound, 1))
