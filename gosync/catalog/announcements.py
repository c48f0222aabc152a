"""Announcements: digests that runs rely on, though no row names them yet (I1).

A blob that is there already costs no write. So a run that admits a version may rely on
a blob that nothing names, or whose last row is being forgotten. It says so here before
it looks whether the blob is there; a prune removes a blob only in a transaction in
which neither a row nor an announcement names it. Whichever of the two comes first, the
other one sees it:

    announced, then pruned      the prune sees the announcement, and the blob stays
    pruned, then announced      the blob is not there, and is written

An announcement is taken back in the transaction that commits the row, or dies with its
holder (``gosync.catalog.holders``).
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.connection import Connection

_AT_ONCE = 500


class Announcements:
    """The table of announcements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, digests: Iterable[str], holder: int) -> None:
        """Write down that a holder relies on these; others see it on return.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        rows = [(digest, holder) for digest in digests]
        with self._connection.brief_transaction():
            self._connection.write_many(
                "INSERT OR IGNORE INTO announcements (digest, holder) VALUES (?, ?)",
                rows,
            )

    def remove(self, digests: Iterable[str], holder: int) -> None:
        """Write down that a holder relies on these no more, or that rows name them.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        rows = [(digest, holder) for digest in digests]
        with self._connection.brief_transaction():
            self._connection.write_many(
                "DELETE FROM announcements WHERE digest = ? AND holder = ?", rows
            )

    def among(self, digests: Iterable[str]) -> set[str]:
        """Return those of the digests that somebody relies on.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        wanted, found = list(digests), set[str]()
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            found.update(
                row[0]
                for row in self._connection.rows(
                    f"SELECT digest FROM announcements WHERE digest IN ({marks})",  # noqa: S608 - marks
                    some,
                )
            )
        return found
