"""Intake of versions out of bundles, through the gate that a sync uses.

What a volume says is proven as it is read, chunk by chunk, and a volume is read once.
The versions come in the bundle's order: some are unpacked while the gate reads the zips
of those before them. Small ones are brought through it together (``ingest.portion``).
The gate holds each against the h1 that the manifest binds, whoever else vouches for it.
They are committed in batches and seen by nobody yet; the import selects them when all
are there. What is in the store already is not read again, so a killed import goes on
where it was, and a volume that is on the next medium may come later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

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
from gosync.errors import BlobCorruptError, BundleGapError, VolumeError
from gosync.gomod.filekind import FileKind
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.ingest.batch import Batch
from gosync.ingest.gate import Gate
from gosync.ingest.portion import (
    BYTES,
    VERSIONS,
    HandedFile,
    HandedVersion,
    HandedZip,
    admit_portion,
)
from gosync.ingest.taken import Expected
from gosync.site.applying import rule_on_admitted
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.upstream.answer import Served
from gosync.work.pool import first_error
from gosync.work.progress import Progress

# While some are unpacked eight large versions are admitted, most of which wait for the
# disk, or two portions of small ones, which have many open files.
_ROOM = 12
_PORTION_ROOM = 4
_SMALL_BYTES = 64 << 10
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


class _Arrival(NamedTuple):
    """What was unpacked in one go: small versions, and a large one after them.

    Attributes:
        small: The small ones.
        large: The large one, None for none.
        is_last: Whether nothing comes after these.
        error: What keeps the next one out.
    """

    small: list[Unpacked]
    large: Unpacked | None = None
    is_last: bool = False
    error: Exception | None = None


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
        room = anyio.Semaphore(_ROOM)
        unpack = _next_alone if self._gate.admitter is not None else _next
        while True:
            await _acquire(room, _PORTION_ROOM)
            reserve = self._site.options.min_free_bytes
            self._site.blobs.check_space(0, min_free_bytes=reserve)
            # What is staged reaches an admission, which removes it if it is refused.
            with anyio.CancelScope(shield=True):
                arrival = await anyio.to_thread.run_sync(unpack, arriving)
            group.start_soon(self._admit_arrival, arrival, bundle, room)
            if isinstance(arrival.error, VolumeError):
                return arrival.error
            if arrival.error is not None:
                await anyio.lowlevel.checkpoint_if_cancelled()  # killed by us
                raise arrival.error
            if arrival.is_last:
                return None

    async def _admit_arrival(
        self, arrival: _Arrival, bundle: BundleFolder, room: anyio.Semaphore
    ) -> None:
        """Admit what was unpacked in one go; none of its zips is left."""
        held = _PORTION_ROOM if arrival.small else 1
        _release(room, _PORTION_ROOM - held)
        try:
            if arrival.small:
                await self._admit_small(arrival.small, bundle)
            if arrival.large is not None:
                await self._admit(arrival.large, bundle)
        finally:
            if arrival.large is not None and arrival.large.zip is not None:
                arrival.large.zip.discard()
        _release(room, held)

    async def _admit_small(
        self, unpacked: Sequence[Unpacked], bundle: BundleFolder
    ) -> None:
        """Bring small versions through the gate together."""
        handed = [self._handed(each, bundle) for each in unpacked]
        rows, error = await admit_portion(self._gate, handed)
        entries = [each.entry for each in unpacked[: len(rows)]]
        await self._batch.add_all(map(_unselected, rows, entries))
        for row in rows:
            self._progress.advance(size_bytes=row.zip_bytes or 0)
        if error is not None:
            raise error

    async def _admit(self, unpacked: Unpacked, bundle: BundleFolder) -> None:
        """Bring one version through the gate."""
        handed = self._handed(unpacked, bundle)
        async with handed.admission as admission:
            if handed.zip is not None:
                admission.adopt_zip(handed.zip.staged)
            if handed.info is not None:
                admission.take_info(*handed.info)
            await admission.take_mod(*handed.mod)
            if handed.zip is not None:
                await admission.take_zip(*handed.zip)
            row = await admission.admit()
        await self._batch.add(_unselected(row, unpacked.entry))
        self._progress.advance(size_bytes=row.zip_bytes or 0)

    def _handed(self, unpacked: Unpacked, bundle: BundleFolder) -> HandedVersion:
        """Return a version with its admission, which is held to the manifest."""
        entry, info, staged = unpacked.entry, unpacked.info, unpacked.zip
        private = self._site.options.policy.is_private(entry.path)
        admission = self._gate.open(entry.mv, need=entry.need, private=private)
        admission.bind(Expected(_AUTHORITY, entry.mod_h1, entry.zip_h1))
        serve = partial(self._served, bundle, entry)
        return HandedVersion(
            admission,
            None if info is None else HandedFile(info, serve(FileKind.INFO, len(info))),
            HandedFile(unpacked.mod, serve(FileKind.MOD, len(unpacked.mod))),
            None
            if staged is None
            else HandedZip(staged, serve(FileKind.ZIP, staged.size_bytes)),
        )

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


def _next_alone(arriving: Iterator[Unpacked]) -> _Arrival:
    """Return the next version, however small."""
    try:
        unpacked = next(arriving, None)
    except Exception as error:  # noqa: BLE001 - raised by who asked, once in his place
        return _Arrival([], error=error)
    return _Arrival([], unpacked, is_last=unpacked is None)


def _next(arriving: Iterator[Unpacked]) -> _Arrival:
    """Return the next versions: small ones together, up to a large one."""
    small: list[Unpacked] = []
    left_bytes = BYTES
    try:
        for unpacked in arriving:
            size_bytes = _size_bytes(unpacked)
            if size_bytes > _SMALL_BYTES:
                return _Arrival(small, unpacked)
            small.append(unpacked)
            left_bytes -= size_bytes
            if len(small) == VERSIONS or left_bytes <= 0:
                return _Arrival(small)
    except Exception as error:  # noqa: BLE001 - raised after those before it
        return _Arrival(small, error=error)
    return _Arrival(small, is_last=True)


def _size_bytes(unpacked: Unpacked) -> int:
    """Return how large a version's files are together."""
    whole = 0 if unpacked.zip is None else unpacked.zip.size_bytes
    return len(unpacked.info or b"") + len(unpacked.mod) + whole


def _unselected(row: VersionRow, entry: VersionEntry) -> VersionRow:
    """Return the row as it is committed: the import selects it in the end."""
    return replace(row, found_by=FoundBy.DEPENDENCY, index_time=entry.index_time)


async def _acquire(room: anyio.Semaphore, count: int) -> None:
    for _ in range(count):
        await room.acquire()


def _release(room: anyio.Semaphore, count: int) -> None:
    for _ in range(count):
        room.release()
