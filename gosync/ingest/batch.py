"""Batch of admitted versions: made durable together, folders, journal, catalog.

One fsync a folder, one of the journal and one commit serve up to ROWS versions.
The order is I1's: blobs are durable already; then their folders' names; then the
journal, from which a catalog can be rebuilt; then the catalog. A crash in
between leaves blobs without rows, which the next run adopts by digest. Journal and
catalog are written under the store's writer lock, and what was announced of the blobs
is taken back as the rows that name them are committed.

Of two zips with one h1 that two runs bring, the row that is committed first stays, and
the second run counts its own as admitted (I10); no row names its blob.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import anyio

from gosync.catalog.db import Catalog
from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.pins import Pin
from gosync.catalog.versions import Need, Proof, State, VersionRow
from gosync.clock import Clock
from gosync.ingest.entries import ROWS, version_entry
from gosync.store.blobs import BlobStore
from gosync.store.digest import parse_digest
from gosync.store.journal import Journal


class Batch:
    """Collects rows; safe for many workers of one event loop."""

    def __init__(
        self,
        *,
        blobs: BlobStore,
        journal: Journal,
        catalog: Catalog,
        clock: Clock,
        holder: LeaseHolder,
        first_stays: bool = False,
        also: Callable[[Sequence[VersionRow]], object] = lambda _: None,
    ) -> None:
        """Make a batch.

        Args:
            blobs: Where blobs lie.
            journal: What is written first.
            catalog: Where rows go.
            clock: What time it is.
            holder: The run, which has announced the blobs.
            first_stays: Whether a row stays that another run has committed meanwhile.
            also: Called with the rows in the transaction that commits them.
        """
        self._blobs = blobs
        self._journal = journal
        self._catalog = catalog
        self._clock = clock
        self._holder = holder
        self._first_stays = first_stays
        self._also = also
        self._rows: list[VersionRow] = []
        self._claims: list[str] = []
        self._writing = anyio.Lock()

    async def add(self, row: VersionRow, *, claim: str = "") -> None:
        """Take a row whose blobs are durable; commit when the batch is full.

        Args:
            row: The row.
            claim: A lease of the run's that ends as the row is committed.

        Raises:
            StoreError: if the batch cannot be written.
        """
        if claim:
            self._claims.append(claim)
        await self.add_all([row])

    async def add_all(self, rows: Iterable[VersionRow]) -> None:
        """Take rows whose blobs are durable, to be committed in one transaction.

        Raises:
            StoreError: if the batch cannot be written.
        """
        self._rows += rows
        if len(self._rows) >= ROWS:
            await self.commit()

    async def commit(self) -> None:
        """Commit what was collected; a cancelled run waits until it is done.

        Raises:
            StoreError: if it cannot be written; nothing of it is committed.
        """
        with anyio.CancelScope(shield=True):
            # Before the lock is waited for: who adds meanwhile begins the next batch.
            rows, self._rows = self._rows, []
            claims, self._claims = self._claims, []
            async with self._writing:
                if rows:
                    await anyio.to_thread.run_sync(self._write, rows, claims)

    def _write(self, rows: Sequence[VersionRow], claims: Sequence[str]) -> None:
        self._blobs.sync()
        with self._journal.writing():
            first = [row for row in rows if not self._is_second(row)]
            self._journal.append(version_entry(row) for row in first)
            with self._catalog.transaction():
                self._catalog.versions.admit(first)
                self._catalog.failures.clear(row.mv for row in rows)
                for row in first:
                    self._pin(row)
                self._also(rows)
                self._holder.take_back(digest for row in rows for digest in _named(row))
                for claim in claims:
                    self._holder.release(claim)

    def _is_second(self, row: VersionRow) -> bool:
        """Whether another run has committed the same version, by its h1, before."""
        if not self._first_stays:
            return False
        was = self._catalog.versions.get(row.mv)
        if was is None or was.state is not State.PRESENT or was.state is not row.state:
            return False
        if row.carried is Need.ZIP and was.carried is not Need.ZIP:  # was narrowed
            return False
        same = (was.mod_h1, was.zip_h1, was.proof) == (
            row.mod_h1,
            row.zip_h1,
            row.proof,
        )
        return same and all(
            self._blobs.exists(parse_digest(digest), size_bytes=size)
            for digest, size in (
                (was.info_digest, was.info_bytes),
                (was.mod_digest, was.mod_bytes),
                (was.zip_digest, was.zip_bytes),
            )
            if digest is not None
        )

    def _pin(self, row: VersionRow) -> None:
        if row.proof is Proof.PINNED:
            assert row.mod_h1 is not None
            self._catalog.pins.pin(
                row.mv,
                seen=Pin(row.mod_h1, row.zip_h1),
                now=self._clock.now(),
            )


def _named(row: VersionRow) -> list[str]:
    """Return the digests of the blobs that a row names."""
    digests = (row.info_digest, row.mod_digest, row.zip_digest)
    return [digest for digest in digests if digest is not None]
