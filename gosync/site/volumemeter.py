"""Counting what comes, in the catalog of the store: the monthly volume's meter.

What came is written down at each ``STEP_BYTES``, as a fetcher is closed and, where
there is a limit, at each zip that begins, so that a kill loses little of the count.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from gosync.clock import Clock, SystemClock, format_time
from gosync.errors import StoreError, VolumeSpentError
from gosync.store.layout import CATALOG
from gosync.upstream.volume import VolumeLimit

STEP_BYTES: Final = 8 * 1024 * 1024
_log: Final = logging.getLogger(__name__)


class StoreVolume:
    """Counts what the fetchers of one configuration receive, in its store's catalog.

    The catalog is opened for the moment of counting, so that commands count that have
    no store open. Where there is none yet nothing is counted.
    """

    def __init__(
        self, store: Path, limit: VolumeLimit, clock: Clock | None = None
    ) -> None:
        """Count in the catalog of a store.

        Args:
            store: Its folder.
            limit: How much may come in a month.
            clock: Says which month it is.
        """
        self._store = store
        self._limit = limit
        self._clock = clock or SystemClock()
        self._uncounted_bytes = 0

    def add(self, size_bytes: int) -> None:
        """Take what came; write it down now and then."""
        self._uncounted_bytes += size_bytes
        if self._uncounted_bytes >= STEP_BYTES:
            self.settle()

    def check(self) -> None:
        """Raise where this month's volume is spent.

        Raises:
            VolumeSpentError: It is.
        """
        limit = self._limit
        if not limit.most_bytes or self._settled() < limit.most_bytes:
            return
        now = self._clock.now()
        begin = limit.next_month(now)
        raise VolumeSpentError(
            f"no zips until {format_time(begin)[:16]}Z: upstream.monthly_volume is"
            " spent",
            retry_after_seconds=(begin - now).total_seconds(),
        )

    def settle(self) -> None:
        """Write down what came since the last time."""
        if self._uncounted_bytes:
            self._settled()

    def _settled(self) -> int:
        """Write down what came; return what came in this month as far as is known."""
        file = self._store / CATALOG
        if not file.exists():
            return 0
        # Who reads a configuration and fetches nothing need not wait for a catalog.
        from gosync.catalog.db import Catalog  # noqa: PLC0415
        from gosync.store.lock import share_store  # noqa: PLC0415

        new_bytes, self._uncounted_bytes = self._uncounted_bytes, 0
        month = self._limit.month(self._clock.now())
        try:
            with (
                share_store(self._store, command="gosync"),
                Catalog.open(file, create=False) as catalog,
            ):
                if not new_bytes:
                    return catalog.received.of(month)
                total_bytes = catalog.received.add(month, new_bytes)
        except StoreError as exc:
            _log.warning("what came from upstreams is not counted: %s", exc)
            return 0
        self._tell(month, total_bytes - new_bytes, total_bytes)
        return total_bytes

    def _tell(self, month: str, before_bytes: int, total_bytes: int) -> None:
        share = self._limit.crossed(before_bytes, total_bytes)
        if share is not None:
            _log.warning(
                "%d %% of upstream.monthly_volume came in %s%s",
                100 * share,
                month,
                "; no zips are fetched until the month ends" if share == 1 else "",
            )
