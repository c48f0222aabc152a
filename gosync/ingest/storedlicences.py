"""The licences of versions in the store, and the texts of their licence files."""

from __future__ import annotations

from typing import Final

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.ingest.storedfacts import FactForm, StoredFacts
from gosync.licence.found import ModuleLicences, pack, unpack
from gosync.licence.reading import read_licences, read_text
from gosync.store.blobs import BlobReader

_FORM: Final = FactForm(read=read_licences, pack=pack, unpack=unpack)


class StoredLicences(StoredFacts[ModuleLicences]):
    """The licences of what the store has; asks nobody."""

    def __init__(self, catalog: Catalog, blobs: BlobReader) -> None:
        super().__init__(catalog.licences, blobs, _FORM)

    def text(self, row: VersionRow, name: str) -> bytes | None:
        """Return the text of one of a version's licence files.

        Raises:
            StoreError: as ``of``.
        """
        with self.open_zip(row) as blob:
            return read_text(blob.read_at, blob.size_bytes, row.mv, name)
