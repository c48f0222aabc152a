"""Copies of bundles that wait for what they build on, the contract.

The medium may be gone by the time the gap closes, hence a copy: header, signatures,
manifest and volumes, at most the bundle's own bytes. ``localcopies`` keeps folders;
``tests/contract`` runs every rule below over each implementation. ``waiting`` says
which copies count, and when one goes; who calls holds the lease to import.

**Whole and durable.** A bundle that ``keep`` returned for is there with all its bytes
after a power cut. They were held against the header as they were read: what a medium
garbles is no copy. Killed before that, nothing is listed of it, and ``sweep`` removes
what was left. To keep a bundle whose copy is there replaces the copy, which may be
damaged.

**Believed of nobody.** What ``open`` returns is read like a bundle on a medium: a copy
may have lost bytes since.

**Errors.** ``VolumeError`` for the medium's and for a copy's bytes, ``NoSpaceError``
where there is no room, else ``StoreError``.
"""

from __future__ import annotations

from typing import Protocol

from gosync.bundle.read.folder import BundleFolder
from gosync.work.progress import Progress


class BundleCopies(Protocol):
    """Keeps copies of bundles, each under its bundle's id."""

    def ids(self) -> list[str]:
        """Return the ids of the copies, sorted; those in the making apart.

        Raises:
            StoreError: they cannot be listed.
        """
        ...

    def open(self, bundle_id: str) -> BundleFolder:
        """Open a copy, and read its manifest.

        Raises:
            VolumeError: it is not there, or damaged.
            MalformedError: it is of another gosync.
        """
        ...

    def keep(self, source: BundleFolder, progress: Progress) -> None:
        """Copy a bundle from its medium, durable and proven before it returns.

        Raises:
            VolumeError: the medium lacks or garbles a file.
            NoSpaceError: the disk is full.
            StoreError: the copy cannot be written.
        """
        ...

    def remove(self, bundle_id: str) -> None:
        """Remove a copy, if it is there.

        Raises:
            StoreError: it cannot be removed.
        """
        ...

    def sweep(self) -> int:
        """Remove what killed runs left in the making; return how many it was.

        Raises:
            StoreError: something cannot be removed.
        """
        ...
