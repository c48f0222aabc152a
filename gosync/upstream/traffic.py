"""Traffic: what a fetcher has asked and got so far, and how fast it may get more."""

from __future__ import annotations

import anyio
import msgspec
from msgspec.structs import replace

from gosync.clock import Clock
from gosync.upstream.rate import ByteRate
from gosync.upstream.volume import VolumeMeter
from gosync.upstream.windows import RatePlan


class Traffic(msgspec.Struct):
    """What a fetcher has asked and got so far, and how fast it may get more.

    Attributes:
        requests: Requests sent, redirects and retries included.
        received_bytes: Bytes of bodies, as transferred.
        plan: How fast they may come, at any time.
        rate: The rate at which they come now.
        meter: Counts what comes, None for nobody.
    """

    requests: int = 0
    received_bytes: int = 0
    plan: RatePlan = RatePlan()
    rate: ByteRate = ByteRate(0)
    meter: VolumeMeter | None = None

    def check(self) -> None:
        """Raise where no zip may be begun.

        Raises:
            VolumeSpentError: No further zip may come this month.
        """
        if self.meter is not None:
            self.meter.check()

    async def take(self, size_bytes: int, clock: Clock) -> None:
        """Count bytes of a body, and wait until the rate allows them."""
        self.received_bytes += size_bytes
        if self.meter is not None:
            self.meter.add(size_bytes)
        if self.plan.windows:
            self.rate = replace(self.rate, per_second=self.plan.at(clock.now()))
        if self.rate.per_second:
            now = clock.monotonic()
            self.rate = self.rate.spent(size_bytes, now)
            await anyio.sleep(self.rate.wait_seconds(now))
