"""The licences of versions in the store: from the catalog, else read from zips.

The gate reads them as it admits a zip. What a gosync admitted that did not, or whose
row is of an older form, is read from its zip once, and written down where the catalog
may be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Final

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.errors import BlobCorruptError, MalformedError
from gosync.hint import advise, command
from gosync.licence.found import ModuleLicences, pack, unpack
from gosync.licence.reading import read_licences, read_text
from gosync.store.blobs import BlobReader, OpenBlob
from gosync.store.digest import Digest

_BATCH: Final = 100


class StoredLicences:
    """The licences of what the store has; asks nobody."""

    def __init__(self, catalog: Catalog, blobs: BlobReader) -> None:
        self._catalog = catalog
        self._blobs = blobs

    def known(self, row: VersionRow) -> ModuleLicences | None:
        """Return what the catalog has of a version, None where its zip must be read.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        packed = self._catalog.licences.get(row.zip_h1) if row.zip_h1 else None
        try:
            return None if packed is None else unpack(packed)
        except MalformedError:
            return None

    def of(self, row: VersionRow) -> ModuleLicences:
        """Return the licences of a version whose zip is here.

        Raises:
            BlobMissingError: the store has lost the zip.
            BlobCorruptError: the zip is damaged.
            StoreError: store or catalog cannot be read.
        """
        return self.known(row) or self._read(row)

    def fill(self, rows: Iterable[VersionRow]) -> Iterator[int]:
        """Read what the catalog lacks, and write it down; yields how many so far.

        Raises:
            StoreError: as ``of``; or the catalog cannot be written.
        """
        done, remaining = 0, iter(rows)
        while some := list(islice(remaining, _BATCH)):
            lacking = [row for row in some if self.known(row) is None]
            found = [(row.zip_h1, pack(self._read(row))) for row in lacking]
            self._catalog.licences.put((h1, each) for h1, each in found if h1)
            done += len(some)
            yield done

    def text(self, row: VersionRow, name: str) -> bytes | None:
        """Return the text of one of a version's licence files.

        Raises:
            StoreError: as ``of``.
        """
        with self._open(row) as blob:
            return read_text(blob.read_at, blob.size_bytes, row.mv, name)

    def _read(self, row: VersionRow) -> ModuleLicences:
        with self._open(row) as blob:
            try:
                return read_licences(blob.read_at, blob.size_bytes, row.mv)
            except MalformedError as exc:
                raise BlobCorruptError(
                    f"{row.mv}: its zip in the store is damaged: {exc}",
                    hint=advise("{} fetches it anew", command("verify", "--repair")),
                ) from exc

    def _open(self, row: VersionRow) -> AbstractContextManager[OpenBlob]:
        assert row.zip_digest is not None
        return self._blobs.open(Digest(row.zip_digest))


def has_licences(row: VersionRow) -> bool:
    """Return whether a version's zip is in the store, and not withdrawn."""
    return row.carried is Need.ZIP and row.zip_h1 is not None and not row.withdrawn
