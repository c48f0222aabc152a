"""Versions brought through the gate from a source, and what became of each.

Asked for proofs is the configured checksum database, and where it does not answer, the
part of it that the source has. A version without a proof is kept aside (``aside``) and
selected: it waits, and the next pass proves it with a lookup and tiles, and no zip. A
private version is vouched for by a pin from before, or by the go.sum of a [[project]]
that names it; on its first sight alone it is not taken, since nobody says that the
source is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from enum import StrEnum
from typing import Final

import anyio
import msgspec
from msgspec.structs import replace

from gosync.catalog.leases import fetch_lease
from gosync.catalog.versions import FoundBy, Need, VersionRow, Want
from gosync.errors import (
    GosyncError,
    NotFoundError,
    StoreError,
    UnavailableError,
)
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.ingest.admission import Admission
from gosync.ingest.batch import Batch
from gosync.ingest.scansahead import ScansAhead
from gosync.publish.report import PublishReport
from gosync.site.applying import rule_on_admitted
from gosync.site.oldheads import note_seen
from gosync.site.site import Site
from gosync.site.tree import publish_tree
from gosync.site.upstreams import Upstreams, connect
from gosync.sync.claims import Claims
from gosync.sync.projects import ConfiguredProject
from gosync.sync.sumcheck import expected_h1
from gosync.takein.aside import VersionsAside
from gosync.takein.files import VersionFiles
from gosync.takein.sharing import portions_scanned
from gosync.takein.source import VersionSource
from gosync.work.pool import for_each
from gosync.work.progress import Progress
from gosync.work.sweep import Sweep

_DEAF: Final = 3  # so many in a row without an answer: nobody is there to be asked
_NOT_ASKED: Final = (
    "the checksum database has not answered before, and is asked no more in this run"
)
_UNPROVEN: Final = "what the source has of the checksum database does not prove it"


class CacheVersionState(StrEnum):
    """What became of a version."""

    TAKEN = "taken"
    KNOWN = "known"
    WAITING = "waiting"
    BAD = "bad"


class CacheVersion(msgspec.Struct, frozen=True):
    """A version of a source.

    Attributes:
        module: Its path.
        version: Its version.
        state: taken; known: it was here, and is the same; waiting: kept until its
            proof comes; bad.
        whole: Whether it is more than a go.mod.
        reason: Why it waits or is bad, "" otherwise.
    """

    module: str
    version: str
    state: CacheVersionState
    whole: bool
    reason: str = ""


class CacheImportReport(msgspec.Struct, frozen=True):
    """What an import did.

    Attributes:
        exit_code: 4 where something is bad, 3 where something waits.
        counts: How many versions are in each state.
        versions: Each version.
        published: What publishing did; None when it was not done.
    """

    exit_code: int
    counts: dict[str, int]
    versions: list[CacheVersion]
    published: PublishReport | None


async def import_sources(
    site: Site,
    sources: Sequence[VersionSource],
    progress: Progress,
    *,
    projects: Sequence[ConfiguredProject],
    publish: bool,
    sweep: Sweep | None = None,
) -> CacheImportReport:
    """Bring all versions of some sources through the gate, then publish.

    Args:
        site: Where they are taken in.
        sources: Where they are.
        progress: Is told how far it is.
        projects: Their go.sum files vouch for private versions.
        publish: Whether to publish what was taken.
        sweep: Who scans zips ahead; None for nobody.

    Raises:
        StoreError: Store, catalog or tree cannot be written.
    """
    async with connect(site) as upstreams:
        expected = expected_h1(site, (each.project for each in projects))
        upstreams.gate.expected = {**upstreams.gate.expected, **expected}
        found = []
        for source in sources:
            async with AsyncExitStack() as stack:
                beside = await _beside(stack, site, source)
                importing = _Importing(
                    site, source, [upstreams, *beside], progress, sweep
                )
                found += await importing.run()
        if upstreams.sums is not None:
            await upstreams.sums.start()
        published = None
        if publish and any(each.state is CacheVersionState.TAKEN for each in found):
            published = await publish_tree(site, upstreams.sums, progress)
    counts = Counter(each.state for each in found)
    return CacheImportReport(
        exit_code=_exit_code(counts),
        counts={each.value: counts[each] for each in CacheVersionState},
        versions=found,
        published=published,
    )


def _exit_code(counts: Counter[CacheVersionState]) -> int:
    if counts[CacheVersionState.BAD]:
        return 4
    return 3 if counts[CacheVersionState.WAITING] else 0


async def _beside(
    stack: AsyncExitStack, site: Site, source: VersionSource
) -> list[Upstreams]:
    """Return who asks the source's own part of the checksum database, if it has one."""
    database = site.options.database
    folder = None if database is None else source.sumdb(database.name)
    if database is None or folder is None:
        return []
    url = folder.absolute().as_uri()
    options = replace(site.options, database=replace(database, url=url))
    return [await stack.enter_async_context(connect(replace(site, options=options)))]


class _Importing:
    """One source, version after version, some at once."""

    def __init__(
        self,
        site: Site,
        source: VersionSource,
        upstreams: Sequence[Upstreams],
        progress: Progress,
        sweep: Sweep | None,
    ) -> None:
        self._site, self._source, self._progress = site, source, progress
        self._sweep, self._ahead = sweep, ScansAhead()
        for each in upstreams:
            each.gate.scanner.ahead = self._ahead
        self._files = VersionFiles(source, site.clock)
        self._aside = VersionsAside(site, source, upstreams[0].gate.scanner)
        self._upstreams = list(upstreams)
        self._unanswered = Counter[int]()
        self._found: list[CacheVersion] = []
        self._batch = Batch(
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            holder=site.holder,
            first_stays=True,
            also=self._note,
        )

    async def run(self) -> list[CacheVersion]:
        versions = self._source.versions()
        self._progress.phase(f"importing {self._source.root}", len(versions))
        try:
            await self._take_all(versions)
        finally:
            await self._batch.commit()
            with anyio.CancelScope(shield=True):
                await self._aside.commit()
        return sorted(self._found, key=lambda each: (each.module, each.version))

    async def _take_all(self, versions: Sequence[ModuleVersion]) -> None:
        if self._sweep is None:
            await self._take_some(versions)
            return
        scanned = portions_scanned(self._source, versions, self._sweep, self._ahead)
        with closing(scanned):
            while True:
                none: list[ModuleVersion] = []
                portion = await anyio.to_thread.run_sync(next, scanned, none)
                if not portion:
                    return
                await self._take_some(portion)

    async def _take_some(self, versions: Sequence[ModuleVersion]) -> None:
        """Take versions; the leases of what is new are taken for several at once."""
        workers = self._site.options.concurrency
        new, here = await anyio.to_thread.run_sync(self._parted, versions)
        claims = Claims(self._site.holder, new, None, version=lambda mv: mv)
        try:
            await for_each(claims, self._take_claimed, workers=workers)
        finally:
            claims.release()
        await for_each([*here, *claims.elsewhere], self._take, workers=workers)

    def _parted(
        self, versions: Sequence[ModuleVersion]
    ) -> tuple[list[ModuleVersion], list[ModuleVersion]]:
        """Return those that are not in the store yet, and those that are."""
        new: list[ModuleVersion] = []
        here: list[ModuleVersion] = []
        for mv in versions:
            whole = self._source.has(mv, FileKind.ZIP)
            (here if self._is_here(mv, whole) else new).append(mv)
        return new, here

    async def _take_claimed(self, mv: ModuleVersion) -> None:
        """Take a version whose lease is this run's, and let go of that."""
        try:
            await self._take(mv)
        finally:
            self._site.holder.release(fetch_lease(mv))

    def _note(self, rows: Sequence[VersionRow]) -> None:
        for each in self._upstreams:
            note_seen(self._site, each.sums)
            each.gate.derived.put_into(self._site.catalog, rows)
        wants = [Want(row.path, row.version, row.need, FoundBy.COMMAND) for row in rows]
        now = self._site.clock.now()
        self._site.catalog.selected.select(wants, complete=False, now=now)
        rule_on_admitted(self._site, rows)

    async def _take(self, mv: ModuleVersion) -> None:
        whole = self._source.has(mv, FileKind.ZIP)
        try:
            state, reason = await self._outcome(mv, whole=whole)
        except StoreError:
            raise
        except GosyncError as exc:
            state, reason = CacheVersionState.BAD, str(exc)
        found = CacheVersion(mv.path, mv.version, state, whole, reason)
        self._found.append(found)
        self._progress.advance()

    async def _outcome(
        self, mv: ModuleVersion, *, whole: bool
    ) -> tuple[CacheVersionState, str]:
        """Take a version, or keep it; return what became of it, and why."""
        if await anyio.to_thread.run_sync(self._is_here, mv, whole):
            return await anyio.to_thread.run_sync(self._compare, mv, whole)
        need = Need.ZIP if whole else Need.MOD
        try:
            await self._bring(mv, need)
        except (UnavailableError, NotFoundError) as exc:
            against = await self._aside.keep(mv, need)
            return CacheVersionState.WAITING, against or str(exc)
        return CacheVersionState.TAKEN, ""

    def _is_here(self, mv: ModuleVersion, whole: bool) -> bool:  # noqa: FBT001 - of threads
        row = self._site.catalog.versions.get(mv)
        if row is None or row.carried is None:
            return False
        return row.carried is Need.ZIP or not whole

    def _compare(self, mv: ModuleVersion, whole: bool) -> tuple[CacheVersionState, str]:  # noqa: FBT001 - of threads
        """Hold the source's zip against the one that is here."""
        row = self._site.catalog.versions.get(mv)
        assert row is not None
        if whole:
            with self._source.open_zip(mv) as (read_at, size_bytes):
                h1 = scan_zip(read_at, size_bytes, mv).h1
            if h1 != row.zip_h1:
                told = f"its zip has {h1}, and the proven one {row.zip_h1}"
                return CacheVersionState.BAD, told
        return CacheVersionState.KNOWN, ""

    async def _bring(self, mv: ModuleVersion, need: Need) -> None:
        self._site.blobs.check_space(
            0, min_free_bytes=self._site.options.min_free_bytes
        )
        private = self._site.options.policy.is_private(mv.path)
        if private or self._upstreams[0].sums is None:
            self._check_vouched(self._upstreams[0], mv)
        error = await self._try(0, mv, need)
        for number in range(1, len(self._upstreams)):
            if error is None:
                return
            try:
                beside = await self._try(number, mv, need)
            except NotFoundError:
                continue  # the database counts, which may have it
            error = error if beside is not None else None
        if error is not None:
            told = f"{error}; {_UNPROVEN}" if len(self._upstreams) > 1 else str(error)
            raise UnavailableError(told)

    async def _try(
        self, number: int, mv: ModuleVersion, need: Need
    ) -> UnavailableError | None:
        """Admit a version by what one upstream says; return why it has no answer."""
        if self._unanswered[number] >= _DEAF:
            return UnavailableError(_NOT_ASKED)
        try:
            async with self._site.holding(fetch_lease(mv)):
                row = await self._admit(self._upstreams[number], mv, need)
                await self._add(row)
        except UnavailableError as exc:
            self._unanswered[number] += 1
            return exc
        self._unanswered[number] = 0
        return None

    async def _add(self, row: VersionRow) -> None:
        """Take a row, whose lease is held until it is committed."""
        claim = fetch_lease(row.mv)
        self._site.holder.try_take(claim)  # once more
        await self._batch.add(row, claim=claim)

    async def _admit(
        self, upstreams: Upstreams, mv: ModuleVersion, need: Need
    ) -> VersionRow:
        private = self._site.options.policy.is_private(mv.path)
        async with upstreams.gate.open(mv, need=need, private=private) as admission:
            if need is Need.ZIP:
                info = await anyio.to_thread.run_sync(self._files.info, mv)
                admission.take_info(
                    info, self._files.served(mv, FileKind.INFO, len(info))
                )
            mod = await anyio.to_thread.run_sync(self._files.mod, mv)
            served = self._files.served(mv, FileKind.MOD, len(mod))
            await admission.take_mod(mod, served)
            if need is Need.ZIP:
                await self._take_zip(admission, mv)
            return await admission.admit()

    def _check_vouched(self, upstreams: Upstreams, mv: ModuleVersion) -> None:
        """Refuse a first sight: a source is nobody's word for what a version is.

        Raises:
            UnavailableError: No pin and no go.sum names it.
        """
        pin = self._site.catalog.pins.get(mv)
        expected = upstreams.gate.expected.get(mv)
        if pin is None and (expected is None or expected.mod_h1 is None):
            raise UnavailableError(
                "no record, no pin and no go.sum of a [[project]] says what it is"
            )

    async def _take_zip(self, admission: Admission, mv: ModuleVersion) -> None:
        staged = admission.stage_zip()
        await anyio.to_thread.run_sync(self._source.copy_zip, mv, staged)
        served = self._files.served(mv, FileKind.ZIP, staged.size_bytes)
        await admission.take_zip(staged, served)
