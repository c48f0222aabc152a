"""The table of notes; what its rows are, ``selection_notes`` says."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import astuple

from gosync.catalog.connection import Connection
from gosync.catalog.selection_notes import NoteKind, SelectionNote


class SelectionNotes:
    """The table of notes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace(self, notes: Iterable[SelectionNote]) -> None:
        """Write these in place of all that there are.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write("DELETE FROM selection_notes")
            self._connection.write_many(
                "REPLACE INTO selection_notes (kind, who, root, subject, detail)"
                " VALUES (?, ?, ?, ?, ?)",
                map(astuple, notes),
            )

    def all(self) -> list[SelectionNote]:
        """Return all, by kind and whom they are for.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT kind, who, root, subject, detail FROM selection_notes"
            " ORDER BY kind, who, root, subject"
        )
        return [SelectionNote(NoteKind(row[0]), *row[1:]) for row in found]
