"""Following the module index: which events matter, and up to where it was read.

Every pattern has a cursor of its own, so that a pattern that is added later reads
the index from its beginning without the others; modules that are named by path
share one under NAMED, which starts a day ago, because their lists know the rest.
An index that had nothing in that day is a small one, or its clock is not ours: it
is read from its start. The index of a gosync that is followed is, too: it is here, and
what it does not name is not there, so that no list is asked. What a list does not know
is since when a version is known: where ``min_age`` or ``since`` asks for that, a path
has a cursor of its own, too.

A cursor stays a little behind what was read (``IndexPage.overlap``): the index
promises no order, so the newest rows are read again next time. Events are
committed with the cursor that passes them, as offers (I5); what is wanted of
these is not decided here. Where another run has moved a cursor meanwhile the events
are committed all the same, and this pass reads no further. A pass reads no more than
its bound (``IndexBound``), so that an index that never ends keeps nothing else waiting;
the next pass goes on.

Where the whole index is kept (``keptindex``), every row is read, and a cursor that is
behind what is kept goes on from there before anything is asked. There pages are
committed together (``indexbatch``), and however a reading ends, what it read is
committed. A commit is not forced to the disk: a power cut takes a cursor back with what
it had passed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from datetime import datetime, timedelta

import anyio

from gosync.catalog.cursors import lowest_of
from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.modules import Module
from gosync.clock import format_time, shift
from gosync.errors import GosyncError, StoreError
from gosync.gomod.info import parse_time
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.site.configured import INDEX, upstream_of
from gosync.site.policy import Policy
from gosync.site.site import Site
from gosync.sync.indexbatch import MOST_PAGES, IndexBatch
from gosync.sync.keptindex import KEPT, KeptIndex, behind
from gosync.sync.tally import Tally
from gosync.upstream.index import IndexClient
from gosync.upstream.indexpage import (
    OVERLAP_SECONDS,
    IndexEvent,
    IndexPage,
    time_key,
    valid_events,
)
from gosync.upstream.reading import look_up
from gosync.work.progress import Progress

_log = logging.getLogger(__name__)
NAMED = ""
INDEX_ITEM = ModuleVersion("", "index")
_NAMED_START = timedelta(days=1)
_HORIZON = timedelta(days=1)  # how wrong the index's clock or ours may be


def cursor_names(policy: Policy, catalog: Catalog) -> list[str]:
    """Return the cursors that a pass moves, as the catalog names them.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    followed = {
        path
        for path in policy.exact
        if policy.follows(path) and not policy.is_private(path)
    }
    timed = {path for path in followed if policy.asks_for_times(path)}
    named = bool(_followed_dependencies(catalog)) or followed > timed
    return [*policy.patterns, *sorted(timed), *([NAMED] if named else [])]


def read_up_to(cursor: str) -> datetime:
    """Return the time up to which the index is read: cursors stay behind that."""
    return shift(parse_time(cursor), timedelta(seconds=OVERLAP_SECONDS))


def _followed_dependencies(catalog: Catalog) -> frozenset[str]:
    """Return the modules that are followed because something requires them."""
    return frozenset(catalog.modules.dependencies())


class IndexFollower:
    """Reads the index from the cursors on."""

    def __init__(
        self, site: Site, index: IndexClient, tally: Tally, progress: Progress
    ) -> None:
        self._site = site
        self._index = index
        self._tally = tally
        self._progress = progress
        self._policy = site.options.policy
        self._dependencies = _followed_dependencies(site.catalog)
        self._cursors = cursor_names(site.options.policy, site.catalog)
        self._stand: Mapping[str, str | None] = {}  # where they are, as far as we know
        self._kept = KeptIndex(site.catalog, site.options.index_url)
        self._keeps = site.options.keeps_index
        self._kept_since: str | None = None  # as the pass began
        self._batch = IndexBatch(most_pages=MOST_PAGES if self._keeps else 1)

    async def follow(self, *, now: datetime) -> None:
        """Read to the index's end or the bound; a failure is noted and ends only this.

        Args:
            now: After a failure, nothing is asked before its next try.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        follows = bool(self._site.options.follow_url)
        reads = bool(self._cursors) or self._keeps
        if not (reads or follows) or self._waits(now):
            return
        self._progress.phase("index")
        try:
            await self._index.refresh()
            self._tally.answered += follows
            if reads:
                await self._read()
        except StoreError:
            raise
        except GosyncError as exc:
            self._tally.fail(self._note(exc))
        else:
            self._site.catalog.failures.clear([INDEX_ITEM])

    async def _read(self) -> None:
        """Read from the cursors on."""
        await self._start_named()
        options, cursors = self._site.options, self._site.catalog.cursors
        self._stand = cursors.read(options.index_url, self._cursors)
        if self._keeps:
            await anyio.to_thread.run_sync(self._begin_kept)
        else:
            self._kept.forget()
        async with aclosing(self._pages(self._since())) as pages:
            await self._take_some(pages)

    def _begin_kept(self) -> None:
        """Bring the cursors up to what is kept, and move its own with them."""
        since = self._kept.begin()
        if since is not None and (late := behind(self._stand, since)):
            self._progress.phase("kept index")
            paths = {*self._policy.exact, *self._dependencies} if NAMED in late else ()
            patterns = [name for name in late if name != NAMED]
            begin = lowest_of({name: self._stand[name] for name in late}) or ""
            for rows in self._kept.rows_of(patterns, frozenset(paths), since=begin):
                look_up()
                with self._site.catalog.transaction():
                    self._commit(self._of_use(rows))
                self._progress.advance(len(rows))
            self._move(since)
            self._progress.phase("index")
        self._kept_since = since
        self._stand = {**self._stand, KEPT: since}

    async def _take_some(self, pages: AsyncIterator[IndexPage]) -> None:
        """Take pages up to the bound of a pass; what was read is committed anyway."""
        bound, clock = self._site.options.index_bound, self._site.clock
        end, left = clock.monotonic() + bound.seconds, bound.pages
        try:
            async for page in pages:
                left -= 1
                enough = left <= 0 or clock.monotonic() >= end
                if await self._take(page, enough=enough):
                    return
        finally:
            self._commit_batch()

    async def _take(self, page: IndexPage, *, enough: bool) -> bool:
        """Take a page; return whether it is the last one of this pass."""
        self._tally.answered += 1
        self._gather(page)
        if self._batch.is_enough or enough or not page.full:
            await anyio.to_thread.run_sync(self._commit_batch)
        if self._tally.index_overtaken or (page.full and enough):
            self._tally.index_unread = True
        return self._tally.index_unread

    def _pages(self, since: str) -> AsyncGenerator[IndexPage, None]:
        horizon = format_time(shift(self._site.clock.now(), _HORIZON))
        return self._index.pages(since, wanted=self._wanted, horizon=horizon)

    def _waits(self, now: datetime) -> bool:
        failure = self._site.catalog.failures.get(INDEX_ITEM)
        return failure is not None and failure.next_try_at > format_time(now)

    def _note(self, error: GosyncError) -> Failure:
        return self._site.catalog.failures.record(
            INDEX_ITEM,
            kind=INDEX,
            error=error,
            now=self._site.clock.now(),
            upstream=upstream_of(self._site.options, INDEX),
        )

    def _since(self) -> str:
        return lowest_of(self._stand) or self._site.options.index_since

    async def _start_named(self) -> None:
        """Give the named modules' cursor its start, once."""
        cursors, url = self._site.catalog.cursors, self._site.options.index_url
        if NAMED not in self._cursors or cursors.get(url, NAMED) is not None:
            return
        if self._site.options.follow_url:  # it names all that is there
            return
        start = format_time(shift(self._site.clock.now(), -_NAMED_START))
        async with aclosing(self._pages(start)) as pages:
            first = await anext(pages)
        if first.seen:
            cursors.move(url, {NAMED: None}, start)

    def _wanted(self, lines: str) -> AbstractSet[str]:
        """Return which of some modules, a line each, are those of use."""
        named = self._policy.selected_public(lines)
        if self._dependencies:
            named.update(self._dependencies.intersection(lines.split("\n")))
        return named

    def _of_use(self, kept: Sequence[IndexEvent]) -> list[IndexEvent]:
        """Return the events among rows that were kept unlooked at."""
        found = self._wanted("\n".join(row.path for row in kept))
        rows = [row for row in kept if row.path in found]
        return valid_events(rows, self._tally.index_skipped)

    def _gather(self, page: IndexPage) -> None:
        self._tally.index_events += len(page.events)
        self._tally.index_skipped.update(page.skipped)
        self._progress.advance(page.seen)
        if self._keeps:
            self._batch.rows.add(page.rows)
        self._batch.add(page.events, _sortable(page.overlap) if page.overlap else "")

    def _commit_batch(self) -> None:
        """Commit the pages that were gathered with the cursor that passes them."""
        batch, self._batch = self._batch, self._batch.next()
        if not batch.pages:
            return
        with self._site.catalog.transaction(forced=False):
            if self._keeps:
                self._kept.keep(batch.rows, since=self._kept_since)
            if batch.wanted:
                self._commit(batch.wanted)
            if batch.overlap:
                self._move(batch.overlap)

    def _move(self, since: str) -> None:
        """Move the cursors on; what was read is committed, if one was lost or not."""
        url = self._site.options.index_url
        move = self._site.catalog.cursors.move(url, self._stand, since)
        self._stand = move.now
        if move.lost:
            self._tally.index_overtaken = True
            _log.warning(
                "%s: another run moved the cursor of %s meanwhile; it stays there, and"
                " the next pass reads on from it",
                url,
                ", ".join(name or "the named modules" for name in move.lost),
            )

    def _commit(self, events: Iterable[IndexEvent]) -> None:
        """Remember what is offered of the modules that a select names."""
        found: dict[str, Module] = {}
        named: list[tuple[str, str, str]] = []
        for event in events:
            if event.path not in self._dependencies:
                if not self._policy.follows(event.path):
                    continue
                tracked_by = "config" if event.path in self._policy.exact else "index"
                found[event.path] = Module(event.path, tracked_by=tracked_by)
            named.append((event.path, event.version, _sortable(event.timestamp)))
        catalog = self._site.catalog
        catalog.modules.track(found.values())
        catalog.modules.make_due(self._untagged(named))
        catalog.offers.named(named, self._site.clock.now())

    def _untagged(self, named: Iterable[tuple[str, str, str]]) -> set[str]:
        """Return the modules known by ``@latest`` alone of which a commit is new."""
        untagged: set[str] = set()
        for path, version, at in named:
            if not is_pseudo_version(version) or path in untagged:
                continue
            module = self._site.catalog.modules.get(path)
            if module is not None and module.pseudo_only:
                offered = self._site.catalog.offers.of(path)
                times = {row.version: row.index_time or "" for row in offered}
                if times.get(version, "") < at:
                    untagged.add(path)
        return untagged


def _sortable(timestamp: str) -> str:
    """Return a time in UTC with all nine digits, so that text sorts as time."""
    return f"{time_key(timestamp)}Z"
