"""What is older than a monitor lets it be: the last sync, lists, index, bundle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import format_time
from gosync.gomod.info import parse_time
from gosync.site.options import SiteOptions
from gosync.sync.freshness import Freshness
from gosync.sync.index import cursor_names


class Late(msgspec.Struct, frozen=True):
    """Something that is too old.

    Attributes:
        what: "sync", "lists", "index" or "bundle".
        at: Of when it is, None for never.
    """

    what: str
    at: str | None


def late_data(
    catalog: Catalog,
    options: SiteOptions,
    fresh: Freshness,
    now: datetime,
    *,
    max_age: timedelta | None,
) -> list[Late]:
    """Return what is older than it may be; nothing where there is no limit.

    A sync counts when it came to its end, whatever it found missing: that is told
    for itself. Where bundles bring the selection, the newest one's time counts.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    if max_age is None:
        return []
    oldest = format_time(now - max_age)
    known = _known(catalog, options, fresh)
    return [
        Late(what, at) for what, at in known if at is None or _is_before(at, oldest)
    ]


def _is_before(at: str, oldest: str) -> bool:
    return parse_time(at) < parse_time(oldest)


def _known(
    catalog: Catalog, options: SiteOptions, fresh: Freshness
) -> Iterator[tuple[str, str | None]]:
    newest = catalog.imports.newest()
    if newest is not None:
        yield "bundle", newest.created_at
        return
    yield "sync", catalog.runs.last_finished("sync")
    if fresh.oldest_list_at is not None or fresh.lists_never_had:
        yield "lists", None if fresh.lists_never_had else fresh.oldest_list_at
    if options.index_url and cursor_names(options.policy, catalog):
        yield "index", fresh.index_cursor
