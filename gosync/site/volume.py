"""The monthly volume of a site: counted in its catalog, by all of its commands.

What came is written down at each zip that begins, at each ``STEP_BYTES`` and at the
end, so that a kill loses little of the count.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from gosync.catalog.db import Catalog
from gosync.clock import Clock, format_time
from gosync.errors import StoreError, VolumeSpentError
from gosync.upstream.volume import VolumeLimit

if TYPE_CHECKING:
    from gosync.upstream.http import Fetcher

STEP_BYTES: Final = 8 * 1024 * 1024
_log: Final = logging.getLogger(__name__)


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


@contextmanager
def counted(
    fetcher: Fetcher, catalog: Catalog, limit: VolumeLimit, clock: Clock
) -> Iterator[None]:
    """Count what a fetcher receives, and let it begin no zip beyond the limit."""
    meter = _Meter(catalog, limit, clock)
    fetcher.traffic.meter = meter
    try:
        yield
    finally:
        fetcher.traffic.meter = None
        meter.settle(fetcher.traffic.received_bytes)


class _Meter:
    """Counts one fetcher's bytes in a catalog."""

    def __init__(self, catalog: Catalog, limit: VolumeLimit, clock: Clock) -> None:
        self._catalog = catalog
        self._limit = limit
        self._clock = clock
        self._received = 0
        self._settled = 0

    def note(self, received_bytes: int) -> None:
        """Take the sum of what came; write it down now and then."""
        self._received = received_bytes
        if received_bytes - self._settled >= STEP_BYTES:
            self.settle(received_bytes)

    def check(self) -> None:
        """Raise where this month's volume is spent.

        Raises:
            VolumeSpentError: It is.
        """
        limit = self._limit
        if not limit.most_bytes:
            return
        self.settle(self._received)
        now = self._clock.now()
        if self._catalog.received.of(limit.month(now)) < limit.most_bytes:
            return
        begin = limit.next_month(now)
        raise VolumeSpentError(
            f"no zips until {format_time(begin)[:16]}Z: upstream.monthly_volume is"
            " spent",
            retry_after_seconds=(begin - now).total_seconds(),
        )

    def settle(self, received_bytes: int) -> None:
        """Write down what came since the last time."""
        new_bytes = received_bytes - self._settled
        if new_bytes <= 0:
            return
        self._settled = received_bytes
        try:
            month = self._limit.month(self._clock.now())
            total_bytes = self._catalog.received.add(month, new_bytes)
        except StoreError as exc:
            _log.warning("what came from upstreams is not counted: %s", exc)
            return
        share = self._limit.crossed(total_bytes - new_bytes, total_bytes)
        if share is not None:
            _log.warning(
                "%d %% of upstream.monthly_volume came in %s%s",
                100 * share,
                month,
                "; no zips are fetched until the month ends" if share == 1 else "",
            )
