"""What zips in the store hold: from the catalog, else read from them.

The gate reads it as it admits a zip. What a gosync admitted that did not, or whose row
is of an older form, is read from its zip once, and written down where the catalog may
be written. It is derived, so nothing but time is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

import msgspec

from gosync.catalog.versions import Need, VersionRow
from gosync.catalog.zipfacts import ZipFacts
from gosync.errors import BlobCorruptError, MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.store.blobs import BlobReader, OpenBlob
from gosync.store.digest import Digest
from gosync.store.shared import SharedStore, open_shared_blobs
from gosync.work.sweep import Sweep, sweep_portions

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt

_BATCH: Final = 100
T = TypeVar("T")


class FactForm(msgspec.Struct, Generic[T], frozen=True):
    """How one kind of facts is read of a zip, and kept.

    Attributes:
        read: Reads them: how a zip is read, its size, and whose it is.
        pack: Packs them.
        unpack: The inverse; raises MalformedError for another form.
    """

    read: Callable[[ReadAt, int, ModuleVersion], T]
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]


class StoredFacts(Generic[T]):
    """One kind of facts of what the store has; asks nobody.

    Args:
        table: Where they are kept.
        blobs: Has the zips.
        form: How they are read and packed.
    """

    def __init__(self, table: ZipFacts, blobs: BlobReader, form: FactForm[T]) -> None:
        self._table = table
        self._blobs = blobs
        self._form = form
        self._noted: dict[str, bytes] = {}

    def known(self, row: VersionRow) -> T | None:
        """Return what the catalog has of a version, None where its zip must be read.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        packed = self._table.get(row.zip_h1) if row.zip_h1 else None
        try:
            return None if packed is None else self._form.unpack(packed)
        except MalformedError:
            return None

    def of(self, row: VersionRow) -> T:
        """Return the facts of a version whose zip is here.

        Raises:
            BlobMissingError: the store has lost the zip.
            BlobCorruptError: the zip is damaged.
            StoreError: store or catalog cannot be read.
        """
        found = self.known(row)
        return self._read(row) if found is None else found

    def kept(self, row: VersionRow) -> T:
        """Return the same; what was read of a zip is written down, by ``flush``.

        Raises:
            StoreError: as ``of``; or the catalog cannot be written.
        """
        noted = self._noted.get(row.zip_h1 or "")
        if noted is not None:
            return self._form.unpack(noted)
        found = self.known(row)
        if found is not None or row.zip_h1 is None:
            return self._read(row) if found is None else found
        found = self._read(row)
        self._noted[row.zip_h1] = self._form.pack(found)
        if len(self._noted) >= _BATCH:
            self.flush()
        return found

    def flush(self) -> None:
        """Write down what was read.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._table.put(self._noted.items())
        self._noted = {}

    def fill(self, rows: Iterable[VersionRow]) -> Iterator[int]:
        """Read what the catalog lacks, and write it down; yields how many so far.

        Raises:
            StoreError: as ``of``; or the catalog cannot be written.
        """
        done, remaining = 0, iter(rows)
        while some := list(islice(remaining, _BATCH)):
            for row in some:
                self.kept(row)
            self.flush()
            done += len(some)
            yield done

    def share(
        self, rows: Iterable[VersionRow], sweep: Sweep, shared: SharedStore
    ) -> Iterator[int]:
        """Do as ``fill`` does, with the zips read by the workers of a sweep.

        Args:
            rows: Versions of which the catalog has no facts.
            sweep: Who reads.
            shared: The store, for workers.

        Raises:
            StoreError: as ``fill``.
            UnsharedError: a worker does not see the store.
            UnavailableError: the sweep's scheduler is gone.
        """
        zips = (
            StoredZip(row.mv, Digest(row.zip_digest), row.zip_bytes or 0, row.zip_h1)
            for row in rows
            if row.zip_digest is not None and row.zip_h1 is not None
        )
        step: partial[list[bytes]] = partial(read_shared, shared, self._form)
        done = 0
        for some, found in sweep_portions(sweep, step, zips, _size_of):
            packed = zip(some, found, strict=True)
            self._table.put((each.h1, facts) for each, facts in packed)
            done += len(some)
            yield done

    def open_zip(self, row: VersionRow) -> AbstractContextManager[OpenBlob]:
        """Open a version's zip.

        Raises:
            StoreError: as ``of``.
        """
        assert row.zip_digest is not None
        return self._blobs.open(Digest(row.zip_digest))

    def _read(self, row: VersionRow) -> T:
        assert row.zip_digest is not None
        return _read_zip(self._blobs, self._form, row.mv, Digest(row.zip_digest))


class StoredZip(NamedTuple):
    """A zip of the store, as a worker is told of it.

    Attributes:
        mv: The version that it is of.
        digest: Its digest.
        size_bytes: Its size.
        h1: Its h1.
    """

    mv: ModuleVersion
    digest: Digest
    size_bytes: int
    h1: str


def _size_of(stored: StoredZip) -> int:
    return stored.size_bytes


def read_shared(
    shared: SharedStore, form: FactForm[T], zips: list[StoredZip]
) -> list[bytes]:
    """Return the packed facts of some zips of a store, on a worker.

    Raises:
        UnsharedError: the store is not there.
        StoreError: it has lost a zip, a zip is damaged, or it cannot be read.
    """
    blobs = open_shared_blobs(shared)
    return [form.pack(_read_zip(blobs, form, each.mv, each.digest)) for each in zips]


def _read_zip(
    blobs: BlobReader, form: FactForm[T], mv: ModuleVersion, digest: Digest
) -> T:
    with blobs.open(digest) as blob:
        try:
            return form.read(blob.read_at, blob.size_bytes, mv)
        except MalformedError as exc:
            raise BlobCorruptError(
                f"{mv}: its zip in the store is damaged: {exc}",
                hint=advise("{} fetches it anew", command("verify", "--repair")),
            ) from exc


def has_zip(row: VersionRow) -> bool:
    """Return whether a version's zip is in the store, and not withdrawn."""
    return row.carried is Need.ZIP and row.zip_h1 is not None and not row.withdrawn
