"""Records that prove what trees show; read only, of the table of versions."""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.connection import Connection
from gosync.catalog.version_sql import PUBLISHED

_IDS = f"SELECT record_id FROM versions WHERE {PUBLISHED} AND record_id >= 0"  # noqa: S608 - own names


class Records:
    """The numbers of the records that prove what trees show."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def any(self) -> bool:
        """Return whether the checksum database proves anything that trees show.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._connection.row(f"{_IDS} LIMIT 1") is not None

    def ids(self, *, until: int | None = None) -> list[int]:
        """Return all of them, ascending.

        Args:
            until: The number of the last change that counts; None for all.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"{_IDS} AND (:until IS NULL OR changed <= :until) ORDER BY record_id",
            {"until": until},
        )
        return [row[0] for row in found]

    def ids_of(self, paths: Iterable[str], *, until: int) -> list[int]:
        """Return those of these modules, ascending.

        Args:
            paths: The modules.
            until: The number of the last change that counts.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = (
            self._connection.rows(
                f"{_IDS} AND path = ? AND changed <= ?", (path, until)
            )
            for path in paths
        )
        return sorted({row[0] for rows in found for row in rows})
