"""Announced digests of one admission: blobs that it relies on before rows name them.

What the catalog does not take back ends with the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from gosync.catalog.lease_holder import LeaseHolder
from gosync.errors import StoreError
from gosync.store.digest import Digest


class AnnouncedDigests:
    """What one admission has announced; the batch that commits it takes that back."""

    def __init__(self, holder: LeaseHolder) -> None:
        self._holder = holder
        self._digests: set[Digest] = set()

    def add(self, digests: Iterable[Digest]) -> None:
        """Say which blobs are relied on, before anybody looks whether they are there.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        new = set(digests) - self._digests
        self._holder.announce(new)
        self._digests |= new

    def take_back(self) -> None:
        """Rely on none of them: the admission failed, and that error is what counts.

        What the catalog does not take ends with the run.
        """
        if self._digests:
            with suppress(StoreError):
                self._holder.take_back(self._digests)
