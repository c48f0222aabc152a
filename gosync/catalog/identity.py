"""Identity: which store a catalog is of, and how far it has come with it."""

from __future__ import annotations

import msgspec

from gosync.catalog.connection import Connection

# What only a journal or a bundle brings; runs and cursors are made anew.
_TOLD = ("versions", "pins", "heads", "findings", "bundles", "imports")
_IS_TOLD = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in _TOLD)  # noqa: S608 - own names


class CatalogStore(msgspec.Struct, frozen=True):
    """The store that a catalog is of.

    Attributes:
        store: Its id.
        generation: How far the catalog has come with it.
    """

    store: str
    generation: int


class Identity:
    """The one row of the table ``identity``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self) -> CatalogStore | None:
        """Return which store it is, None for a catalog that was never told.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT store, generation FROM identity")
        return None if row is None else CatalogStore(*row)

    def put(self, found: CatalogStore) -> None:
        """Write which store it is.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.replace(
            "identity",
            [{"one": 1, "store": found.store, "generation": found.generation}],
        )

    def is_empty(self) -> bool:
        """Return whether the catalog knows nothing that was ever journaled.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(f"SELECT {_IS_TOLD}")
        return row is None or not row[0]

    def carries_blobs(self) -> bool:
        """Return whether a row names a blob.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT EXISTS (SELECT 1 FROM versions WHERE mod_digest IS NOT NULL)"
        )
        return row is not None and bool(row[0])
