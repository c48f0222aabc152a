"""Publishing of what is pulled: modules at once, the tree's pages a little later.

Whoever has brought a version waits until its module is published. Those that come
while modules are published go together with the next publish. That of the whole tree
takes seconds, so it gives way to them between two modules, and to other runs: as long
as it was held up it goes on before it looks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

from anyio import from_thread

from gosync.errors import GosyncError, LockedError
from gosync.site.givingway import GiveWay
from gosync.site.site import Site
from gosync.site.tree import publish_modules, publish_rest
from gosync.sumdb.client import SumClient
from gosync.sync.prune import allowing

T = TypeVar("T")

_log = logging.getLogger(__name__)
REST_SECONDS: Final = 30.0


class ModuleQueue:
    """Modules that wait to be published."""

    def __init__(self, site: Site, sums: SumClient | None) -> None:
        self._site = site
        self._sums = sums
        self._lock = asyncio.Lock()  # leases do not tell tasks apart
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._begun: set[asyncio.Task[Any]] = set()
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
            _ = self._begin(self._take_turn())
        await asyncio.shield(done)  # it is others', too

    async def _take_turn(self) -> None:
        """Publish what waits, unless that was done before the turn came."""
        async with self._lock:
            await self._publish_waiting()

    async def _publish_waiting(self) -> None:
        batch, self._waiting = self._waiting, {}
        if not batch:
            return
        self._has_rest = True
        failed: Mapping[str, Exception]
        try:
            failed = await publish_modules(
                self._site, self._sums, list(batch), pages=False
            )
        except Exception as exc:  # noqa: BLE001 - whoever waits is told
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
        Who stops waiting ends nothing that was begun: its leases stay with it.

        Args:
            always: Whether something else has changed.

        Returns:
            Whether the tree is up to date.
        """
        if not (self._has_rest or self._waiting or always):
            return True
        return await asyncio.shield(self._begin(self._publish_rest()))

    async def _publish_rest(self) -> bool:
        async with self._lock:
            self._has_rest = True  # until it is done: it may be cancelled, too
            try:
                forgotten = self._site.catalog.selected.count_tombstones()
                site = allowing(
                    self._site, forgotten + self._site.options.deletes.at_most
                )
                way = _Way(site, self._publish_if_wanted)
                await publish_rest(site, self._sums, give_way=way)
            except LockedError:
                return False
            except GosyncError as exc:
                _log.warning("the tree's pages are not up to date: %s", exc)
                return False
            self._has_rest = False
            return True

    def _publish_if_wanted(self, show: Callable[[], None]) -> bool:
        """Publish what waits, from the thread of a publish that stands still meanwhile.

        Args:
            show: Makes visible what that publish wrote so far.

        Returns:
            Whether anything waited.
        """
        if not self._waiting:
            return False
        show()
        from_thread.run(self._publish_waiting)
        return True

    def _begin(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """Begin something that ends by itself."""
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task


class _Way:
    """Lets other runs go before a publish of the tree, and what waits in this one."""

    def __init__(
        self, site: Site, publish: Callable[[Callable[[], None]], bool]
    ) -> None:
        self._others, self._publish = GiveWay(site), publish
        self._clock, self._next = site.clock, 0.0

    def __call__(self, show: Callable[[], None]) -> None:
        """Let them; after that the publish goes on for as long as it was held up."""
        self._others(show)
        begun = self._clock.monotonic()
        if begun >= self._next and self._publish(show):
            ended = self._clock.monotonic()
            self._next = ended + (ended - begun)
