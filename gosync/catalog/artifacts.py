"""The table of artifacts: files beside module versions; see gosync.artifact."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gosync.artifact import Artifact
from gosync.catalog.sqlite_errors import reading_row

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue


class Artifacts:
    """The table of artifacts. Their blobs are durable before they are put (I1)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, artifacts: Iterable[Artifact]) -> None:
        """Write artifacts, each in place of the one of its kind and name.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "REPLACE INTO artifacts (kind, name, digest, size_bytes)"
            " VALUES (?, ?, ?, ?)",
            ((a.kind, a.name, a.digest, a.size_bytes) for a in artifacts),
        )

    def drop(self, keys: Iterable[tuple[str, str]]) -> None:
        """Forget artifacts by kind and name; prune takes their blobs.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "DELETE FROM artifacts WHERE kind = ? AND name = ?", keys
        )

    def get(self, kind: str, name: str) -> Artifact | None:
        """Return one artifact, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._rows("kind = ? AND name = ?", kind, name)
        return found[0] if found else None

    def below(self, kind: str, folder: str) -> list[Artifact]:
        """Return those of a kind whose names begin with a folder, by name.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        end = folder[:-1] + chr(ord(folder[-1]) + 1)
        return self._rows("kind = ? AND name >= ? AND name < ?", kind, folder, end)

    def of(self, kind: str) -> list[Artifact]:
        """Return those of a kind, by name.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("kind = ?", kind)

    def any_of(self, kind: str) -> bool:
        """Return whether there is one of a kind.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.row(
            "SELECT 1 FROM artifacts WHERE kind = ? LIMIT 1", (kind,)
        )
        return found is not None

    def all(self) -> list[Artifact]:
        """Return all of them, by kind, then name.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("TRUE")

    def _rows(self, condition: str, *values: SqlValue) -> list[Artifact]:
        found = self._connection.rows(
            "SELECT kind, name, digest, size_bytes FROM artifacts"  # noqa: S608 - own names
            f" WHERE {condition} ORDER BY kind, name",
            values,
        )
        return [_artifact(row) for row in found]


@reading_row
def _artifact(row: sqlite3.Row) -> Artifact:
    kind, name, digest, size_bytes = row
    return Artifact(kind=kind, name=name, digest=digest, size_bytes=size_bytes)
