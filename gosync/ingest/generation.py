"""Generation of a store: counted up before anything is written that depends on it.

The journal's line is durable before the catalog commits the number; see
``gosync.store.identity`` for what a run that is killed in between leaves.
"""

from __future__ import annotations

from pathlib import Path

from gosync.catalog.db import Catalog
from gosync.catalog.identity import CatalogStore
from gosync.errors import StoreError
from gosync.store.identity import Mark, mark_entry, read_marks
from gosync.store.journal import Journal


class Generation:
    """The generation of an open store.

    Runs beside each other count it up each by itself, under the store's writer lock:
    a line of the journal follows a number that the catalog has, whoever wrote it.

    Attributes:
        store: The store's id.
    """

    def __init__(
        self, root: Path, store: str, *, journal: Journal, catalog: Catalog
    ) -> None:
        """Take an open store; from here on each run's first line is preceded by one."""
        self.store = store
        self._root = root
        self._journal = journal
        self._catalog = catalog
        self._is_due = True
        self._is_counting = self._has_failed = False
        journal.before_entries(self._begin)

    @property
    def number(self) -> int:
        """The catalog's."""
        known = self._catalog.identity.get()
        return 0 if known is None else known.generation

    def advance(self, *, beyond: int = 0) -> int:
        """Count up; return the new number, durable in journal and catalog.

        Where the catalog does not take it, the next line of the journal is preceded by
        another try: a line after a number that the catalog lacks would say that the
        catalog is an older one.

        Args:
            beyond: Make it larger than this, too: what a tree was found to have.

        Raises:
            StoreError: journal or catalog cannot be written.
        """
        try:
            # No other thread and no other process appends meanwhile.
            with self._journal.writing(), self._catalog.transaction():
                number = self._count(beyond)
        except BaseException:
            self._is_due = self._has_failed = True
            raise
        self._is_due = self._has_failed = False
        return number

    def _count(self, beyond: int) -> int:
        self._is_counting = True
        try:
            number = max(self._newest(), self.number, beyond) + 1
            mark = mark_entry(self.store, number)
            self._journal.append([mark])
            self._journal.begin_files_with(mark)
            self._catalog.identity.put(CatalogStore(self.store, number))
        finally:
            self._is_counting = False
        return number

    def _newest(self) -> int:
        """Return the journal's."""
        return next(read_marks(self._root), Mark(self.store, 0)).generation

    def _begin(self) -> None:
        """Count up before a run's first lines; not where it could be rolled back.

        And where another run was killed while it counted up: its mark is in the
        journal, and the catalog does not have it.

        Raises:
            StoreError: it cannot be counted up, and the lines must not be written.
        """
        if not self._is_due and self._journal.is_as_we_left_it:
            return
        in_transaction = self._catalog.in_transaction  # waits for who counts up
        if self._is_counting:
            return
        if not self._is_due:
            newest = self._newest()
            self._journal.begin_files_with(mark_entry(self.store, newest))
            self._is_due = self._has_failed = newest > self.number
        if not self._is_due:
            return
        if not in_transaction:
            self.advance()
        elif self._has_failed:
            raise StoreError(f"{self._root}: the catalog took no new generation")
