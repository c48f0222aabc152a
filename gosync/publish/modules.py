"""One module's files in a tree: first what a version is, then what names it.

``place`` puts ``.mod``, ``.zip`` and ``.info``; ``name`` puts ``list``,
``@latest``, the aliases and the page, once everything placed is durable. What a
module's folder holds beyond that is remembered as stale by ``place``, and named
no more by ``name``; the caller removes it last.

A version of which only the ``.mod`` is carried, without the upstream's ``.info``,
gets one that says its version and nothing else: ``go list -m all`` and
``go mod download`` fail where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow
from gosync.errors import MalformedError, RejectedError
from gosync.folder import routes
from gosync.gomod.latest import GoModFacts, read_facts
from gosync.gomod.modfile import synthesize
from gosync.publish.aboutmodule import AboutReader, ModuleOutline
from gosync.publish.contents import Carried, ModuleContents, bare_info
from gosync.publish.pages.modulepage import module_page
from gosync.publish.pages.pageoptions import PageOptions
from gosync.publish.pages.wordfile import words_of
from gosync.publish.pages.words import page_names
from gosync.publish.stale import stale_names
from gosync.publish.storage.tree import TreeWriter
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest


class ModuleWriter:
    """Writes modules' folders.

    Attributes:
        stale: Files to remove at the end, lookups apart.
        stale_lookups: Lookups to remove after them, below the database's folder.
    """

    def __init__(
        self,
        writer: TreeWriter,
        catalog: Catalog,
        blobs: BlobStore,
        *,
        tree_id: str,
        changed_after: int,
        full: bool,
        pages: PageOptions,
    ) -> None:
        self._writer = writer
        self._blobs = blobs
        self._about = AboutReader(catalog, blobs, tree_id)
        self._changed_after = changed_after
        self._full = full
        self._pages = pages
        self._shrinking: set[str] = set()
        self.stale: list[str] = []
        self.stale_lookups: list[str] = []

    def is_new(self, row: VersionRow) -> bool:
        """Return whether the tree may not have this row's files as they are."""
        return self._full or row.changed > self._changed_after

    def read_facts(self, row: VersionRow) -> GoModFacts:
        """Read what a carried version's go.mod says about others.

        One that is broken says nothing: so ``go`` takes it, too.
        """
        data = self._read_mod(row)
        if b"retract" not in data:  # nearly always, and parsing costs
            return GoModFacts(is_own=data != synthesize(row.path))
        try:
            return read_facts(row.path, data)
        except RejectedError:
            return GoModFacts(is_own=True)

    def _read_mod(self, row: VersionRow) -> bytes:
        """Read a go.mod from the store, or from the tree if the store lacks it."""
        if row.mod_digest is not None:
            return self._blobs.read(Digest(row.mod_digest))
        at = routes.of_module(row.path).of_version(row.version)
        return self._writer.read(at.mod) or b""

    def place(self, contents: ModuleContents) -> None:
        """Put the files of each version, and find what is stale."""
        names = self._writer.names(contents.at.versions_folder)
        there = set(names)
        kept = {name for each in contents.kept for name in each.names}
        for version in contents.versions:
            self._place_version(version, there, kept)
        self._find_stale(contents, names)

    def name(
        self, contents: ModuleContents, database: str, *, page: bool = True
    ) -> None:
        """Put what names the versions; the page links to the database's lookups."""
        shrinks = contents.at.path in self._shrinking
        if shrinks:
            self._name_latest(contents)
            self._writer.then()
        if contents.has_list:
            self._writer.write(contents.at.list, contents.list_bytes)
        if not shrinks:
            self._name_latest(contents)
        self._name_aliases(contents, anew=shrinks)
        if page:
            self.write_page(contents, database)

    def _name_aliases(self, contents: ModuleContents, *, anew: bool) -> None:
        """Put the aliases of what is new, and those that are not there.

        Where something left the module, or was withdrawn, one may name another
        version than before: then all of them.
        """
        there = set(self._writer.names(contents.at.versions_folder))
        anew = anew or bool(contents.withdrawn)
        for path, version in contents.aliases().items():
            if anew or self.is_new(version.row) or _name_of(path) not in there:
                self._link(path, version.row.info_digest, 0)

    def outline(self, contents: ModuleContents) -> ModuleOutline:
        """Return what the tree's list and search tell of a module."""
        return self._about.outline(contents)

    def write_page(self, contents: ModuleContents, database: str) -> None:
        """Put the module's page alone, in each language."""
        if not contents.versions and not contents.withdrawn:
            return
        about, pkgsite = self._about.read(contents), self._pages.pkgsite
        for words in words_of(self._pages.languages):
            page = module_page(contents, database, about, words=words, pkgsite=pkgsite)
            self._writer.write(words.page(contents.at.page), page)

    def flush(self) -> None:
        """Keep what was read from zips for pages.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._about.flush()

    def _name_latest(self, contents: ModuleContents) -> None:
        latest = contents.latest
        if latest is None:
            return
        digest = latest.row.info_digest
        if digest is not None:
            data: bytes | None = self._blobs.read(Digest(digest))
        else:
            data = self._writer.read(latest.at.info)
        if data is not None:
            self._writer.write(contents.at.latest, data)

    def _place_version(self, version: Carried, there: set[str], kept: set[str]) -> None:
        row, at = version.row, version.at
        blobs = [(at.mod, row.mod_digest, row.mod_bytes)]
        if version.whole:
            blobs.append((at.zip, row.zip_digest, row.zip_bytes))
        if row.info_digest is not None:
            blobs.append((at.info, row.info_digest, row.info_bytes))
        for path, digest, size_bytes in blobs:
            if self.is_new(row) or _name_of(path) not in there:
                self._link(path, digest, size_bytes)
        if (
            row.info_digest is None
            and _name_of(at.info) not in kept
            and (self.is_new(row) or _name_of(at.info) not in there)
        ):
            self._writer.write(at.info, bare_info(row.version))

    def _link(self, path: str, digest: str | None, size_bytes: int | None) -> None:
        self._writer.link(path, self._blobs, Digest(digest or ""), size_bytes or 0)

    def _find_stale(self, contents: ModuleContents, names: list[str]) -> None:
        at = contents.at
        stale = stale_names(names, wanted_names(contents, self._pages.languages))
        self.stale += (f"{at.versions_folder}/{name}" for name in stale)
        if stale:
            self._shrinking.add(at.path)
        if contents.latest is None and self._writer.size(at.latest) is not None:
            self.stale.append(at.latest)
        self.stale_lookups += (
            f"{at.folder}@{name.removesuffix('.mod')}"
            for name in stale
            if name.endswith(".mod")
        )
        for each in contents.withdrawn:  # a killed run may have left the lookup alone
            with suppress(MalformedError):
                self.stale_lookups.append(at.of_version(each.version).lookup)


def wanted_names(contents: ModuleContents, languages: Sequence[str]) -> set[str]:
    """Return the names that belong in the module's ``@v``, ``@latest`` too.

    Args:
        contents: What the tree says of it.
        languages: The languages of its pages.
    """
    names = {_name_of(path) for path in contents.aliases()}
    for version in contents.versions:
        names |= {_name_of(version.at.info), _name_of(version.at.mod)}
        if version.whole:
            names.add(_name_of(version.at.zip))
    for each in contents.kept:
        names |= each.names
    if contents.has_list:
        names.add(routes.LIST_NAME)
    if contents.latest is not None:
        names.add(routes.LATEST_NAME)
    if contents.versions or contents.kept or contents.withdrawn:
        names.update(page_names(languages).values())
    return names


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]
