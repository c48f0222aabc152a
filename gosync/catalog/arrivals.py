"""Arrivals: which versions came in last; read only, of the table of versions."""

from __future__ import annotations

from gosync.catalog.connection import Connection
from gosync.catalog.version_rows import COLUMNS, version_row
from gosync.catalog.version_sql import PUBLISHED
from gosync.catalog.versions import VersionRow

_NEWEST = f"""
SELECT {COLUMNS} FROM versions
WHERE zip_digest IS NOT NULL AND admitted_at IS NOT NULL AND {PUBLISHED}
ORDER BY admitted_at DESC, path, version LIMIT ?
"""  # noqa: S608 - own names

_NEWEST_OF_VULNERABLE = """
SELECT shown_modules.path, max(ifnull(versions.admitted_at, ''))
FROM shown_modules JOIN versions ON versions.path = shown_modules.path
WHERE shown_modules.tree_id = ? AND shown_modules.vulns <> ''
AND versions.zip_digest IS NOT NULL
GROUP BY shown_modules.path
"""


class Arrivals:
    """What trees show whole, by the time it came in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last_at(self) -> str:
        """Return when a version came in last, "" for never.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        newest = self.newest(limit=1)
        return newest[0].admitted_at or "" if newest else ""

    def newest(self, *, limit: int) -> list[VersionRow]:
        """Return what came in last, newest first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return [version_row(row) for row in self._connection.rows(_NEWEST, (limit,))]

    def newest_of_vulnerable(self, tree_id: str) -> dict[str, str]:
        """Return when a version came in last of each module with vulnerabilities.

        Args:
            tree_id: The tree whose pages tell of them.

        Returns:
            The moments by path, "" where nobody noted one.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        rows = self._connection.rows(_NEWEST_OF_VULNERABLE, (tree_id,))
        return {row[0]: row[1] for row in rows}
