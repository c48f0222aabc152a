"""What a module's newest version says of itself, read from the store for its page."""

from __future__ import annotations

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.errors import RejectedError, StoreError
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.ingest.storedlicences import StoredLicences, has_licences
from gosync.licence.found import ModuleLicences
from gosync.publish.contents import ModuleContents
from gosync.publish.modulepage import ModuleAbout
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest


class AboutReader:
    """Reads what modules say of themselves.

    What cannot be read is not told: a page is no place to fail for it, and ``verify``
    finds it.
    """

    def __init__(self, catalog: Catalog, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._licences = StoredLicences(catalog, blobs)

    def read(self, contents: ModuleContents) -> ModuleAbout:
        """Return what a module's newest version says of itself."""
        if contents.latest is None:
            return ModuleAbout()
        row = contents.latest.row
        return ModuleAbout(self._go_mod(row), self._licences_of(row))

    def _go_mod(self, row: VersionRow) -> GoMod | None:
        if row.mod_digest is None:
            return None
        try:
            return parse_lax(self._blobs.read(Digest(row.mod_digest)))
        except (RejectedError, StoreError):
            return None

    def _licences_of(self, row: VersionRow) -> ModuleLicences | None:
        try:
            return self._licences.of(row) if has_licences(row) else None
        except StoreError:
            return None
