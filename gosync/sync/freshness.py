"""Freshness of a site: how old what it knows is, not when it ran last.

A pass that ran a minute ago and got nothing is no fresher for it. So what counts is
the time of the newest event of the index that was read, of the most backward cursor,
and when the list was had that is oldest. Of the index, the distance to now is an
upper bound: a quiet index has nothing newer, and only who asks it can tell.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import parse_time
from gosync.gomod.info import parse_time as parse_upstream_time
from gosync.site.options import SiteOptions
from gosync.sync.index import cursor_names


class Freshness(msgspec.Struct, frozen=True):
    """How old what is known is.

    Attributes:
        index_cursor: Up to when the index was read; None where there is none, or
            a pattern was never read.
        index_behind_seconds: How far that is behind now, at most.
        oldest_list_at: When the oldest list was had, None where none was.
        oldest_list_seconds: How old it is.
        lists_never_had: Followed modules of which no list was ever had.
    """

    index_cursor: str | None
    index_behind_seconds: float | None
    oldest_list_at: str | None
    oldest_list_seconds: float | None
    lists_never_had: int


def freshness_of(options: SiteOptions, catalog: Catalog, now: datetime) -> Freshness:
    """Return how fresh a site is.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    cursor = None
    if options.index_url:
        names = cursor_names(options.policy, catalog)
        cursor = catalog.cursors.lowest(options.index_url, names)
    oldest, never = catalog.modules.list_ages()
    return Freshness(
        index_cursor=cursor,
        index_behind_seconds=_age(parse_upstream_time(cursor), now) if cursor else None,
        oldest_list_at=oldest,
        oldest_list_seconds=_age(parse_time(oldest), now) if oldest else None,
        lists_never_had=never,
    )


def _age(moment: datetime, now: datetime) -> float:
    """Return the seconds since then; none where a clock was ahead of ours."""
    return max(0.0, (now - moment) / timedelta(seconds=1))
