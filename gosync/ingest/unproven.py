"""Unproven versions: kept in the store until somebody says what they are.

A cache may be taken in while nobody can be asked, or bring versions that nobody vouches
for yet. Their files become blobs as an admitted version's do, under a row of
``catalog.unproven`` in place of one that trees show. Before that a zip must be one that
``go`` would unpack, and an ``.info`` name its version: only the proof is missing.
``sync.unproven`` hands the files to the gate as an upstream's answers would be.

The order is the batch's (I1): blobs, their folders, the journal, the catalog. A kill in
between leaves blobs that no row names. What was kept first stays: of two caches that
say different things nobody knows yet which one is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.unproven import UnprovenVersion
from gosync.catalog.versions import FoundBy, Need, Want
from gosync.clock import Clock
from gosync.ingest.entries import parse_unproven_entry, unproven_entry
from gosync.store.blobs import BlobReader, BlobStore
from gosync.store.digest import Digest
from gosync.store.journal import EntryValue, Journal

ROWS = 100


class UnprovenBatch:
    """Collects versions that are kept without their proof; one thread at a time."""

    def __init__(
        self,
        *,
        blobs: BlobStore,
        journal: Journal,
        catalog: Catalog,
        clock: Clock,
        holder: LeaseHolder,
    ) -> None:
        """Make a batch; its blobs are announced by the holder as they are admitted."""
        self._blobs = blobs
        self._journal = journal
        self._catalog = catalog
        self._clock = clock
        self._holder = holder
        self._rows: list[UnprovenVersion] = []

    def add(self, row: UnprovenVersion) -> None:
        """Take a row whose blobs are admitted; commit when the batch is full.

        Raises:
            StoreError: the batch cannot be written.
        """
        self._rows.append(row)
        if len(self._rows) >= ROWS:
            self.commit()

    def commit(self) -> None:
        """Commit what was collected, and select it, so that a pass takes it up.

        Raises:
            StoreError: it cannot be written; nothing of it is committed.
        """
        rows, self._rows = self._rows, []
        if not rows:
            return
        self._blobs.sync()
        with self._journal.writing():
            self._journal.append(map(unproven_entry, rows))
            with self._catalog.transaction():
                self._catalog.unproven.put(rows)
                now = self._clock.now()
                self._catalog.selected.select(_wants(rows), complete=False, now=now)
                self._holder.take_back(digest for row in rows for digest in row.blobs())


def are_here(blobs: BlobReader, row: UnprovenVersion) -> bool:
    """Return whether all blobs of a row are there, with their sizes.

    Raises:
        StoreError: the storage refuses.
    """
    named = row.blobs().items()
    return all(blobs.exists(Digest(each), size_bytes=size) for each, size in named)


def _wants(rows: Iterable[UnprovenVersion]) -> list[Want]:
    return [Want(row.path, row.version, row.need, FoundBy.COMMAND) for row in rows]


class UnprovenMemory(msgspec.Struct):
    """The unproven versions that a journal names."""

    KINDS: ClassVar = frozenset({"unproven"})

    _rows: dict[tuple[str, str], UnprovenVersion] = msgspec.field(default_factory=dict)

    def take(self, entry: Mapping[str, EntryValue]) -> None:
        """Take the entry of one.

        Raises:
            MalformedError: It is none that gosync wrote.
        """
        row = parse_unproven_entry(entry)
        self._rows.setdefault((row.path, row.version), row)

    def whole(self, blobs: BlobReader) -> list[UnprovenVersion]:
        """Return those whose blobs are there.

        Raises:
            StoreError: a blob cannot be looked for.
        """
        return [row for row in self._rows.values() if are_here(blobs, row)]


def restore_unproven(
    catalog: Catalog, rows: Sequence[UnprovenVersion], clock: Clock
) -> int:
    """Put them into a new catalog that has all admitted versions; return how many wait.

    Raises:
        CatalogError: The catalog cannot be written.
    """
    left = [row for row in rows if not _is_here(catalog, row)]
    catalog.unproven.put(left)
    catalog.selected.select(_wants(left), complete=False, now=clock.now())
    return len(left)


def _is_here(catalog: Catalog, row: UnprovenVersion) -> bool:
    found = catalog.versions.get(row.mv)
    carried = None if found is None else found.carried
    return carried is Need.ZIP or carried is row.need
