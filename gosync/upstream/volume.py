"""Monthly volume: how much may come from upstreams in a calendar month. Pure.

All bodies count, as transferred, whichever command asked for them. What ``doctor`` sees
does not, as it asks by itself like ``go``; what a hook posts goes the other way.

At ``WARNED_SHARE`` of the limit somebody is told; at the limit no further zip is begun
until the next month, while what proves and lists goes on: it is small, and a mirror
without it grows old. A zip that was begun is not cut off, so that the limit is exceeded
by what was under way at most. Months are those of a time zone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from gosync.clock import time_zone

WARNED_SHARE: Final = 0.8


class VolumeLimit(msgspec.Struct, frozen=True):
    """A limit of each month.

    Attributes:
        most_bytes: How much may come; 0 for any volume.
        zone: The time zone of its months.
    """

    most_bytes: int = 0
    zone: str = "UTC"

    def month(self, moment: datetime) -> str:
        """Return the month that a moment is of, like ``2026-11``."""
        return moment.astimezone(time_zone(self.zone)).strftime("%Y-%m")

    def next_month(self, moment: datetime) -> datetime:
        """Return when the month after that begins."""
        local = moment.astimezone(time_zone(self.zone))
        later = local.replace(day=1) + timedelta(days=32)
        return later.replace(day=1, hour=0, minute=0, second=0, microsecond=0)

    def crossed(self, before_bytes: int, after_bytes: int) -> float | None:
        """Return the share that was reached between two sums; None for none."""
        for share in (1.0, WARNED_SHARE):
            if before_bytes < share * self.most_bytes <= after_bytes:
                return share
        return None


class VolumeMeter(Protocol):
    """Counts what comes, of any number of fetchers."""

    def add(self, size_bytes: int) -> None:
        """Take what came."""
        ...

    def settle(self) -> None:
        """Write down what came."""
        ...

    def check(self) -> None:
        """Raise where no further zip may be begun.

        Raises:
            VolumeSpentError: The month's volume is spent.
        """
        ...
