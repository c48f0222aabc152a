"""Verdicts that ``gosync verify`` gave last on the store's versions.

Written without the store's lock: a short transaction of its own that nothing else
in the catalog depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.version_reader import pages
from gosync.gomod.module import ModuleVersion, OfVersion

_REMEMBER = """
INSERT INTO verified (path, version, verdict, verified_at, stamp)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (path, version) DO UPDATE SET
    verdict = excluded.verdict,
    verified_at = excluded.verified_at,
    stamp = excluded.stamp
"""
_CARRIED = """
SELECT path, version,
    coalesce(info_bytes, 0) + coalesce(mod_bytes, 0) + coalesce(zip_bytes, 0),
    verdict, verified_at, stamp
FROM versions LEFT JOIN verified USING (path, version)
WHERE (path, version) > (?, ?)
    AND (mod_digest IS NOT NULL OR zip_digest IS NOT NULL)
"""


class VerifiedRow(OfVersion, msgspec.Struct, frozen=True):
    """One verdict; the fields are the table's columns, in their order.

    Attributes:
        path: The module path.
        version: The version.
        verdict: What was said of it.
        verified_at: When.
        stamp: What its files looked like then.
    """

    path: str
    version: str
    verdict: str
    verified_at: str
    stamp: str


class Verified:
    """The tables of verdicts and rounds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def carried(self) -> Iterator[tuple[ModuleVersion, int, VerifiedRow | None]]:
        """Yield each version that is carried, its bytes, and the last verdict on it.

        By path and version, read page by page.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        for path, version, size, *verdict in pages(self._connection, _CARRIED):
            said = VerifiedRow(path, version, *verdict) if verdict[0] else None
            yield ModuleVersion(path, version), size, said

    def remember(self, rows: Iterable[VerifiedRow]) -> None:
        """Write verdicts, each in place of an earlier one.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            _REMEMBER,
            [
                (each.path, each.version, each.verdict, each.verified_at, each.stamp)
                for each in rows
            ],
        )

    def open_round(self) -> str | None:
        """Return when the last round began, if it did not end.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT begun_at, ended_at FROM verify_rounds ORDER BY id DESC LIMIT 1"
        )
        return None if row is None or row[1] is not None else str(row[0])

    def begin_round(self, begun_at: str) -> None:
        """Write down that a round begins.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "INSERT INTO verify_rounds (begun_at) VALUES (?)", (begun_at,)
        )

    def end_round(self, ended_at: str) -> None:
        """Write down that what was begun is done; what it forgot goes.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write(
                "UPDATE verify_rounds SET ended_at = ? WHERE ended_at IS NULL",
                (ended_at,),
            )
            self._connection.write(
                "DELETE FROM verified WHERE NOT EXISTS (SELECT 1 FROM versions"
                " WHERE versions.path = verified.path"
                " AND versions.version = verified.version)"
            )
