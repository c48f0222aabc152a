"""Vulnerability news: which carried versions became known as affected, and by what.

News is a version that was here before and of which the database says it now, and one
that came and of which it says so. An entry that changed is held against what it said
before; where that form of it is in the store no more, all that it affects is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from gosync.artifact import VULNDB
from gosync.errors import StoreError
from gosync.ingest.storedvulns import StoredVulns
from gosync.osv.affected import is_affected
from gosync.osv.files import entry_file
from gosync.osv.vulnerable import VulnerableModule, vulnerable_module

MODULES_TOLD: Final = 100

KeptDigests = Mapping[tuple[str, str], str]
"""Digests of artifacts, by kind and name."""


class VulnNews(msgspec.Struct, frozen=True):
    """What became known as vulnerable.

    Attributes:
        found: By entry and module, the newest entries first, MODULES_TOLD at most.
        more: How many of these there are besides.
    """

    found: tuple[VulnerableModule, ...] = ()
    more: int = 0


class VulnComparison:
    """What the database of now says, held against what was known before."""

    def __init__(self, vulns: StoredVulns, before: KeptDigests) -> None:
        """Take both.

        Args:
            vulns: The database.
            before: The artifacts that were here before; those of other kinds do not
                matter.
        """
        self._vulns = vulns
        self._before = before

    def news(self, carried: Mapping[str, Mapping[str, bool]]) -> VulnNews:
        """Return what became known of these versions.

        An entry that cannot be read is left out: ``verify`` finds it.

        Args:
            carried: By module, the versions that can be built with, and whether each
                one was here before.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = []
        for path, versions in carried.items():
            try:
                times = self._vulns.times(path)
            except StoreError:
                continue
            of_module = (self._of_entry(path, each, versions) for each in times)
            found += [each for each in of_module if each is not None]
        found.sort(key=lambda each: each.order, reverse=True)
        told = tuple(found[:MODULES_TOLD])
        return VulnNews(told, len(found) - len(told))

    def _of_entry(
        self, path: str, identifier: str, versions: Mapping[str, bool]
    ) -> VulnerableModule | None:
        try:
            named = list(self._vulns.named(path, identifier))
        except StoreError:
            return None
        for entry, module in named:
            affected = [each for each in versions if is_affected(module, each)]
            known = self._known(path, identifier, versions) if affected else set()
            fresh = [each for each in affected if each not in known]
            if fresh:
                return vulnerable_module(entry, module, fresh, versions)
        return None

    def _known(
        self, path: str, identifier: str, versions: Mapping[str, bool]
    ) -> set[str]:
        """Return the versions of which an entry said before that it affects them."""
        digest = self._before.get((VULNDB, entry_file(identifier)))
        if digest is None:
            return set()
        try:
            said = list(self._vulns.named(path, identifier, digest=digest))
        except StoreError:  # it went when another one took its place
            return set()
        there = (each for each, was_there in versions.items() if was_there)
        return {e for e in there if any(is_affected(module, e) for _, module in said)}
