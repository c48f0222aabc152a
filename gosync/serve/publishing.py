"""Publishing of what is pulled: modules at once, the tree's pages a little later.

Whoever has brought a version waits until its module is published. Those that come
while a publish is under way are published together by the next one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from gosync.errors import GosyncError, LockedError
from gosync.site.site import Site
from gosync.site.tree import publish_modules, publish_rest
from gosync.sumdb.client import SumClient
from gosync.sync.prune import allowing

_log = logging.getLogger(__name__)
REST_SECONDS: Final = 30.0


class ModuleQueue:
    """Modules that wait to be published."""

    def __init__(self, site: Site, sums: SumClient | None) -> None:
        self._site = site
        self._sums = sums
        self._lock = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._has_rest = False

    async def publish(self, path: str) -> None:
        """Publish a module as the catalog has it now; return once that is done.

        Raises:
            GosyncError: why it is not.
        """
        done = self._waiting.get(path)
        if done is None:
            done = asyncio.get_running_loop().create_future()
            self._waiting[path] = done
        async with self._lock:
            if not done.done():
                await self._publish_waiting()
        done.result()

    async def _publish_waiting(self) -> None:
        batch, self._waiting = self._waiting, {}
        self._has_rest = True
        try:
            failed = await publish_modules(
                self._site, self._sums, list(batch), pages=False
            )
        except GosyncError as exc:
            failed = dict.fromkeys(batch, exc)
        except BaseException:
            for done in batch.values():
                done.cancel()
            raise
        for path, done in batch.items():
            error = failed.get(path)
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
                done.exception()  # who asked may have been cancelled

    async def publish_rest(self, *, always: bool = False) -> bool:
        """Bring pages, counts and the newest head up, if anything was published.

        Another run that publishes the tree does it as well. What was forgotten may
        leave the tree, however much it is: that was decided when it was forgotten.

        Args:
            always: Whether something else has changed.

        Returns:
            Whether the tree is up to date.
        """
        if not (self._has_rest or always):
            return True
        async with self._lock:
            self._has_rest = True  # until it is done: it may be cancelled, too
            try:
                forgotten = self._site.catalog.selected.count_tombstones()
                site = allowing(
                    self._site, forgotten + self._site.options.deletes.at_most
                )
                await publish_rest(site, self._sums)
            except LockedError:
                return False
            except GosyncError as exc:
                _log.warning("the tree's pages are not up to date: %s", exc)
                return False
            self._has_rest = False
            return True
