"""Which modules' known vulnerabilities changed, by the database that the store has.

A tree's marker names the database that its pages were made with (``state``). With
another one the modules that either speaks of are gone over, and those are written of
which it says something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

from gosync.artifact import VULNDB
from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need
from gosync.errors import StoreError
from gosync.ingest.storedvulns import StoredVulns
from gosync.publish.knownvulns import KnownVuln, digest_vulns, known_vulns
from gosync.store.blobs import BlobReader


class VulnReader:
    """Reads what is known of modules' versions.

    What cannot be read is not told: a page is no place to fail for it, and ``verify``
    finds it.

    Attributes:
        is_whole: Whether all that was asked for could be read.
    """

    def __init__(self, catalog: Catalog, blobs: BlobReader) -> None:
        self._catalog = catalog
        self._vulns = StoredVulns(catalog, blobs)
        self.is_whole = True

    def state(self) -> str:
        """Return a digest of the database, "" where there is none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        files = self._catalog.artifacts.of(VULNDB)
        lines = "".join(f"{each.name} {each.digest}\n" for each in files)
        return sha256(lines.encode()).hexdigest() if lines else ""

    def of(self, path: str, versions: Iterable[str]) -> tuple[KnownVuln, ...]:
        """Return what affects these versions of a module."""
        try:
            return known_vulns(self._vulns.of(path), versions)
        except StoreError:
            self.is_whole = False
            return ()

    def changed(self, tree_id: str) -> Iterator[str]:
        """Yield the modules of a tree of which the database says something else.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        shown = self._catalog.shown
        for path in sorted({*self._named(), *shown.vulnerable(tree_id)}):
            there = shown.get(tree_id, path)
            if there is None:
                continue
            rows = self._catalog.versions.of(path)
            whole = [row.version for row in rows if row.published is Need.ZIP]
            if digest_vulns(self.of(path, whole)) != there.vulns:
                yield path

    def _named(self) -> Iterable[str]:
        try:
            return self._vulns.paths()
        except StoreError:
            self.is_whole = False
            return ()
