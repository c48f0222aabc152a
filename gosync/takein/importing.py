"""Versions brought through the gate from a cache, and what became of each.

Asked for proofs is the configured checksum database, and where it does not answer, the
part of it that the cache has. A version without a proof is not taken: it waits, and the
same import, or a sync that selects it, takes it once the database can be asked. A
private version is vouched for by a pin from before, or by the go.sum of a [[project]]
that names it; on its first sight alone it is not taken, since nobody says that the
cache is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Final

import msgspec
from anyio import to_thread
from msgspec.structs import replace

from gosync.catalog.leases import fetch_lease
from gosync.catalog.versions import FoundBy, Need, VersionRow, Want
from gosync.errors import (
    GosyncError,
    NotFoundError,
    StoreError,
    UnavailableError,
)
from gosync.gomod import modfile
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version, pseudo_version_time
from gosync.ingest.batch import Batch
from gosync.ingest.gate import Admission
from gosync.publish.report import PublishReport
from gosync.site.applying import rule_on_admitted
from gosync.site.oldheads import note_seen
from gosync.site.site import Site
from gosync.site.tree import publish_tree
from gosync.site.upstreams import Upstreams, connect
from gosync.store.staging import Staged
from gosync.sync.projects import ConfiguredProject
from gosync.sync.sumcheck import expected_h1
from gosync.takein.cache import ModuleCache
from gosync.upstream.answer import Served
from gosync.work.pool import for_each
from gosync.work.progress import Progress

_PIECE_BYTES: Final = 1 << 20
_DEAF: Final = 3  # so many in a row without an answer: nobody is there to be asked


class CacheVersionState(StrEnum):
    """What became of a version."""

    TAKEN = "taken"
    KNOWN = "known"
    WAITING = "waiting"
    BAD = "bad"


class CacheVersion(msgspec.Struct, frozen=True):
    """A version of the cache.

    Attributes:
        module: Its path.
        version: Its version.
        state: taken; known: it was here, and is the same; waiting for its proof; bad.
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


async def import_caches(
    site: Site,
    caches: Sequence[ModuleCache],
    progress: Progress,
    *,
    projects: Sequence[ConfiguredProject],
    publish: bool,
) -> CacheImportReport:
    """Bring all versions of some caches through the gate, then publish.

    Raises:
        StoreError: Store, catalog or tree cannot be written.
    """
    async with connect(site) as upstreams:
        expected = expected_h1(site, (each.project for each in projects))
        upstreams.gate.expected = {**upstreams.gate.expected, **expected}
        found = []
        for cache in caches:
            async with AsyncExitStack() as stack:
                beside = await _beside(stack, site, cache)
                importing = _Importing(site, cache, [upstreams, *beside], progress)
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
    stack: AsyncExitStack, site: Site, cache: ModuleCache
) -> list[Upstreams]:
    """Return who asks the cache's own part of the checksum database, if it has one."""
    database = site.options.database
    folder = None if database is None else cache.sumdb(database.name)
    if database is None or folder is None:
        return []
    url = folder.absolute().as_uri()
    options = replace(site.options, database=replace(database, url=url))
    return [await stack.enter_async_context(connect(replace(site, options=options)))]


class _Importing:
    """One cache, version after version, some at once."""

    def __init__(
        self,
        site: Site,
        cache: ModuleCache,
        upstreams: Sequence[Upstreams],
        progress: Progress,
    ) -> None:
        self._site, self._cache, self._progress = site, cache, progress
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
        versions = self._cache.versions()
        self._progress.phase(f"importing {self._cache.root}", len(versions))
        try:
            workers = self._site.options.concurrency
            await for_each(versions, self._take, workers=workers)
        finally:
            await self._batch.commit()
        return sorted(self._found, key=lambda each: (each.module, each.version))

    def _note(self, rows: Sequence[VersionRow]) -> None:
        for each in self._upstreams:
            note_seen(self._site, each.sums)
            each.gate.derived.put_into(self._site.catalog, rows)
        wants = [Want(row.path, row.version, row.need, FoundBy.COMMAND) for row in rows]
        now = self._site.clock.now()
        self._site.catalog.selected.select(wants, complete=False, now=now)
        rule_on_admitted(self._site, rows)

    async def _take(self, mv: ModuleVersion) -> None:
        whole = self._cache.has(mv, FileKind.ZIP)
        state, reason = CacheVersionState.TAKEN, ""
        try:
            if await to_thread.run_sync(self._is_here, mv, whole):
                state, reason = await to_thread.run_sync(self._compare, mv, whole)
            else:
                await self._bring(mv, Need.ZIP if whole else Need.MOD)
        except StoreError:
            raise
        except (UnavailableError, NotFoundError) as exc:
            state, reason = CacheVersionState.WAITING, str(exc)
        except GosyncError as exc:
            state, reason = CacheVersionState.BAD, str(exc)
        found = CacheVersion(mv.path, mv.version, state, whole, reason)
        self._found.append(found)
        self._progress.advance()

    def _is_here(self, mv: ModuleVersion, whole: bool) -> bool:  # noqa: FBT001 - of threads
        row = self._site.catalog.versions.get(mv)
        if row is None or row.carried is None:
            return False
        return row.carried is Need.ZIP or not whole

    def _compare(self, mv: ModuleVersion, whole: bool) -> tuple[CacheVersionState, str]:  # noqa: FBT001 - of threads
        """Hold the cache's zip against the one that is here."""
        row = self._site.catalog.versions.get(mv)
        assert row is not None
        if whole:
            with self._cache.open_zip(mv) as (read_at, size_bytes):
                h1 = scan_zip(read_at, size_bytes, mv).h1
            if h1 != row.zip_h1:
                told = f"its zip has {h1}, and the proven one {row.zip_h1}"
                return CacheVersionState.BAD, told
        return CacheVersionState.KNOWN, ""

    async def _bring(self, mv: ModuleVersion, need: Need) -> None:
        self._site.blobs.check_space(
            0, min_free_bytes=self._site.options.min_free_bytes
        )
        error: GosyncError = UnavailableError("nobody is there who proves it")
        for number, upstreams in enumerate(self._upstreams):
            if self._unanswered[number] >= _DEAF:
                continue
            try:
                async with self._site.holding(fetch_lease(mv)):
                    await self._batch.add(await self._admit(upstreams, mv, need))
            except UnavailableError as exc:
                self._unanswered[number] += 1
                error = exc
            else:
                self._unanswered[number] = 0
                return
        raise error

    async def _admit(
        self, upstreams: Upstreams, mv: ModuleVersion, need: Need
    ) -> VersionRow:
        private = self._site.options.policy.is_private(mv.path)
        if private or upstreams.sums is None:
            self._check_vouched(upstreams, mv)
        async with upstreams.gate.open(mv, need=need, private=private) as admission:
            if need is Need.ZIP:
                info = await to_thread.run_sync(self._info, mv)
                admission.take_info(info, self._served(mv, FileKind.INFO, len(info)))
            mod = await to_thread.run_sync(self._mod, mv)
            served = self._served(mv, FileKind.MOD, len(mod))
            await admission.take_mod(mod, served)
            if need is Need.ZIP:
                await self._take_zip(admission, mv)
            return await admission.admit()

    def _check_vouched(self, upstreams: Upstreams, mv: ModuleVersion) -> None:
        """Refuse a first sight: a cache is nobody's word for what a version is.

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
        size_bytes = await to_thread.run_sync(self._copy, mv, staged)
        await admission.take_zip(staged, self._served(mv, FileKind.ZIP, size_bytes))

    def _copy(self, mv: ModuleVersion, staged: Staged) -> int:
        with self._cache.open_zip(mv) as (read_at, size_bytes):
            for offset in range(0, size_bytes, _PIECE_BYTES):
                staged.write(read_at(offset, min(_PIECE_BYTES, size_bytes - offset)))
        return staged.size_bytes

    def _info(self, mv: ModuleVersion) -> bytes:
        """Return the ``.info``; where it is missing, one that says what is known."""
        found = self._cache.read(mv, FileKind.INFO)
        if found is not None:
            return found
        is_pseudo = is_pseudo_version(mv.version)
        time = pseudo_version_time(mv.version) if is_pseudo else None
        return format_info(VersionInfo(mv.version, time))

    def _mod(self, mv: ModuleVersion) -> bytes:
        """Return the ``.mod``; where it is missing, the go.mod of the zip."""
        found = self._cache.read(mv, FileKind.MOD)
        if found is not None:
            return found
        with self._cache.open_zip(mv) as (read_at, size_bytes):
            inside = scan_zip(read_at, size_bytes, mv).go_mod
        return modfile.synthesize(mv.path) if inside is None else inside

    def _served(self, mv: ModuleVersion, kind: FileKind, size_bytes: int) -> Served:
        return Served(
            url=self._cache.place(mv, kind),
            status=200,
            headers={},
            at=self._site.clock.now(),
            size_bytes=size_bytes,
            framed=True,
        )
