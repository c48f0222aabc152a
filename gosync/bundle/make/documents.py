"""Documents that are made of a bundle's selection, and travel with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from gosync.artifact import DOCUMENT
from gosync.bundle.make.selection import BundleSelection
from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need, VersionRow
from gosync.site.artifacts import keep_artifact
from gosync.site.site import Site
from gosync.store.blobs import BlobReader


class BundleDocument(Protocol):
    """A document that is made of what bundles carry, and travels in them.

    The same selection gives the same bytes.
    """

    @property
    def name(self) -> str:
        """Its name among the store's documents."""

    def make(
        self,
        catalog: Catalog,
        blobs: BlobReader,
        rows: Iterable[VersionRow],
        now: datetime,
    ) -> bytes:
        """Return its bytes.

        Args:
            catalog: The catalog.
            blobs: The store's blobs.
            rows: The versions that are selected whole.
            now: The time.
        """


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
