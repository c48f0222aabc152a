"""Bringing wanted versions through the gate, several at once.

A version that fails is noted with its reason and its next try; the others go on.
Only our own disk stops a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gosync.catalog.versions import FoundBy, Need, State, VersionRow
from gosync.errors import (
    GosyncError,
    NotFetchedError,
    NotFoundError,
    RejectedError,
    SecurityError,
    StoreError,
)
from gosync.gomod.module import ModuleVersion
from gosync.ingest.batch import Batch
from gosync.ingest.gate import Admission
from gosync.progress import Progress
from gosync.store.staging import Staged
from gosync.sync.pool import for_each
from gosync.sync.site import Site, Upstreams
from gosync.sync.tally import Tally


class VersionFetcher:
    """Fetches versions and commits them in batches."""

    def __init__(
        self, site: Site, upstreams: Upstreams, tally: Tally, progress: Progress
    ) -> None:
        self._site = site
        self._upstreams = upstreams
        self._tally = tally
        self._progress = progress
        self._batch = Batch(
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
        )

    async def fetch_all(self, rows: Iterable[VersionRow]) -> None:
        """Fetch these versions; what was admitted is committed in any case.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        try:
            await for_each(rows, self._fetch, workers=self._site.options.concurrency)
        finally:
            await self._batch.commit()

    async def _fetch(self, row: VersionRow) -> None:
        self._site.blobs.check_space(
            0, min_free_bytes=self._site.options.min_free_bytes
        )
        try:
            admitted = await self._admit(row)
        except StoreError:
            raise
        except GosyncError as exc:
            self._note(row, exc)
            self._progress.advance()
            return
        await self._batch.add(admitted)
        self._tally.admit(admitted)
        self._progress.advance(size_bytes=admitted.zip_bytes or 0)

    async def _admit(self, row: VersionRow) -> VersionRow:
        mv = ModuleVersion(row.path, row.version)
        private = self._site.options.policy.is_private(row.path)
        gate = self._upstreams.gate
        async with gate.open(mv, need=row.need, private=private) as admission:
            if row.found_by is FoundBy.INDEX:
                await self._bring_cached(admission, mv, row.need)
            else:
                await self._bring(admission, mv, row.need)
            return await admission.admit()

    async def _bring_cached(
        self, admission: Admission, mv: ModuleVersion, need: Need
    ) -> None:
        """Ask for what the upstream has at hand before making it fetch.

        What the index names was fetched once; asking the cache alone is what
        Go's proxy wishes of mirrors (facts 1.13). "Not fetched" is no answer.
        """
        try:
            await self._bring(admission, mv, need, fetch_disabled=True)
        except NotFetchedError:
            await self._bring(admission, mv, need)

    async def _bring(
        self,
        admission: Admission,
        mv: ModuleVersion,
        need: Need,
        *,
        fetch_disabled: bool = False,
    ) -> None:
        proxy = self._upstreams.proxy
        info = await proxy.info(mv, fetch_disabled=fetch_disabled)
        admission.take_info(info.data, info.served)
        mod = await proxy.mod(mv, fetch_disabled=fetch_disabled)
        await admission.take_mod(mod.data, mod.served)
        if need is Need.ZIP:
            staged = admission.stage_zip()
            restart = _sink_of(staged)
            served = await proxy.zip(mv, restart, fetch_disabled=fetch_disabled)
            await admission.take_zip(staged, served)

    def _note(self, row: VersionRow, error: GosyncError) -> None:
        self._tally.answered += isinstance(error, NotFoundError | RejectedError)
        catalog = self._site.catalog
        with catalog.transaction():
            failure = catalog.failures.record(
                row.path,
                row.version,
                kind="version",
                error=error,
                now=self._site.clock.now(),
            )
            if failure.error == type(error).__name__:  # no graver finding stands
                catalog.versions.mark(row.path, row.version, _state_after(error))
        self._tally.fail(failure)


def _state_after(error: GosyncError) -> State:
    if isinstance(error, RejectedError | SecurityError):
        return State.REJECTED
    if isinstance(error, NotFoundError) and not isinstance(error, NotFetchedError):
        return State.GONE
    return State.FAILED


def _sink_of(staged: Staged) -> Callable[[], Callable[[bytes], object]]:
    def restart() -> Callable[[bytes], object]:
        staged.restart()
        return staged.write

    return restart
