"""Selections: what the present one was made of, and whether it is whole.

The selection itself is the column ``selected`` of the versions. A fingerprint of
all that it follows from tells whether it must be made again.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import asdict

from gosync.catalog.connection import Connection

CONFIGURED = "configured"  # the name of what the configuration selects


class SelectionState(msgspec.Struct, frozen=True):
    """The state of a selection; the fields are the table's columns.

    Attributes:
        name: What it is called.
        fingerprint: A digest of what it follows from.
        complete: Whether everything that it follows from was known.
        reconsider_at: When it changes by itself because a cool-down ends, or None.
        computed_at: When it was made.
    """

    name: str
    fingerprint: str
    complete: bool
    reconsider_at: str | None
    computed_at: str


class Selections:
    """The table of selections."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> SelectionState | None:
        """Return a selection's state, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT name, fingerprint, complete, reconsider_at, computed_at"
            " FROM selections WHERE name = ?",
            (name,),
        )
        if row is None:
            return None
        return SelectionState(row[0], row[1], bool(row[2]), row[3], row[4])

    def put(self, state: SelectionState) -> None:
        """Remember a selection's state.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.replace("selections", [asdict(state)])

    def invalidate(self, name: str) -> None:
        """Let a selection be made again at the next occasion.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE selections SET complete = 0 WHERE name = ?", (name,)
        )
