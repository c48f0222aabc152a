"""Unpacking of a bundle's versions, in a process of its own where that pays.

The process goes through the bundle segment by segment and is asked for one version
after the other; each request brings the staged file that the next zip is written to.
What it tells of a version is its ``.info`` and ``.mod``, and the zip's size and
digest. It reads the bundle whose header was checked here, and proves all that it reads
against that header; the gate proves the zip once more.

Patches are unpacked here, since what they are against is found by the catalog. So is
what is left when the process met an error, which is raised here then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Self

import msgspec

from gosync.bundle.format.manifest import VersionEntry
from gosync.bundle.read.bases import Bases, NoBases
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.reader import Arrived, read_versions
from gosync.bundle.take.plan import Taking
from gosync.gomod.module import ModuleVersion
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.durable import write_all
from gosync.store.staging import Staged
from gosync.work.processes import Hands


class Unpacked(msgspec.Struct, frozen=True):
    """A version out of a bundle; whoever takes it looks after its zip.

    Attributes:
        entry: What the manifest says of it.
        info: Its ``.info``; None for a ``.mod`` alone that came without.
        mod: Its ``.mod``.
        zip: Its zip, None for a ``.mod`` alone.
    """

    entry: VersionEntry
    info: bytes | None
    mod: bytes
    zip: Staged | None


class _Told(NamedTuple):
    """What the process says of a version; without one when there are no more."""

    mv: ModuleVersion | None
    info: bytes | None = None
    mod: bytes = b""
    zip_digest: Digest | None = None
    zip_bytes: int = 0


class Unpacker:
    """Unpacks versions; a context manager that ends its process."""

    def __init__(self, bundle: BundleFolder, blobs: BlobStore) -> None:
        """Begin; no other thread may have begun.

        Args:
            bundle: The bundle that most is expected of; its header was checked.
            blobs: Takes what is unpacked.
        """
        self._bundle = bundle
        self._blobs = blobs
        self._reading: Iterator[Arrived] = iter(())  # the process's own
        self._killed = False
        self._hands = Hands(
            self._next_apart, count=1, size_bytes=bundle.header.zip_bytes
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._hands.close()

    def kill(self) -> None:
        """End the process, whatever it is at; what is left is unpacked here."""
        self._killed = True
        self._hands.kill()

    def unpack(self, taking: Taking, bases: Bases) -> Generator[Unpacked]:
        """Yield what is taken out of a bundle, with the zips staged.

        Args:
            taking: What that is.
            bases: Where the versions are that patches are against.

        Raises:
            VolumeError: A volume cannot be read; raised after all that can.
            RejectedError: Something is not what the manifest or a recipe says.
            StoreError: The disk refuses, or the process was killed.
        """
        left = set(taking.versions)
        if taking.bundle is self._bundle:
            for unpacked in self._apart(left):
                left.discard(unpacked.entry.mv)
                yield unpacked
        if left:
            yield from self._here(taking.bundle, left, bases)

    def _apart(self, wanted: AbstractSet[ModuleVersion]) -> Iterator[Unpacked]:
        """Have unpacked what is no patch, as far as that goes without an error."""
        manifest = self._bundle.manifest
        entries = {
            entry.mv: entry
            for entry in manifest.travelling()
            if entry.mv in wanted
            and entry.segment is not None
            and manifest.segments[entry.segment].base is None
        }
        request: frozenset[ModuleVersion] | None = frozenset(entries)
        while True:
            staged = self._blobs.stage()
            try:
                told = self._ask(request, staged)
            except BaseException:
                staged.discard()
                raise
            request = None
            if told is None or told.mv is None or told.zip_digest is None:
                staged.discard()
            if told is None or told.mv is None:
                return
            found = None if told.zip_digest is None else staged
            yield Unpacked(entries[told.mv], told.info, told.mod, found)

    def _ask(
        self, request: frozenset[ModuleVersion] | None, staged: Staged
    ) -> _Told | None:
        """Ask for the next version, of these if the process is to begin."""
        if self._killed or staged.descriptor is None:
            return None
        told = self._hands.offer(
            request, subject="unpacking", descriptor=staged.descriptor
        )
        if told is not None and told.zip_digest is not None:
            staged.take_over(told.zip_digest, told.zip_bytes)
        return told

    def _next_apart(
        self, request: frozenset[ModuleVersion] | None, descriptor: int | None
    ) -> _Told:
        """Unpack the next version, in a process of its own."""
        assert descriptor is not None
        if request is not None:
            self._reading = read_versions(
                self._bundle,
                self._bundle.manifest,
                wanted=lambda entry: entry.mv in request,
                bases=NoBases(),
                scratch=self._blobs,
            )
        arrived = next(self._reading, None)
        if arrived is None:
            return _Told(None)
        told = _Told(arrived.entry.mv, arrived.info, arrived.mod)
        if arrived.write_zip is None:
            return told
        written = _Written(descriptor)
        arrived.write_zip(written.write)
        return told._replace(zip_digest=written.digest, zip_bytes=written.size_bytes)

    def _here(
        self, bundle: BundleFolder, wanted: AbstractSet[ModuleVersion], bases: Bases
    ) -> Iterator[Unpacked]:
        for arrived in read_versions(
            bundle,
            bundle.manifest,
            wanted=lambda entry: entry.mv in wanted,
            bases=bases,
            scratch=self._blobs,
        ):
            staged = None
            if arrived.write_zip is not None:
                staged = self._blobs.stage()
                try:
                    arrived.write_zip(staged.write)
                except BaseException:
                    staged.discard()
                    raise
            yield Unpacked(arrived.entry, arrived.info, arrived.mod, staged)


class _Written:
    """A staged file as the process sees it that writes it: a descriptor.

    Attributes:
        size_bytes: How much was written.
    """

    def __init__(self, descriptor: int) -> None:
        self.size_bytes = 0
        self._descriptor = descriptor
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> Digest:
        """The digest of what was written."""
        return Digest(self._hash.hexdigest())

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: as from write.
        """
        write_all(self._descriptor, data)
        self._hash.update(data)
        self.size_bytes += len(data)
