"""What was pulled and is kept no longer: unused for too long, or beyond the limit.

Beyond the limit those go first that were asked for longest ago: the day of that is in
the catalog, the order within a day is remembered while the owner lives. So many go at
once that a twentieth is free again, as soon as what came in is too much. They leave as
a prune has it: catalog (a tombstone), tree, blobs. What a select, a project or a
command wants is none of these; of a version whose ``.mod`` a select wants, that stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from anyio import to_thread

from gosync.catalog.leases import IMPORT, PRUNE, SELECT
from gosync.catalog.pulled import PulledVersion
from gosync.catalog.versions import Need, VersionRow
from gosync.clock import format_time, shift
from gosync.config.serving import PullSpec
from gosync.errors import GosyncError, LockedError
from gosync.gomod.module import ModuleVersion
from gosync.serve.claims import VersionClaims
from gosync.serve.publishing import ModuleQueue
from gosync.site.site import Site
from gosync.sync.prune import PrunePlan, forget, sweep

_log = logging.getLogger(__name__)
_KEPT_SHARE: Final = 0.95  # of the limit, once it was passed
_REMEMBERED: Final = 200_000


class PulledKeep:
    """Lets go of what was pulled, as the configuration says."""

    def __init__(
        self, site: Site, spec: PullSpec, queue: ModuleQueue, claims: VersionClaims
    ) -> None:
        self._site, self._spec = site, spec
        self._queue, self._claims = queue, claims
        self._used: dict[ModuleVersion, None] = {}  # the one used last is last
        self._bytes = 0  # at most, once it was counted
        self._is_over = asyncio.Event()
        self._lock = asyncio.Lock()
        self._expiring: asyncio.Future[int] | None = None
        self._has_blobs = False  # that nothing names any more

    def use(self, versions: Iterable[ModuleVersion]) -> None:
        """Take in that these were asked for.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        versions = list(versions)
        for mv in versions:
            self._used.pop(mv, None)
            self._used[mv] = None
        for mv in list(self._used)[: len(self._used) - _REMEMBERED]:
            del self._used[mv]
        self._site.catalog.pulled.use(versions, self._site.clock.now())

    def came(self, row: VersionRow) -> None:
        """Take in that this was brought."""
        self._bytes += _size_of(row)
        limit = self._spec.max_bytes
        if limit is not None and self._bytes > limit:
            self._is_over.set()

    async def wait(self, seconds: float) -> None:
        """Wait until too much came in, but no longer than this."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_over.wait(), seconds)
        self._is_over.clear()

    def due(self) -> list[PulledVersion]:
        """Return what is to go now.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        if self._spec.keep_days is None and self._spec.max_bytes is None:
            return []
        oldest, latest_first = self._oldest_day(), self._latest_first()
        room = self._room(sum(each.size_bytes for each in latest_first))
        found: list[PulledVersion] = []
        self._bytes, is_full = 0, False
        for each in latest_first:
            is_full = is_full or self._bytes + each.size_bytes > room >= each.size_bytes
            if is_full or each.used_on < oldest or each.size_bytes > room:
                found.append(each)
            else:
                self._bytes += each.size_bytes
        return found

    def _latest_first(self) -> list[PulledVersion]:
        order = {mv: number for number, mv in enumerate(self._used)}
        found = self._site.catalog.pulled.latest_first()
        # Sorting is stable, and what nobody asked for again goes by when it came.
        found.sort(key=lambda e: (e.used_on, order.get(e.mv, -1)), reverse=True)
        return found

    def _room(self, size_bytes: int) -> float:
        """Return how many bytes may stay: less than the limit where that is passed."""
        limit = self._spec.max_bytes
        if limit is None:
            return float("inf")
        return limit if size_bytes <= limit else limit * _KEPT_SHARE

    def _oldest_day(self) -> str:
        if self._spec.keep_days is None:
            return ""
        now = self._site.clock.now()
        return format_time(shift(now, -timedelta(days=self._spec.keep_days)))[:10]

    async def expire(self) -> int:
        """Let go of what is due; return how many versions.

        While another run selects, prunes or publishes nothing goes; the next time
        will do. Who stops waiting ends nothing that was begun.
        """
        self._expiring = asyncio.ensure_future(self._expire())
        return await asyncio.shield(self._expiring)

    async def _expire(self) -> int:
        gone = 0
        async with self._lock:
            try:
                due = [each.mv for each in reversed(self.due())]
                for start in range(0, len(due), self._portion):
                    gone += await self._let_go(due[start : start + self._portion])
                await self._sweep()
            except LockedError:
                pass
            except GosyncError as exc:
                _log.warning("what was pulled and is due to go stays: %s", exc)
        if gone:
            _log.info("%d versions that were pulled are kept no longer", gone)
        return gone

    @property
    def _portion(self) -> int:
        """How many go at once: any publish may end what was begun."""
        return max(1, self._site.options.deletes.at_most)

    async def _let_go(self, versions: Iterable[ModuleVersion]) -> int:
        async with self._leases():
            # Once they are forgotten they may be brought again: who asks for one does
            # not wait for the tree, and the tree goes over what changed meanwhile.
            async with self._claims.claim_free(versions) as free:
                if not free:
                    return 0
                self._site.catalog.pulled.release(free, self._site.clock.now())
                await to_thread.run_sync(self._forget, free)
            self._has_blobs = True
            if not await self._queue.publish_rest(always=True):
                raise LockedError("the tree could not be published")
        return len(free)

    def _forget(self, versions: Sequence[ModuleVersion]) -> None:
        versions_of = self._site.catalog.versions
        rows = [row for mv in versions if (row := versions_of.get(mv))]
        forget(self._site, _plan(rows))

    async def _sweep(self) -> None:
        """Remove blobs once for all that went: that costs what the store has."""
        if self._has_blobs:
            async with self._leases():
                await to_thread.run_sync(sweep, self._site)
                self._has_blobs = False

    @asynccontextmanager
    async def _leases(self) -> AsyncIterator[None]:
        """Hold what a prune holds; another run that has one of them goes first."""
        async with AsyncExitStack() as stack:
            for lease in (IMPORT, SELECT, PRUNE):
                await stack.enter_async_context(
                    self._site.holding(lease, wait_seconds=0)
                )
            yield


def _plan(rows: Sequence[VersionRow]) -> PrunePlan:
    return PrunePlan(
        forgotten=tuple(row for row in rows if row.selected is None),
        narrowed=tuple(row for row in rows if row.selected is Need.MOD),
        waiting=0,
    )


def _size_of(row: VersionRow) -> int:
    return (row.info_bytes or 0) + (row.mod_bytes or 0) + (row.zip_bytes or 0)
