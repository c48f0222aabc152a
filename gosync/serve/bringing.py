"""One version, brought: rules, upstream, the gate, store and catalog, the tree.

A ``.zip`` brings the whole version. A ``.info`` or ``.mod`` brings both, asked at once,
and no zip: the go.mod's record in the checksum database proves that the version is
what everybody gets. Nothing is a file of the tree, nor answered, before it is in a row
of the catalog; until then it lies in staging, which a kill leaves to be swept.

Other runs may fetch and publish beside this: the version's lease is theirs or ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, TypeVar

from anyio import to_thread

from gosync.catalog.leases import fetch_lease
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import (
    GosyncError,
    NotFoundError,
    StoreError,
    TooLargeError,
    WithdrawnError,
)
from gosync.folder.routes import of_module
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.admission import Admission
from gosync.ingest.batch import Batch
from gosync.serve.ages import VersionAges
from gosync.serve.claims import VersionClaims
from gosync.serve.origin import OriginAnswer
from gosync.serve.outcomes import HERE, answer_of_error, denied
from gosync.serve.publishing import ModuleQueue
from gosync.serve.pullrules import PullRules
from gosync.site.applying import denied_of, rule_on_admitted
from gosync.site.oldheads import note_seen
from gosync.site.options import needs_whole
from gosync.site.site import Site
from gosync.site.treefolder import served_folder
from gosync.site.upstreams import Upstreams
from gosync.store.digest import Digest
from gosync.store.staging import Staged
from gosync.sync.fetch import sink_of
from gosync.upstream.answer import Served
from gosync.upstream.proxy import ZIP_LIMIT_BYTES
from gosync.upstream.proxyanswers import InfoAnswer
from gosync.work.pool import first_error
from gosync.work.progress import NoProgress

F = TypeVar("F")
S = TypeVar("S")
_PATIENCE_SECONDS: Final = 900.0


class VersionBringer:
    """Brings versions; as many side by side as its caller lets."""

    def __init__(
        self,
        site: Site,
        upstreams: Upstreams,
        rules: PullRules,
        ages: VersionAges,
        queue: ModuleQueue,
        claims: VersionClaims,
        *,
        came: Callable[[VersionRow], None],
    ) -> None:
        """Take what brings them.

        Args:
            site: The store.
            upstreams: Where they come from.
            rules: Which may come.
            ages: Since when they are known.
            queue: Publishes them.
            claims: Keeps what is being brought from being let go.
            came: Is told of each that was committed.
        """
        self._site, self._upstreams, self._came = site, upstreams, came
        self._tree = served_folder(site.options.tree_path)
        self._rules, self._ages, self._queue = rules, ages, queue
        self._claims = claims
        self._batch = Batch(
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            holder=site.holder,
            first_stays=True,
            also=self._note,
        )

    def _note(self, rows: Sequence[VersionRow]) -> None:
        """Commit with rows that they are wanted, and what was learned on their way."""
        note_seen(self._site, self._upstreams.sums)
        self._upstreams.gate.derived.put_into(self._site.catalog, rows)
        for row in rows:
            self._want(row.mv, row.need)
        rule_on_admitted(self._site, rows)

    def _want(self, mv: ModuleVersion, need: Need) -> None:
        self._site.catalog.pulled.pull(mv, need, self._site.clock.now())

    async def bring(self, mv: ModuleVersion, kind: FileKind) -> OriginAnswer:
        """Bring one file of a version into the tree, and what it needs to be there.

        Raises:
            asyncio.CancelledError: the owner ends.
        """
        if reason := self._rules.refusal(mv.path, mv.version):
            return denied(mv, reason)
        try:
            file = of_module(mv.path).of_version(mv.version).file(kind)
            if not self._is_in_tree(file):
                reason = await self._bring_allowed(mv, kind)
        except TooLargeError as exc:
            if self._rules.max_zip_bytes is None:
                return answer_of_error(exc, mv)
            return denied(mv, f"serve.max_zip: {exc}")
        except GosyncError as exc:
            return answer_of_error(exc, mv)
        return denied(mv, reason) if reason else HERE

    async def _bring_allowed(self, mv: ModuleVersion, kind: FileKind) -> str:
        """Bring a version and publish it; return why it may not come, or ""."""
        if reason := await self._ages.refusal(mv):
            return reason
        if reason := await self._denial(mv, kind):
            return reason
        # At first the go.mod: whoever asks for that need not wait for the zip.
        await self._bring_into_tree(
            mv, FileKind.INFO if kind is FileKind.INFO else FileKind.MOD
        )
        if kind is not FileKind.ZIP:
            return ""
        await self._bring_into_tree(mv, kind)
        return await self._denial(mv, kind)  # its licence is known now

    async def _bring_into_tree(self, mv: ModuleVersion, kind: FileKind) -> None:
        file = of_module(mv.path).of_version(mv.version).file(kind)
        async with self._claims.claim(mv):
            if not self._is_in_tree(file):
                await self._bring(mv, kind)
                await self._queue.publish(mv.path)

    async def _denial(self, mv: ModuleVersion, kind: FileKind) -> str:
        """Return why the policy keeps a zip out, "" if it does not."""
        if kind is not FileKind.ZIP:
            return ""
        found = await to_thread.run_sync(denied_of, self._site, mv.path, (mv.version,))
        return found.get(mv.version, "")

    def _is_in_tree(self, file: str) -> bool:
        return (self._tree / file).is_file()

    async def _bring(self, mv: ModuleVersion, kind: FileKind) -> None:
        """Bring a file of a version into the catalog, unless it is there.

        Raises:
            GosyncError: why it cannot be had.
        """
        self._check_stands(mv)
        if needs_whole(self._site.options, mv.path):
            kind = FileKind.ZIP
        need = Need.ZIP if kind is FileKind.ZIP else Need.MOD
        async with self._site.holding(fetch_lease(mv), wait_seconds=_PATIENCE_SECONDS):
            row = self._site.catalog.versions.get(mv)
            if row is not None and _has(row, kind):
                self._show(row)
                return
            self._site.blobs.check_space(
                0, min_free_bytes=self._site.options.min_free_bytes
            )
            admitted = await self._admit(mv, need, row)
            await self._batch.add(admitted)
            await self._batch.commit()
            row = self._site.catalog.versions.get(mv)
            if row is None or row.carried not in (need, Need.ZIP):
                raise StoreError(f"{mv}: it could not be committed")
            self._came(row)

    def _check_stands(self, mv: ModuleVersion) -> None:
        withdrawn = self._site.catalog.withdrawn.get(mv)
        if withdrawn is not None:
            raise WithdrawnError(f"it was withdrawn: {withdrawn.reason}")

    def _show(self, row: VersionRow) -> None:
        """Let trees show a go.mod that was only read to select until now."""
        if row.published is None:
            self._want(row.mv, row.need)

    async def _admit(
        self, mv: ModuleVersion, need: Need, row: VersionRow | None
    ) -> VersionRow:
        private = self._site.options.policy.is_private(mv.path)
        async with self._upstreams.gate.open(mv, need=need, private=private) as at:
            if row is not None:
                await at.take_carried(row)
            if need is Need.MOD:
                await self._take_small(at, mv, row, needs_info=False)
                return await at.admit()
            if not at.has_mod:
                await self._take_small(at, mv, row, needs_info=True)
                await self._take_zip(at, mv)
            else:
                await self._take_rest(at, mv, row)
            return await at.admit()

    async def _take_small(
        self,
        admission: Admission,
        mv: ModuleVersion,
        row: VersionRow | None,
        *,
        needs_info: bool,
    ) -> None:
        """Ask for ``.info`` and ``.mod`` at once, and take what is not here."""
        asking = self._info(mv, row, needed=needs_info)
        if admission.has_mod:
            info, mod = await asking, None
        else:
            info, mod = await _both(asking, self._upstreams.proxy.mod(mv))
        if info is not None:
            admission.take_info(info.data, info.served)
        if mod is not None:
            await admission.take_mod(mod.data, mod.served)

    async def _info(
        self, mv: ModuleVersion, row: VersionRow | None, *, needed: bool
    ) -> InfoAnswer | None:
        """Return the ``.info``; where it is not needed it need not be there."""
        if row is not None and row.info_digest is not None:
            known = await to_thread.run_sync(self._carried_info, row)
            if known is not None:
                return known
        try:
            return await self._upstreams.proxy.info(mv)
        except NotFoundError:
            if needed:
                raise
            return None

    def _carried_info(self, row: VersionRow) -> InfoAnswer | None:
        """Return the ``.info`` that came with the go.mod; None if its blob is gone."""
        digest = Digest(row.info_digest or "")
        if not self._site.blobs.exists(digest, size_bytes=row.info_bytes):
            return None
        data = self._site.blobs.read(digest)
        served = Served(
            url=row.source_url or "",
            status=200,
            headers={},
            at=self._site.clock.now(),
            size_bytes=len(data),
            framed=True,
        )
        return InfoAnswer(parse_info(data), data, served)

    async def _take_rest(
        self, admission: Admission, mv: ModuleVersion, row: VersionRow | None
    ) -> None:
        """Ask for ``.info`` and ``.zip`` at once: the go.mod is here and proven."""
        info, (staged, served) = await _both(
            self._info(mv, row, needed=True), self._download(admission, mv)
        )
        assert info is not None
        admission.take_info(info.data, info.served)
        await admission.take_zip(staged, served)

    async def _take_zip(self, admission: Admission, mv: ModuleVersion) -> None:
        staged, served = await self._download(admission, mv)
        await admission.take_zip(staged, served)

    async def _download(
        self, admission: Admission, mv: ModuleVersion
    ) -> tuple[Staged, Served]:
        staged = admission.stage_zip()
        limit = min(self._rules.max_zip_bytes or ZIP_LIMIT_BYTES, ZIP_LIMIT_BYTES)
        served = await self._upstreams.proxy.zip(
            mv, sink_of(staged, NoProgress()), limit_bytes=limit
        )
        return staged, served


async def _both(
    first: Coroutine[object, object, F], second: Coroutine[object, object, S]
) -> tuple[F, S]:
    """Do two things side by side; the first error ends the other one."""
    try:
        async with asyncio.TaskGroup() as group:
            one, other = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as errors:
        raise first_error(errors) from None
    return one.result(), other.result()


def _has(row: VersionRow, kind: FileKind) -> bool:
    if kind is FileKind.ZIP:
        return row.carried is Need.ZIP
    return bool(row.carried) and (kind is FileKind.MOD or row.info_digest is not None)
