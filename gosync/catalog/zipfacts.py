"""Tables of what zips hold, by their h1: licences, READMEs, and what packages import.

All of it is derived from zips, so a row that is missing is read again; a rebuilt
catalog begins without any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gosync.catalog.connection import Connection


class ZipFacts:
    """A table of one kind of facts; its second column is named like the table."""

    def __init__(
        self, connection: Connection, table: Literal["licences", "packages", "readmes"]
    ) -> None:
        """Take the table.

        Args:
            connection: The catalog's.
            table: "licences" are packed by ``licence.found``, "packages" by
                ``gomod.packages``, "readmes" by ``gomod.readme``.
        """
        self._connection = connection
        self._put = f"REPLACE INTO {table} (zip_h1, {table}) VALUES (?, ?)"  # noqa: S608 - two names
        self._get = f"SELECT {table} FROM {table} WHERE zip_h1 = ?"  # noqa: S608 - as above

    def put(self, found: Iterable[tuple[str, bytes]]) -> None:
        """Write packed facts by their zip's h1, each in place of another form.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(self._put, found)

    def get(self, zip_h1: str) -> bytes | None:
        """Return the packed facts of a zip, None if they were not read.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(self._get, (zip_h1,))
        return None if row is None else bytes(row[0])
