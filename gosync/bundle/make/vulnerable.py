"""What of a bundle's versions became known as vulnerable since the one before."""

from __future__ import annotations

from gosync.artifact import VULNDB
from gosync.bundle.make.receiver import Receiver
from gosync.bundle.make.selection import BundleSelection
from gosync.catalog.versions import Need
from gosync.ingest.storedvulns import StoredVulns
from gosync.ingest.vulnnews import VulnComparison, VulnNews
from gosync.site.site import Site


def vulnerable_since(
    site: Site, selection: BundleSelection, receiver: Receiver
) -> VulnNews:
    """Return what of a selection became known as vulnerable since the last bundle.

    Nothing where the receiver is given no database.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    if not any(each.kind == VULNDB for each in selection.artifacts):
        return VulnNews()
    carried: dict[str, dict[str, bool]] = {}
    for chosen in selection.chosen:
        if chosen.need is Need.ZIP:
            was_there = receiver.held.get(chosen.mv) is Need.ZIP
            carried.setdefault(chosen.mv.path, {})[chosen.mv.version] = was_there
    vulns = StoredVulns(site.catalog, site.blobs)
    return VulnComparison(vulns, receiver.artifacts).news(carried)
