"""The waiting bundles of a store: taken up, kept, dropped.

The catalog says which copies count (``copies`` keeps their files). A copy of which it
says nothing is no leftover: a catalog that was lost and rebuilt has forgotten it, and
its medium may be gone. So it waits again if it is whole, trusted, and newer than what
is here. Of what goes the files go first: a kill in between leaves a row without a
copy, which the next import drops.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.acceptance import check_acceptable
from gosync.bundle.take.applying import import_row
from gosync.bundle.take.copies import BundleCopies
from gosync.bundle.take.localcopies import LocalBundleCopies
from gosync.catalog.imports import ImportRow, ImportState
from gosync.errors import RejectedError, SecurityError, UsageError, VolumeError
from gosync.site.site import Site
from gosync.work.progress import Progress

_log = logging.getLogger(__name__)
_AGAIN = "its copy in the store is dropped: import it from its medium again"


class WaitingBundles:
    """The bundles that wait in one site's store; hold the lease to import."""

    def __init__(
        self, site: Site, *, check: Callable[[BundleFolder], object], target: str
    ) -> None:
        """Begin.

        Args:
            site: The site.
            check: Checks a bundle's signatures.
            target: What the site is called outside, "" for what bundles say.
        """
        self._imports = site.catalog.imports
        self._clock = site.clock
        self._blobs = site.blobs
        self._min_free_bytes = site.options.min_free_bytes
        self._copies = _copies_of(site)
        self._opened: list[BundleFolder] = []
        self._check = check
        self._target = target

    def open(self) -> list[BundleFolder]:
        """Open what waits, if it is trusted still; remove what a killed run left.

        Raises:
            StoreError: Something cannot be removed.
        """
        self._copies.sweep()
        self.remove_applied()
        self._take_up()
        self._opened = []
        for row in self._imports.staged():
            try:
                bundle = self._copies.open(row.bundle_id)
                self._check(bundle)
                self._opened.append(bundle)
            except (VolumeError, RejectedError, SecurityError) as error:
                _log.warning("bundle %s is dropped: %s", row.bundle_id[:8], error)
                self.drop(row.bundle_id)
        return [*self._opened]

    def remove_applied(self) -> None:
        """Remove the copies of what was applied or overtaken.

        Raises:
            StoreError: One cannot be removed; the next import does.
        """
        for bundle_id in self._copies.ids():
            row = self._imports.get(bundle_id)
            if row is not None and row.state is ImportState.APPLIED:
                self._copies.remove(bundle_id)

    def _take_up(self) -> None:
        """Let copies wait again of which the catalog says nothing."""
        for bundle_id in self._copies.ids():
            if self._imports.get(bundle_id) is not None:
                continue
            try:
                bundle = self._copies.open(bundle_id)
                self._check(bundle)
                check_acceptable(bundle, self._imports, target=self._target)
            except (VolumeError, RejectedError, SecurityError, UsageError) as error:
                _log.warning("bundle %s waits no more: %s", bundle_id[:8], error)
                self._copies.remove(bundle_id)
            else:
                _log.warning("bundle %s waits: its copy was here", bundle_id[:8])
                self._note(bundle)

    def keep(self, bundle: BundleFolder, progress: Progress) -> None:
        """Keep a bundle that waits, unless it is one of those kept.

        Raises:
            VolumeError: The medium lacks or garbles a file.
            NoSpaceError: The disk is full.
            StoreError: The copy cannot be written.
        """
        if self._imports.get(bundle.id) is not None:
            return
        self._blobs.check_space(
            bundle.header.size_bytes, min_free_bytes=self._min_free_bytes
        )
        self._copies.keep(bundle, progress)
        self._note(bundle)

    def _note(self, bundle: BundleFolder) -> None:
        now = self._clock.now()
        self._imports.put(import_row(bundle), ImportState.STAGED, now=now)

    def drop(self, bundle_id: str) -> None:
        """Let go of a bundle that waits; nothing happens to others.

        Raises:
            StoreError: Its copy cannot be removed.
        """
        row = self._imports.get(bundle_id)
        if row is not None and row.state is ImportState.STAGED:
            self._copies.remove(bundle_id)
            self._imports.drop(bundle_id)

    def drop_damaged(self, bundle: BundleFolder, error: VolumeError) -> None:
        """Let go of a bundle whose copy proved to be damaged, and say so."""
        if any(each is bundle for each in self._opened):
            self.drop(bundle.id)
            error.hint = _AGAIN


def drop_waiting(site: Site, prefix: str) -> ImportRow | None:
    """Drop the bundle that waits and whose id begins so; None when there is none.

    Raises:
        CatalogError: The catalog cannot be written.
        StoreError: Its copy cannot be removed.
    """
    imports = site.catalog.imports
    rows = [r for r in imports.staged() if r.bundle_id.startswith(prefix.lower())]
    if len(rows) != 1:
        return None
    _copies_of(site).remove(rows[0].bundle_id)
    imports.drop(rows[0].bundle_id)
    return rows[0]


def _copies_of(site: Site) -> BundleCopies:
    return LocalBundleCopies(site.options.store_path)
