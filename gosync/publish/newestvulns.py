"""Newest vulnerabilities: which versions in a tree became known as affected last.

A vulnerability of a module counts from the later of two moments: when its entry changed
last, and when the newest of the affected versions came in. Both are facts of the store,
so two publishes of the same state tell the same. Entries are read in the order of the
latest moment that each can have, until no other can be among the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.clock import format_time
from gosync.errors import MalformedError, StoreError
from gosync.gomod.info import parse_time
from gosync.ingest.storedvulns import StoredVulns
from gosync.osv.affected import is_affected
from gosync.osv.vulnerable import (
    NewestVulnerable,
    VulnerableModule,
    vulnerable_module,
)
from gosync.store.blobs import BlobReader


class NewestVulns:
    """Tells what became known last of a tree's versions."""

    def __init__(self, catalog: Catalog, blobs: BlobReader, now: datetime) -> None:
        """Prepare it.

        Args:
            catalog: What is carried and shown.
            blobs: Where the database's files are.
            now: What time it is: a change that is yet to come is not believed.
        """
        self._catalog = catalog
        self._vulns = StoredVulns(catalog, blobs)
        self._now = format_time(now)
        self._rows: dict[str, list[VersionRow]] = {}

    def of(self, tree_id: str, *, limit: int) -> list[NewestVulnerable]:
        """Return the newest ones, newest first; what cannot be read is left out.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found: list[NewestVulnerable] = []
        for bound, path, identifier, changed in self._candidates(tree_id):
            if len(found) >= limit and bound < found[limit - 1].since:
                break
            told = self._told(path, identifier, changed)
            if told is not None:
                found.append(told)
                found.sort(key=lambda each: (each.since, each.order), reverse=True)
        return found[:limit]

    def _candidates(self, tree_id: str) -> list[tuple[str, str, str, str]]:
        """Return latest moment, module, entry and its change, the latest first."""
        newest = self._catalog.arrivals.newest_of_vulnerable(tree_id)
        found = (
            (max(changed, came), path, identifier, changed)
            for path, came in newest.items()
            for identifier, changed in self._changes(path)
        )
        return sorted(found, reverse=True)

    def _changes(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield the entries about a module, each with when it changed, "" for never."""
        for identifier, modified in self._times(path).items():
            try:
                changed = format_time(parse_time(modified))
            except MalformedError:
                changed = ""
            yield identifier, changed if changed <= self._now else ""

    def _times(self, path: str) -> Mapping[str, str]:
        try:
            return self._vulns.times(path)
        except StoreError:
            return {}

    def _told(
        self, path: str, identifier: str, changed: str
    ) -> NewestVulnerable | None:
        rows = self._of_module(path)
        try:
            named = list(self._vulns.named(path, identifier))
        except StoreError:
            return None
        for entry, module in named:
            affected = [row for row in rows if is_affected(module, row.version)]
            if affected:
                carried = [row.version for row in rows]
                told = vulnerable_module(
                    entry, module, [row.version for row in affected], carried
                )
                came = max(row.admitted_at or "" for row in affected)
                return _dated(told, max(changed, came))
        return None

    def _of_module(self, path: str) -> list[VersionRow]:
        if path not in self._rows:
            rows = self._catalog.versions.of(path)
            self._rows[path] = [row for row in rows if row.published is Need.ZIP]
        return self._rows[path]


def _dated(told: VulnerableModule, since: str) -> NewestVulnerable:
    names = VulnerableModule.__struct_fields__
    return NewestVulnerable(**{n: getattr(told, n) for n in names}, since=since)
