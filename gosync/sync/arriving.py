"""Bringing what must be read to select: files of versions, in waves side by side.

What a graph reads next is asked of the upstream together, proven and committed like
anything else. A version is asked for once in a pass; what was refused or is not
there is not asked again before its time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import anyio
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import FoundBy, Need, State, VersionRow, Want
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion
from gosync.site.site import Site

Fetch = Callable[[Iterable[VersionRow]], Awaitable[None]]
_ANSWERED = frozenset({State.GONE, State.REJECTED})


class Arriving:
    """Versions on their way through the gate, for one need."""

    def __init__(self, site: Site, fetch: Fetch, need: Need, *, retry: bool) -> None:
        """Begin with none.

        Args:
            site: Where they arrive.
            fetch: Brings versions through the gate.
            need: How much of each is read.
            retry: Whether to try failed items before their time.
        """
        self._catalog = site.catalog
        self._clock = site.clock
        self._fetch = fetch
        self._need = need
        self._retry = retry
        self._asked: dict[ModuleVersion, anyio.Event] = {}

    async def bring(self, modules: Iterable[ModuleVersion]) -> None:
        """Fetch what is not here, or wait for it; a failure is noted, not raised.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        wanted = dict.fromkeys(modules)
        mine = [each for each in wanted if each not in self._asked]
        others = [self._asked[each] for each in wanted if each in self._asked]
        done = anyio.Event()
        self._asked.update(dict.fromkeys(mine, done))
        if mine:
            try:
                await self._fetch(self._due(mine))
            finally:
                done.set()
        for event in others:
            await event.wait()

    def _due(self, modules: list[ModuleVersion]) -> list[VersionRow]:
        versions = self._catalog.versions
        versions.want(
            Want(each.path, each.version, self._need, FoundBy.DEPENDENCY)
            for each in modules
        )
        rows = (versions.get(each) for each in modules)
        # What dependencies need has no limit, whatever a select said of it before.
        return [
            replace(row, max_zip_bytes=None)
            for row in rows
            if row is not None and self._is_due(row)
        ]

    def _is_due(self, row: VersionRow) -> bool:
        if row.withdrawn or (row.denied and self._need is Need.ZIP):
            return False
        if row.state is State.WANTED or self._retry:
            return True
        failure = self._catalog.failures.get(row.mv)
        now = format_time(self._clock.now())
        return failure is None or failure.next_try_at <= now


def unanswered(
    catalog: Catalog, modules: Iterable[ModuleVersion], need: Need
) -> list[ModuleVersion]:
    """Return what is lacking without a definite no: a later pass may have it."""
    found = []
    for module in sorted(modules):
        row = catalog.versions.get(module)
        if row is None or _may_come(row, need):
            found.append(module)
    return found


def is_here(row: VersionRow, need: Need) -> bool:
    """Return whether the store has what is needed of a version."""
    digest = row.zip_digest if need is Need.ZIP else row.mod_digest
    return digest is not None


def _may_come(row: VersionRow, need: Need) -> bool:
    is_denied = row.denied and need is Need.ZIP
    is_answered = row.state in _ANSWERED or row.withdrawn or is_denied
    return not is_answered and not is_here(row, need)
