"""What a module's newest version says of itself, read from the store for its page."""

from __future__ import annotations

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.errors import RejectedError, StoreError
from gosync.folder.layouts import TOOLCHAIN
from gosync.gomod.modfile import GoMod, parse_lax
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.readme import Readme
from gosync.ingest.storedfacts import has_zip
from gosync.ingest.storedlicences import StoredLicences
from gosync.ingest.storedoutlines import stored_packages, stored_readmes
from gosync.licence.found import ModuleLicences
from gosync.publish.contents import ModuleContents
from gosync.publish.dependents import direct_needs
from gosync.publish.pages.modulepage import MAX_DEPENDENTS, ModuleAbout
from gosync.publish.pages.packagesection import named_commands
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest

_MAX_COMMANDS = 30


class ModuleOutline(msgspec.Struct, frozen=True):
    """What the tree's list and search tell of a module, and whom it needs.

    Attributes:
        synopsis: What it is, "" where it does not say so.
        commands: The folders of its commands, "" for the root.
        needs: The modules that its newest version requires itself.
    """

    synopsis: str = ""
    commands: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()


class AboutReader:
    """Reads what modules say of themselves; ``flush`` it at the end.

    What cannot be read is not told: a page is no place to fail for it, and ``verify``
    finds it. What a gosync of before did not keep is read from zips, and kept.
    """

    def __init__(self, catalog: Catalog, blobs: BlobStore, tree_id: str) -> None:
        self._tree_id = tree_id
        self._catalog = catalog
        self._blobs = blobs
        self._licences = StoredLicences(catalog, blobs)
        self._packages = stored_packages(catalog, blobs)
        self._readmes = stored_readmes(catalog, blobs)

    def read(self, contents: ModuleContents) -> ModuleAbout:
        """Return what a module's newest version says of itself."""
        from gosync.publish.pages.readmehtml import readme_html  # noqa: PLC0415 - for pages

        dependents = self._catalog.shown_needs.dependents(
            self._tree_id, contents.at.path, limit=MAX_DEPENDENTS + 1
        )
        if contents.latest is None:
            return ModuleAbout(dependents=dependents)
        row = contents.latest.row
        readme = self._readme_of(row)
        return ModuleAbout(
            self._go_mod(row),
            self._licences_of(row),
            self._packages_of(row),
            dependents,
            readme,
            readme_html(readme),
        )

    def outline(self, contents: ModuleContents) -> ModuleOutline:
        """Return what the tree's list and search tell of a module."""
        if contents.latest is None or not contents.versions:
            return ModuleOutline()
        row = contents.latest.row
        packages = self._packages_of(row) or ModulePackages()
        commands = named_commands(row.path, packages)[:_MAX_COMMANDS]
        return ModuleOutline(
            packages.synopsis,
            tuple(each.folder for each in commands),
            direct_needs(self._go_mod(row)),
        )

    def flush(self) -> None:
        """Keep what was read from zips.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        for each in (self._licences, self._packages, self._readmes):
            each.flush()

    def _go_mod(self, row: VersionRow) -> GoMod | None:
        if row.mod_digest is None:
            return None
        try:
            return parse_lax(self._blobs.read(Digest(row.mod_digest)))
        except (RejectedError, StoreError):
            return None

    def _licences_of(self, row: VersionRow) -> ModuleLicences | None:
        try:
            return self._licences.kept(row) if has_zip(row) else None
        except (RejectedError, StoreError):
            return None

    def _packages_of(self, row: VersionRow) -> ModulePackages | None:
        """Return its packages; of Go itself none."""
        try:
            whole = has_zip(row) and row.path != TOOLCHAIN
            return self._packages.kept(row) if whole else None
        except (RejectedError, StoreError):
            return None

    def _readme_of(self, row: VersionRow) -> Readme:
        try:
            return self._readmes.kept(row) if has_zip(row) else Readme()
        except (RejectedError, StoreError):
            return Readme()
