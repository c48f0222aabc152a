"""Admitted versions become durable together: folders, journal, catalog.

One fsync a folder, one of the journal and one commit serve up to ROWS versions.
The order is I1's: blobs are durable already; then their folders' names; then the
journal, from which a catalog can be rebuilt; then the catalog. A crash in
between leaves blobs without rows, which the next run adopts by digest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from anyio import CancelScope, Lock, to_thread

from gosync.catalog.db import Catalog
from gosync.catalog.pins import Pin
from gosync.catalog.versions import Proof, VersionRow
from gosync.clock import Clock
from gosync.ingest.entries import version_entry
from gosync.store.blobs import BlobStore
from gosync.store.journal import Journal

ROWS = 100


class Batch:
    """Collects rows; safe for many workers of one event loop."""

    def __init__(
        self,
        *,
        blobs: BlobStore,
        journal: Journal,
        catalog: Catalog,
        clock: Clock,
        also: Callable[[], object] = lambda: None,
    ) -> None:
        """Make a batch; ``also`` is called in the transaction that commits it."""
        self._blobs = blobs
        self._journal = journal
        self._catalog = catalog
        self._clock = clock
        self._also = also
        self._rows: list[VersionRow] = []
        self._writing = Lock()

    async def add(self, row: VersionRow) -> None:
        """Take a row whose blobs are durable; commit when the batch is full.

        Raises:
            StoreError: if the batch cannot be written.
        """
        self._rows.append(row)
        if len(self._rows) >= ROWS:
            await self.commit()

    async def commit(self) -> None:
        """Commit what was collected; a cancelled run waits until it is done.

        Raises:
            StoreError: if it cannot be written; nothing of it is committed.
        """
        with CancelScope(shield=True):
            async with self._writing:
                rows, self._rows = self._rows, []
                if rows:
                    await to_thread.run_sync(self._write, rows)

    def _write(self, rows: Sequence[VersionRow]) -> None:
        self._blobs.sync()
        self._journal.append(version_entry(row) for row in rows)
        with self._catalog.transaction():
            self._catalog.versions.admit(rows)
            self._catalog.failures.clear((row.path, row.version) for row in rows)
            for row in rows:
                self._pin(row)
            self._also()

    def _pin(self, row: VersionRow) -> None:
        if row.proof is Proof.PINNED:
            assert row.mod_h1 is not None
            self._catalog.pins.pin(
                row.path,
                row.version,
                seen=Pin(row.mod_h1, row.zip_h1),
                now=self._clock.now(),
            )
