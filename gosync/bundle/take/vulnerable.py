"""What became known as vulnerable while a bundle was taken in."""

from __future__ import annotations

from gosync.artifact import VULNDB
from gosync.catalog.versions import Need
from gosync.clock import format_time
from gosync.errors import StoreError
from gosync.ingest.storedvulns import StoredVulns
from gosync.ingest.vulnnews import VulnComparison, VulnNews
from gosync.site.site import Site


class VulnWatch:
    """Remembers the database of before an import; ``news`` holds it against now's.

    The earlier form of an entry that changed is read from the store, so news are asked
    for before the blobs that nobody needs any more are removed.
    """

    def __init__(self, site: Site) -> None:
        """Remember what is here.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        self._site = site
        self._begun = format_time(site.clock.now())
        kept = site.catalog.artifacts.of(VULNDB)
        self._before = {each.key: each.digest for each in kept}

    def news(self) -> VulnNews:
        """Return what became known since.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        vulns = StoredVulns(self._site.catalog, self._site.blobs)
        try:
            named = vulns.paths()
        except StoreError:
            return VulnNews()  # no database: ``verify`` finds it
        carried = {path: found for path in named if (found := self._carried(path))}
        return VulnComparison(vulns, self._before).news(carried)

    def _carried(self, path: str) -> dict[str, bool]:
        """Return what is published of a module, and whether it was here before."""
        rows = self._site.catalog.versions.of(path)
        return {
            row.version: (row.admitted_at or "") < self._begun
            for row in rows
            if row.published is Need.ZIP
        }
