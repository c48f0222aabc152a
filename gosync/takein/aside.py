"""Versions of a source that nobody can prove now, kept aside until somebody can.

Only what could be admitted once it is proven: its zip is one that ``go`` would unpack,
and has the h1 that the source itself wrote down for it, if it did. A version that is
kept already is compared and not copied again, so that the same import may be repeated.
"""

from __future__ import annotations

import anyio

from gosync.catalog.unproven import UnprovenVersion
from gosync.catalog.versions import Need
from gosync.clock import format_time
from gosync.errors import MalformedError, RejectedError
from gosync.gomod.dirhash import scan_zip
from gosync.gomod.filekind import FileKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.announced import AnnouncedDigests
from gosync.ingest.scanner import ZipScanner
from gosync.ingest.unproven import UnprovenBatch, are_here
from gosync.site.site import Site
from gosync.store.digest import digest_of
from gosync.store.staging import Staged
from gosync.takein.files import VersionFiles
from gosync.takein.source import VersionSource
from gosync.upstream.reading import check_no_page


class VersionsAside:
    """Keeps versions of one source; tasks of one event loop may share it."""

    def __init__(self, site: Site, source: VersionSource, scanner: ZipScanner) -> None:
        self._site = site
        self._source = source
        self._scanner = scanner
        self._files = VersionFiles(source, site.clock)
        self._writing = anyio.Lock()
        self._batch = UnprovenBatch(
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            holder=site.holder,
        )

    async def keep(self, mv: ModuleVersion, need: Need) -> str:
        """Keep a version; return what speaks against it, "" for nothing.

        Raises:
            RejectedError: It could not be admitted, whoever vouched for it.
            StoreError: The store cannot be written.
        """
        there = await anyio.to_thread.run_sync(self._site.catalog.unproven.get, mv)
        if there is not None and are_here(self._site.blobs, there):
            if need is Need.MOD:
                return ""
            if there.need is Need.ZIP:
                return await anyio.to_thread.run_sync(self._compare, mv, there)
        row = await anyio.to_thread.run_sync(self._admit, mv, need)
        async with self._writing:
            await anyio.to_thread.run_sync(self._batch.add, row)
        return ""

    async def commit(self) -> None:
        """Commit what was kept.

        Raises:
            StoreError: It cannot be written.
        """
        async with self._writing:
            await anyio.to_thread.run_sync(self._batch.commit)

    def _compare(self, mv: ModuleVersion, there: UnprovenVersion) -> str:
        with self._source.open_zip(mv) as (read_at, size_bytes):
            h1 = scan_zip(read_at, size_bytes, mv).h1
        if h1 == there.zip_h1:
            return ""
        return f"its zip has {h1}; kept is {there.zip_h1}, of {there.source_url}"

    def _admit(self, mv: ModuleVersion, need: Need) -> UnprovenVersion:
        """Make a version's files blobs, once they are checked."""
        mod = self._files.mod(mv)
        check_no_page(mv, mod)
        if need is Need.MOD:
            return self._store(mv, None, mod, None, "")
        info = self._files.info(mv)
        if parse_info(info).version != mv.version:
            raise MalformedError(".info", f"{mv}", "it names another version")
        with self._site.blobs.stage() as staged:
            self._source.copy_zip(mv, staged)
            return self._store(mv, info, mod, staged, self._checked_h1(mv, staged))

    def _checked_h1(self, mv: ModuleVersion, staged: Staged) -> str:
        scan = self._scanner.scan(staged, mv).scan
        noted = self._source.noted_h1(mv)
        if noted is not None and noted != scan.h1:
            raise RejectedError(f"{mv}: its zip has {scan.h1}, noted was {noted}")
        scan.checked.require_ok(str(mv))
        return scan.h1

    def _store(
        self,
        mv: ModuleVersion,
        info: bytes | None,
        mod: bytes,
        staged: Staged | None,
        zip_h1: str,
    ) -> UnprovenVersion:
        blobs, announced = self._site.blobs, AnnouncedDigests(self._site.holder)
        small = [mod] if info is None else [info, mod]
        whole = [] if staged is None else [staged.digest]
        announced.add([*map(digest_of, small), *whole])
        try:
            return UnprovenVersion(
                path=mv.path,
                version=mv.version,
                info_digest=None if info is None else blobs.put_bytes(info),
                info_bytes=None if info is None else len(info),
                mod_digest=blobs.put_bytes(mod),
                mod_bytes=len(mod),
                zip_bytes=None if staged is None else staged.size_bytes,
                zip_digest=None if staged is None else blobs.admit(staged),
                zip_h1=zip_h1 or None,
                source_url=self._source.place(
                    mv, FileKind.MOD if staged is None else FileKind.ZIP
                ),
                kept_at=format_time(self._site.clock.now()),
            )
        except BaseException:
            announced.take_back()
            raise
