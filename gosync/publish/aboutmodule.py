"""What a module's newest version says of itself, read from the store for its page."""

from __future__ import annotations

from contextlib import suppress

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.errors import MalformedError, RejectedError, StoreError
from gosync.folder.layouts import TOOLCHAIN
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.packages import ModulePackages, unpack
from gosync.gomod.zippackages import read_zip_packages
from gosync.ingest.storedlicences import StoredLicences, has_licences
from gosync.licence.found import ModuleLicences
from gosync.publish.contents import ModuleContents
from gosync.publish.dependents import direct_needs
from gosync.publish.modulepage import MAX_DEPENDENTS, ModuleAbout
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest


class AboutReader:
    """Reads what modules say of themselves.

    What cannot be read is not told: a page is no place to fail for it, and ``verify``
    finds it.
    """

    def __init__(self, catalog: Catalog, blobs: BlobStore, tree_id: str) -> None:
        self._tree_id = tree_id
        self._catalog = catalog
        self._blobs = blobs
        self._licences = StoredLicences(catalog, blobs)

    def read(self, contents: ModuleContents) -> ModuleAbout:
        """Return what a module's newest version says of itself."""
        dependents = self._catalog.shown_needs.dependents(
            self._tree_id, contents.at.path, limit=MAX_DEPENDENTS + 1
        )
        if contents.latest is None:
            return ModuleAbout(dependents=dependents)
        row = contents.latest.row
        return ModuleAbout(
            self._go_mod(row),
            self._licences_of(row),
            self._packages_of(row),
            dependents,
        )

    def needs(self, contents: ModuleContents) -> frozenset[str]:
        """Return the modules that a module's newest version requires itself."""
        latest = contents.latest if contents.versions else None
        return direct_needs(None if latest is None else self._go_mod(latest.row))

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

    def _packages_of(self, row: VersionRow) -> ModulePackages | None:
        """Return what the catalog has, else what the zip has; of Go itself nothing."""
        if not has_licences(row) or row.path == TOOLCHAIN:
            return None
        packed = self._catalog.packages.get(row.zip_h1 or "")
        if packed is not None:
            with suppress(MalformedError):  # of an older form
                return unpack(packed)
        assert row.zip_digest is not None
        try:
            with self._blobs.open(Digest(row.zip_digest)) as blob:
                return read_zip_packages(blob.read_at, blob.size_bytes, row.mv)
        except (RejectedError, StoreError):
            return None
