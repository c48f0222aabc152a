"""The lease of a tree in a bucket: which machine publishes it.

Leases of the catalog keep runs of one machine apart, whoever publishes. Of two
machines, or of two stores that name one tree, this one lets the one write that took it
first. It is the lease of stores in buckets (``gosync.store.objects.lease``), at
``.gosync/objects/writer/``: taken as a writer is opened, renewed as it writes, looked
at after each wave. Nobody gives it back, so that another machine waits for a minute and
a half after the last publish.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from gosync.errors import LockedError
from gosync.store.objects.lease import BucketLease


class TreeLease:
    """A tree's lease as one process has it; threads share it."""

    def __init__(self, tree: str, make: Callable[[], BucketLease]) -> None:
        """Take what it is about; nobody is asked for anything yet.

        Args:
            tree: The tree's name.
            make: Makes the lease of the bucket.
        """
        self._tree = tree
        self._make = make
        self._lease: BucketLease | None = None
        self._lock = Lock()

    def take(self) -> None:
        """Take or renew it.

        Raises:
            LockedError: another machine has it.
            StoreError: the bucket refuses.
        """
        with self._lock:
            if self._lease is None:
                self._lease = self._make()
            try:
                self._lease.take()
            except LockedError as error:
                raise self._refused(error) from error

    def check(self) -> None:
        """Check that it was held until now.

        Raises:
            LockedError: another machine took over.
            StoreError: the bucket refuses.
        """
        with self._lock:
            if self._lease is None:
                return
            try:
                self._lease.check()
            except LockedError as error:
                raise self._refused(error) from error

    def _refused(self, error: LockedError) -> LockedError:
        return LockedError(
            f"{self._tree}: another machine or store publishes this tree: {error}",
            hint="let one alone publish it; a minute and a half after its last publish"
            " another one may take over",
        )
