"""Settling findings: those of being behind end once a pass has caught up.

An audit writes down what it held against what, and asks again only after its
interval. What was behind then and is not behind now need not wait for that: the
facts of the finding and the catalog tell.
"""

from __future__ import annotations

from gosync.catalog.db import Catalog
from gosync.catalog.findings import Finding, FindingKind
from gosync.gomod.info import parse_time
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pseudo import is_pseudo_version
from gosync.gomod.versionlist import newest
from gosync.ingest.entries import finding_entry
from gosync.site.site import Site
from gosync.sync.index import INDEX_ITEM, cursor_names, read_up_to


def settle_stale(site: Site) -> None:
    """Resolve what was stale, as far as nothing of it is so any more.

    Raises:
        StoreError: if catalog or journal cannot be read or written.
    """
    catalog, now = site.catalog, site.clock.now()
    for finding in catalog.findings.unsettled(FindingKind.STALE):
        is_index = finding.mv == INDEX_ITEM
        if _index_caught_up(site, finding) if is_index else _is_over(catalog, finding):
            with catalog.transaction():
                settled = catalog.findings.settle(finding.id, now)
                site.journal.append([finding_entry(settled)])


def _index_caught_up(site: Site, finding: Finding) -> bool:
    """Whether the event that was unread is read."""
    options = site.options
    names = cursor_names(options.policy, site.catalog)
    cursor = site.catalog.cursors.lowest(options.index_url, names)
    return is_read(finding.theirs["unread"], cursor)


def is_read(unread: str, cursor: str | None) -> bool:
    """Whether the index was read up to an event that once was unread.

    Args:
        unread: The event's time.
        cursor: How far the index is read, None for not at all.
    """
    return cursor is not None and parse_time(unread) <= read_up_to(cursor)


def _is_over(catalog: Catalog, finding: Finding) -> bool:
    """Whether no reason that a module's finding gave holds any more."""
    ours, theirs, path = finding.ours, finding.theirs, finding.path
    module = catalog.modules.get(path)
    if module is None:
        return True  # it is followed no longer
    if "listed_at" in ours and (module.listed_at or "") <= ours["listed_at"]:
        return False
    if "newest" in theirs and not is_known(catalog, path, theirs["newest"]):
        return False
    waiting = theirs.get("newest") or ours["newest"]
    return catalog.failures.get(ModuleVersion(path, waiting)) is None


def is_known(catalog: Catalog, path: str, top: str) -> bool:
    """Whether a version is known, or older than one that is, or not followed.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    if catalog.modules.get(path) is None:
        return True
    offered = {offer.version for offer in catalog.offers.of(path)}
    known = {
        version
        for version in offered | catalog.versions.known(path)
        if not is_pseudo_version(version)
    }
    return top in known or newest([top, *known]) != top
