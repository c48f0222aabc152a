"""New events of an index: some of the newest ones, to ask mirrors for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final

from gosync.clock import shift
from gosync.errors import GosyncError
from gosync.gomod.info import format_time, parse_time
from gosync.gomod.module import ModuleVersion
from gosync.mirrors.indexlag import NewEvent
from gosync.upstream.http import Fetcher
from gosync.upstream.index import IndexClient
from gosync.upstream.indexpage import IndexEvent, time_key

_MINUTES: Final = (10, 24 * 60)
_MOST_PAGES: Final = 5
_MOST: Final = 6


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
