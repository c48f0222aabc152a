"""The monthly volume of a site: what came in a month; ``volumemeter`` counts it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gosync.catalog.db import Catalog
from gosync.upstream.volume import VolumeLimit


class MonthVolume(msgspec.Struct, frozen=True, kw_only=True):
    """What came this month, for people and monitors.

    Attributes:
        month: The month, like ``2026-11``.
        received_bytes: What came from upstreams.
        limit_bytes: What may come; 0 for any volume.
    """

    month: str
    received_bytes: int
    limit_bytes: int


def month_volume(catalog: Catalog, limit: VolumeLimit, now: datetime) -> MonthVolume:
    """Return what came in the month of a time.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    month = limit.month(now)
    return MonthVolume(
        month=month,
        received_bytes=catalog.received.of(month),
        limit_bytes=limit.most_bytes,
    )
