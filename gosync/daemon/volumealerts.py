"""Alerts of a monthly volume that is nearly spent, and spent: each once a month."""

from __future__ import annotations

from gosync.clock import format_time
from gosync.site.site import Site
from gosync.site.volume import month_volume
from gosync.upstream.volume import WARNED_SHARE

RULE = "upstream.monthly_volume"


def volume_alerts(site: Site) -> list[dict[str, object]]:
    """Return what hooks are not told of yet; from here on it counts as told.

    Shaped as alerts over access logs are: ``key`` is the month with the share that was
    reached, ``count`` the bytes that came.

    Raises:
        CatalogError: the catalog cannot be read or written.
    """
    limit, now = site.options.volume, site.clock.now()
    volume = month_volume(site.catalog, limit, now)
    if not limit.most_bytes or volume.received_bytes < WARNED_SHARE * limit.most_bytes:
        return []
    share = 100 if volume.received_bytes >= limit.most_bytes else 100 * WARNED_SHARE
    key = f"{volume.month}: {share:.0f} %"
    if not site.catalog.told_alerts.note(RULE, key, volume.month, now):
        return []
    return [
        {
            "rule": RULE,
            "key": key,
            "count": volume.received_bytes,
            "since": format_time(now),
            "until": format_time(limit.next_month(now)),
        }
    ]
