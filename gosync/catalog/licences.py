"""The table of licences: those of versions, by the h1 of their zip.

All of it is derived from zips, so a row that is missing is read again; a rebuilt
catalog begins without any.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.connection import Connection


class LicenceTable:
    """The table of licences, packed as ``licence.found`` packs them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, found: Iterable[tuple[str, bytes]]) -> None:
        """Write packed licences by their zip's h1, each in place of another form.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "REPLACE INTO licences (zip_h1, licences) VALUES (?, ?)", found
        )

    def get(self, zip_h1: str) -> bytes | None:
        """Return the packed licences of a zip, None if they were not read.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT licences FROM licences WHERE zip_h1 = ?", (zip_h1,)
        )
        return None if row is None else bytes(row[0])
