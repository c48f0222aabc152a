"""The table of unproven versions: taken from a cache, waiting for their proof.

Their files are blobs of the store. Nothing of them is published or carried; a trigger
of the schema removes a row as its version is admitted, whoever brought it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec
from msgspec.structs import astuple

from gosync.catalog.connection import Connection
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion, OfVersion


class UnprovenVersion(OfVersion, msgspec.Struct, frozen=True):
    """A version that waits for its proof; the fields are the table's columns.

    Attributes:
        path: The module path.
        version: The canonical version.
        info_digest: The blob of its ``.info``; None where the ``.mod`` is alone.
        info_bytes: That blob's size.
        mod_digest: The blob of its ``.mod``.
        mod_bytes: That blob's size.
        zip_digest: The blob of its ``.zip``; None where the ``.mod`` is alone.
        zip_bytes: That blob's size.
        zip_h1: The ``h1:`` of its zip, as it was computed when it was kept.
        source_url: Where it lay.
        kept_at: When it was kept.
    """

    path: str
    version: str
    info_digest: str | None
    info_bytes: int | None
    mod_digest: str
    mod_bytes: int
    zip_digest: str | None
    zip_bytes: int | None
    zip_h1: str | None
    source_url: str
    kept_at: str

    @property
    def need(self) -> Need:
        """How much of the version is kept."""
        return Need.MOD if self.zip_digest is None else Need.ZIP

    def blobs(self) -> dict[str, int]:
        """Return the digests of the blobs that it names, with their sizes."""
        named = {self.mod_digest: self.mod_bytes}
        if self.info_digest is not None:
            named[self.info_digest] = self.info_bytes or 0
        if self.zip_digest is not None:
            named[self.zip_digest] = self.zip_bytes or 0
        return named


_COLUMNS = ", ".join(UnprovenVersion.__struct_fields__)
_MARKS = ", ".join("?" for _ in UnprovenVersion.__struct_fields__)
_UNWANTED = """
DELETE FROM unproven WHERE NOT EXISTS (
    SELECT 1 FROM versions AS v WHERE v.path = unproven.path
        AND v.version = unproven.version AND v.selected IS NOT NULL
)
"""


class UnprovenVersions:
    """The table. The blobs of a row are durable before it is put (I1)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, versions: Iterable[UnprovenVersion]) -> None:
        """Write rows, each in place of the one of its version.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            f"REPLACE INTO unproven ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608 - own names
            map(astuple, versions),
        )

    def get(self, mv: ModuleVersion) -> UnprovenVersion | None:
        """Return what is kept of a version, None for nothing.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._rows("WHERE path = ? AND version = ?", mv.path, mv.version)
        return found[0] if found else None

    def all(self) -> list[UnprovenVersion]:
        """Return all rows, by path and version.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("ORDER BY path, version")

    def count(self) -> int:
        """Return how many versions wait.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT count(*) FROM unproven")
        return 0 if row is None else int(row[0])

    def drop(self, versions: Iterable[ModuleVersion]) -> None:
        """Let go of versions; a prune takes their blobs.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "DELETE FROM unproven WHERE path = ? AND version = ?",
            ((mv.path, mv.version) for mv in versions),
        )

    def drop_unwanted(self) -> int:
        """Let go of versions that nothing selects any more; return how many.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._connection.write(_UNWANTED)

    def _rows(self, condition: str, *values: str) -> list[UnprovenVersion]:
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM unproven {condition}",  # noqa: S608 - own names
            values,
        )
        return [_unproven(row) for row in found]


@reading_row
def _unproven(row: sqlite3.Row) -> UnprovenVersion:
    return UnprovenVersion(*row)
