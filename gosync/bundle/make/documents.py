"""Documents that are made of a bundle's selection, and travel with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gosync.artifact import DOCUMENT
from gosync.bundle.make.selection import BundleSelection
from gosync.bundle.options import BundleDocument
from gosync.catalog.versions import Need
from gosync.site.artifacts import keep_artifact
from gosync.site.site import Site


def keep_documents(
    site: Site, documents: Iterable[BundleDocument], selection: BundleSelection
) -> None:
    """Make documents anew, and keep those that are others than before.

    Raises:
        UsageError: One cannot be made.
        StoreError: The store cannot be read or written.
    """
    rows = [each.row for each in selection.chosen if each.need is Need.ZIP]
    for each in documents:
        data = each.make(site.catalog, site.blobs, rows, site.clock.now())
        kept = site.catalog.artifacts.get(DOCUMENT, each.name)
        if kept is None or kept.digest != hashlib.sha256(data).hexdigest():
            keep_artifact(site, DOCUMENT, each.name, [data])
