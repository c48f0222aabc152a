"""Fetching: wanted versions, brought through the gate several at once.

A version that fails is noted with its reason and its next try; the others go on.
Only our own disk stops a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

import anyio
from msgspec.structs import replace

from gosync.catalog.findings import FindingKind, Sighting
from gosync.catalog.lease_holder import POLL_SECONDS
from gosync.catalog.leases import Lease, fetch_lease
from gosync.catalog.selections import CONFIGURED
from gosync.catalog.versions import FoundBy, Need, State, VersionRow
from gosync.errors import (
    ChecksumMismatchError,
    GosyncError,
    NotFetchedError,
    NotFoundError,
    RejectedError,
    SecurityError,
    StoreError,
    TooLargeError,
)
from gosync.gomod.module import ModuleVersion
from gosync.ingest.admission import Admission
from gosync.ingest.batch import Batch
from gosync.ingest.entries import finding_entry
from gosync.ingest.scanner import USUAL_BYTES
from gosync.site.applying import is_denied_before, rule_on_admitted
from gosync.site.configured import VERSION, upstream_of
from gosync.site.oldheads import note_seen
from gosync.site.options import needs_whole
from gosync.site.site import Site
from gosync.site.upstreams import Upstreams
from gosync.store.staging import Staged
from gosync.sync.claims import Claims
from gosync.sync.tally import Tally
from gosync.sync.unproven import UnprovenSource
from gosync.upstream.proxy import ZIP_LIMIT_BYTES
from gosync.work.pool import for_each
from gosync.work.progress import Progress, at_work
from gosync.work.stop import Stop


class VersionFetcher:
    """Fetches versions and commits them in batches."""

    def __init__(
        self,
        site: Site,
        upstreams: Upstreams,
        tally: Tally,
        progress: Progress,
        *,
        stop: Stop | None = None,
    ) -> None:
        """Make one; after a ``stop`` it waits for no other run."""
        self._site = site
        self._upstreams = upstreams
        self._tally = tally
        self._progress = progress
        self._stop = stop
        self._unproven = UnprovenSource(site, upstreams.gate)
        self._denied: set[ModuleVersion] = set()  # their zips were not asked for
        self._batch = Batch(
            holder=site.holder,
            first_stays=True,
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            also=self._note_read,
        )

    def _note_read(self, rows: Sequence[VersionRow]) -> None:
        """Commit with rows what was learned on their way."""
        note_seen(self._site, self._upstreams.sums)
        self._upstreams.gate.derived.put_into(self._site.catalog, rows)
        rule_on_admitted(self._site, rows)

    def expect(self, versions: int, size_bytes: int | None) -> None:
        """Make ready for so many; their zips' sizes together, None if not known."""
        expected_bytes = versions * USUAL_BYTES if size_bytes is None else size_bytes
        self._upstreams.gate.scanner.expect(expected_bytes)

    async def fetch_all(self, rows: Iterable[VersionRow]) -> None:
        """Fetch these versions; what was admitted is committed in any case.

        What another run is fetching is waited for, and fetched if that run leaves it.

        Raises:
            StoreError: if the store or the catalog cannot be written.
        """
        left: Iterable[VersionRow] = rows
        while left := await self._fetch_free(left):
            left = [row for row in left if await self._is_left(row)]

    async def _fetch_free(self, rows: Iterable[VersionRow]) -> list[VersionRow]:
        """Fetch those that no other run is fetching; return the others."""
        claims = Claims(self._site.holder, rows, self._stop, version=attrgetter("mv"))
        try:
            await for_each(claims, self._fetch, workers=self._site.options.concurrency)
        finally:
            claims.release()
            await self._batch.commit()
        return claims.elsewhere

    async def _is_left(self, row: VersionRow) -> bool:
        """Wait until another run is done with a version; return whether it is not."""
        name = fetch_lease(row.mv)
        while self._site.catalog.leases.holder(name) is not None:
            if self._stop is not None and self._stop.requested:
                return False
            if isinstance(self._site.holder.try_take(name), Lease):  # it is gone
                self._site.holder.release(name)
            await anyio.sleep(POLL_SECONDS)
        if self._is_as_it_was(row):
            return True
        self._progress.advance()
        return False

    def _is_as_it_was(self, row: VersionRow) -> bool:
        """Whether no other run has brought a version, or failed to, since then."""
        now = self._site.catalog.versions.get(row.mv)
        return now is not None and (now.state, now.changed) == (row.state, row.changed)

    async def _fetch(self, row: VersionRow) -> None:
        claim = fetch_lease(row.mv)
        if not self._is_as_it_was(row):
            self._site.holder.release(claim)
            self._progress.advance()
            return
        self._site.blobs.check_space(
            0, min_free_bytes=self._site.options.min_free_bytes
        )
        try:
            with at_work(self._progress, str(row.mv)):
                admitted = await self._admit(row)
        except StoreError:
            raise
        except GosyncError as exc:
            self._note(row, exc)
            self._site.holder.release(claim)
            self._progress.advance()
            return
        # What is journalled must say what a command asked for.
        await self._batch.add(
            replace(admitted, found_by=row.found_by, index_time=row.index_time),
            claim=claim,
        )
        self._tally.admit(admitted)
        is_omitted = admitted.state is State.OMITTED
        self._tally.omitted += is_omitted and row.mv not in self._denied
        self._progress.advance(size_bytes=admitted.zip_bytes or 0)

    async def _admit(self, row: VersionRow) -> VersionRow:
        mv = row.mv
        if needs_whole(self._site.options, row.path):
            row = replace(row, need=Need.ZIP)
        private = self._site.options.policy.is_private(row.path)
        gate = self._upstreams.gate
        kept = await self._unproven.admit(row, private=private)
        if kept is not None:
            return kept
        async with gate.open(mv, need=row.need, private=private) as admission:
            await admission.take_carried(row)
            if row.found_by is FoundBy.INDEX:
                await self._bring_cached(admission, row)
            else:
                await self._bring(admission, row)
            return await admission.admit()

    async def _bring_cached(self, admission: Admission, row: VersionRow) -> None:
        """Ask for what the upstream has at hand before making it fetch.

        What the index names was fetched once; asking the cache alone is what
        Go's proxy wishes of mirrors. "Not fetched" is no answer.
        """
        try:
            await self._bring(admission, row, fetch_disabled=True)
        except NotFetchedError:
            await self._bring(admission, row)

    async def _bring(
        self, admission: Admission, row: VersionRow, *, fetch_disabled: bool = False
    ) -> None:
        """Ask for what is needed and not here: a ``.mod`` alone needs no ``.info``."""
        proxy = self._upstreams.proxy
        mv = row.mv
        if row.need is Need.ZIP:
            if not is_denied_before(self._site, row):
                proxy.check_volume()  # before its small files are asked for in vain
            info = await proxy.info(mv, fetch_disabled=fetch_disabled)
            admission.take_info(info.data, info.served)
        if not admission.has_mod:
            mod = await proxy.mod(mv, fetch_disabled=fetch_disabled)
            await admission.take_mod(mod.data, mod.served)
        if row.need is Need.ZIP:
            await self._bring_zip(admission, row, fetch_disabled=fetch_disabled)

    async def _bring_zip(
        self, admission: Admission, row: VersionRow, *, fetch_disabled: bool
    ) -> None:
        mv = row.mv
        if is_denied_before(self._site, row):
            self._denied.add(mv)
            admission.omit_zip()
            return
        staged = admission.stage_zip()
        wanted = row.max_zip_bytes
        limit = ZIP_LIMIT_BYTES if wanted is None else min(wanted, ZIP_LIMIT_BYTES)
        try:
            served = await self._upstreams.proxy.zip(
                mv,
                sink_of(staged, self._progress),
                limit_bytes=limit,
                fetch_disabled=fetch_disabled,
            )
        except TooLargeError:
            if limit == ZIP_LIMIT_BYTES:  # Go's own limit, so it is broken
                raise
            admission.omit_zip()
            return
        await admission.take_zip(staged, served)

    def _note(self, row: VersionRow, error: GosyncError) -> None:
        self._tally.hear(error)
        catalog = self._site.catalog
        with catalog.transaction():
            failure = catalog.failures.record(
                row.mv,
                kind=VERSION,
                error=error,
                now=self._site.clock.now(),
                upstream=upstream_of(self._site.options, VERSION),
            )
            if failure.was(type(error)):  # no graver finding stands
                state = _state_after(error)
                catalog.versions.mark(row.mv, state)
                if state is State.GONE and row.found_by is FoundBy.INDEX:
                    # What the index alone offered is to be chosen no more.
                    catalog.selections.invalidate(CONFIGURED)
            if isinstance(error, ChecksumMismatchError) and error.file:
                source = self._site.options.proxies.source_of(error.served_url)
                seen = _rewritten(row, error, source or error.served_url)
                finding = catalog.findings.see(
                    seen, self._site.clock.now(), accept=self._site.options.accept
                )
                if finding is not None:
                    self._site.journal.append([finding_entry(finding)])
        self._tally.fail(failure)


def _rewritten(row: VersionRow, error: ChecksumMismatchError, source: str) -> Sighting:
    """Return the finding that a refused version is; an audit says the same of it."""
    return Sighting(
        kind=FindingKind.REWRITTEN,
        path=row.path,
        version=row.version,
        source=source,
        summary=str(error),
        ours={f"{error.file}_h1": error.want},
        theirs={f"{error.file}_h1": error.got},
    )


def _state_after(error: GosyncError) -> State:
    if isinstance(error, RejectedError | SecurityError):
        return State.REJECTED
    if isinstance(error, NotFoundError) and not isinstance(error, NotFetchedError):
        return State.GONE
    return State.FAILED


def sink_of(
    staged: Staged, progress: Progress
) -> Callable[[], Callable[[bytes], object]]:
    """Return what takes a zip's bytes; each piece shows that it still comes.

    What is returned is called at each try, and begins the file anew.
    """

    def write(data: bytes) -> None:
        staged.write(data)
        progress.advance(0)

    def restart() -> Callable[[bytes], object]:
        staged.restart()
        return write

    return restart
