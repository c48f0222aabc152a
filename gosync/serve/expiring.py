"""What was pulled and is kept no longer: unused for too long, or beyond the limit.

Beyond the limit those go first that were asked for longest ago. They leave as a prune
has it: catalog (a tombstone), tree, blobs. What a select, a project or a command wants
is none of these; of a version whose ``.mod`` a select wants, that stays.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

from anyio import to_thread

from gosync.catalog.leases import IMPORT, PRUNE, SELECT
from gosync.catalog.pulled import PulledVersion
from gosync.catalog.versions import Need, VersionRow
from gosync.clock import format_time, shift
from gosync.config.serving import PullSpec
from gosync.errors import GosyncError, LockedError
from gosync.serve.publishing import ModuleQueue
from gosync.site.site import Site
from gosync.sync.prune import PrunePlan, allowing, forget, sweep

_log = logging.getLogger(__name__)


class PulledKeep:
    """Lets go of what was pulled, as the configuration says."""

    def __init__(self, site: Site, spec: PullSpec, queue: ModuleQueue) -> None:
        self._site, self._spec, self._queue = site, spec, queue

    def due(self) -> list[PulledVersion]:
        """Return what is to go now.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        if self._spec.keep_days is None and self._spec.max_bytes is None:
            return []
        oldest = self._oldest_day()
        found, kept_bytes = [], 0
        for each in self._site.catalog.pulled.latest_first():
            kept_bytes += each.size_bytes
            limit = self._spec.max_bytes
            if each.used_on < oldest or (limit is not None and kept_bytes > limit):
                found.append(each)
                kept_bytes -= each.size_bytes
        return found

    def _oldest_day(self) -> str:
        if self._spec.keep_days is None:
            return ""
        now = self._site.clock.now()
        return format_time(shift(now, -timedelta(days=self._spec.keep_days)))[:10]

    async def expire(self) -> int:
        """Let go of what is due; return how many versions.

        While another run selects or prunes nothing goes; the next time will do.
        """
        try:
            due = self.due()
            if due:
                await self._let_go(due)
        except LockedError:
            return 0
        except GosyncError as exc:
            _log.warning("what was pulled and is due to go stays: %s", exc)
            return 0
        return len(due)

    async def _let_go(self, due: Sequence[PulledVersion]) -> None:
        site = self._site
        async with AsyncExitStack() as stack:
            for lease in (IMPORT, SELECT, PRUNE):
                await stack.enter_async_context(site.holding(lease, wait_seconds=0))
            versions = [each.mv for each in due]
            site.catalog.pulled.release(versions, site.clock.now())
            rows = [row for mv in versions if (row := site.catalog.versions.get(mv))]
            plan = _plan(rows)
            await to_thread.run_sync(forget, site, plan)
            await self._queue.publish_rest(allowing(site, plan.deletes), always=True)
            await to_thread.run_sync(sweep, site)
        _log.info("%d versions that were pulled are kept no longer", len(due))


def _plan(rows: Sequence[VersionRow]) -> PrunePlan:
    return PrunePlan(
        forgotten=tuple(row for row in rows if row.selected is None),
        narrowed=tuple(row for row in rows if row.selected is Need.MOD),
        waiting=0,
    )
