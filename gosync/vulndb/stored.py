"""Entries of the database that the store has."""

from __future__ import annotations

from gosync.artifact import VULNDB
from gosync.catalog.db import Catalog
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest
from gosync.vulndb.files import ENTRIES


def stored_entries(catalog: Catalog, blobs: BlobReader) -> dict[str, bytes]:
    """Return the entries that the store has, by their ids.

    Raises:
        StoreError: Store or catalog cannot be read.
    """
    found = {}
    for each in catalog.artifacts.all():
        folder, _, name = each.name.partition("/")
        if each.kind == VULNDB and folder == ENTRIES:
            data = blobs.read(Digest(each.digest), limit_bytes=each.size_bytes)
            found[name.removesuffix(".json")] = data
    return found
