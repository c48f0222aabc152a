"""Intake of versions out of bundles, through the gate that a sync uses.

What a volume says is proven as it is read, chunk by chunk, and a volume is read once.
The versions come in the bundle's order: one is unpacked while the gate reads the zips
of those before it. The gate holds each against the h1 that the manifest binds, whoever
else vouches for it. They are committed in batches and seen by nobody yet; the import
selects them when all are there. What is in the store already is not read again, so a
killed import goes on where it was, and a volume that is on the next medium may come
later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from msgspec.structs import replace

from gosync.bundle.format.manifest import VersionEntry
from gosync.bundle.read.bases import ZipSource
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.plan import Taking
from gosync.bundle.take.unpacking import Unpacked, Unpacker
from gosync.catalog.versions import FoundBy, VersionRow
from gosync.errors import BlobCorruptError, BundleGapError, StoreError, VolumeError
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.ingest.batch import Batch
from gosync.ingest.gate import Gate
from gosync.ingest.taken import Expected
from gosync.site.applying import rule_on_admitted
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.upstream.answer import Served
from gosync.work.pool import first_error
from gosync.work.progress import Progress

# One is unpacked at a time; of the others most wait for the disk.
_AT_ONCE = 8
_AUTHORITY = "the bundle's manifest"


class StoreBases:
    """gosync.bundle.read.bases.Bases: the store's zips, which patches are against."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @contextmanager
    def open(self, mv: ModuleVersion, h1: str) -> Iterator[ZipSource]:
        """Open the zip of a version that has this h1.

        Raises:
            BundleGapError: It is not here.
            StoreError: It cannot be read, or is no longer what the catalog says.
        """
        row = self._site.catalog.versions.get(mv)
        if row is None or row.zip_digest is None or row.zip_h1 != h1:
            raise BundleGapError(f"a patch against {mv} ({h1}), which is not here")
        with self._site.blobs.open(Digest(row.zip_digest)) as blob:
            try:
                yield ZipSource(blob.read_at, blob.size_bytes)
            except BundleGapError as error:
                raise BlobCorruptError(
                    f"{mv}: {error}",
                    hint=advise(
                        "run {}, or --quarantine and then this again: need.json asks"
                        " outside for what is missing then",
                        command("verify", "--repair"),
                    ),
                ) from error


class Intake:
    """Takes versions out of bundles and into the store."""

    def __init__(
        self, site: Site, gate: Gate, unpacker: Unpacker, progress: Progress
    ) -> None:
        self._site = site
        self._gate = gate
        self._unpacker = unpacker
        self._progress = progress
        self._bases = StoreBases(site)
        self._batch = Batch(
            holder=site.holder,
            first_stays=True,
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            also=self._note,
        )

    def _note(self, rows: Sequence[VersionRow]) -> None:
        self._gate.derived.put_into(self._site.catalog, rows)
        rule_on_admitted(self._site, rows)

    async def take(self, taking: Taking) -> None:
        """Take these versions; what was admitted is committed in any case.

        A volume that is missing or damaged does not keep the others out.

        Raises:
            VolumeError: A volume was missing or damaged; the first one is named.
            RejectedError: A version breaks a rule, or is not what was said.
            SecurityError: A version is not what the checksum database has.
            StoreError: The store or the catalog cannot be written.
        """
        self._progress.phase(
            "versions",
            len(taking.versions),
            total_bytes=sum(
                each.zip_bytes or 0
                for each in taking.bundle.manifest.versions
                if each.mv in taking.versions
            ),
        )
        arriving = self._unpacker.unpack(taking, self._bases)
        try:
            async with anyio.create_task_group() as group:
                done = anyio.Event()
                group.start_soon(self._kill_when_cancelled, done)
                broken = await self._admit_all(arriving, taking.bundle, group)
                done.set()
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        finally:
            arriving.close()
            await self._batch.commit()
        if broken is not None:
            raise broken

    async def _kill_when_cancelled(self, done: anyio.Event) -> None:
        """Let whoever stops this not wait for what the unpacking process is at."""
        try:
            await done.wait()
        except anyio.get_cancelled_exc_class():
            self._unpacker.kill()
            raise

    async def _admit_all(
        self, arriving: Iterator[Unpacked], bundle: BundleFolder, group: TaskGroup
    ) -> VolumeError | None:
        """Admit what arrives; return what is wrong with the rest, if something is."""
        room = anyio.Semaphore(_AT_ONCE)
        while True:
            await room.acquire()
            reserve = self._site.options.min_free_bytes
            self._site.blobs.check_space(0, min_free_bytes=reserve)
            # What is staged reaches an admission, which removes it if it is refused.
            with anyio.CancelScope(shield=True):
                unpacked = await anyio.to_thread.run_sync(_next, arriving)
            if isinstance(unpacked, StoreError):
                await anyio.lowlevel.checkpoint_if_cancelled()  # killed by us
                raise unpacked
            if isinstance(unpacked, VolumeError):
                return unpacked
            if unpacked is None:
                return None
            group.start_soon(self._admit, unpacked, bundle, room)

    async def _admit(
        self,
        unpacked: Unpacked,
        bundle: BundleFolder,
        room: anyio.Semaphore,
    ) -> None:
        """Bring one version through the gate."""
        entry, staged = unpacked.entry, unpacked.zip
        mv = entry.mv
        private = self._site.options.policy.is_private(entry.path)
        serve = partial(self._served, bundle, entry)
        async with self._gate.open(mv, need=entry.need, private=private) as admission:
            admission.bind(Expected(_AUTHORITY, entry.mod_h1, entry.zip_h1))
            if staged is not None:
                admission.adopt_zip(staged)
            if unpacked.info is not None:
                admission.take_info(
                    unpacked.info, serve(FileKind.INFO, len(unpacked.info))
                )
            mod = serve(FileKind.MOD, len(unpacked.mod))
            await admission.take_mod(unpacked.mod, mod)
            if staged is not None:
                await admission.take_zip(staged, serve(FileKind.ZIP, staged.size_bytes))
            row = await admission.admit()
        # Nobody shows what was read only; the import selects it in the end.
        await self._batch.add(
            replace(row, found_by=FoundBy.DEPENDENCY, index_time=entry.index_time)
        )
        self._progress.advance(size_bytes=row.zip_bytes or 0)
        room.release()

    def _served(
        self, bundle: BundleFolder, entry: VersionEntry, kind: FileKind, size_bytes: int
    ) -> Served:
        """Return the evidence of where a file came from."""
        return Served(
            url=f"bundle:{bundle.id}/{entry.path}@{entry.version}{kind.suffix}",
            status=200,
            headers={},
            at=self._site.clock.now(),
            size_bytes=size_bytes,
            framed=True,
        )


def _next(arriving: Iterator[Unpacked]) -> Unpacked | VolumeError | StoreError | None:
    """Return the next version, None after the last, or what keeps it out."""
    try:
        return next(arriving, None)
    except (VolumeError, StoreError) as error:
        return error
