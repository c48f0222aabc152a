"""The table of module versions, read; what a row means is said in ``versions``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from gosync.catalog.counters import last_number
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.version_rows import COLUMNS, COLUMNS_OF_V, version_row
from gosync.catalog.version_sql import LISTED, PUBLISHED
from gosync.catalog.versions import (
    FoundBy,
    ModuleCount,
    State,
    VersionRole,
    VersionRow,
)
from gosync.clock import format_time
from gosync.digestset import DigestSet
from gosync.gomod.module import ModuleVersion

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue

PAGE_ROWS = 1_000
BEFORE_ALL = ModuleVersion("", "")
LAST_CHANGE = (1 << 63) - 1  # after which there is none
LAST = "\U0010ffff"  # behind whatever a path goes on with


_state = reading_row(State)


def pages(
    connection: Connection, select: str, *values: SqlValue, prefix: str = ""
) -> Iterator[sqlite3.Row]:
    """Yield the rows of a query over versions, by path and version, page by page.

    Others may write meanwhile: a page is of one state, all pages need not be.

    Args:
        connection: The catalog's.
        select: The query, whose first columns are path and version and whose
            condition begins with ``(path, version) > (?, ?)``.
        values: What else it asks for.
        prefix: Before which path nothing is asked for.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    sql = f"{select} ORDER BY path, version LIMIT {PAGE_ROWS}"
    after = (prefix, "")
    while page := connection.rows(sql, (*after, *values)):
        yield from page
        after = (page[-1][0], page[-1][1])


class VersionReader:
    """What the table of versions says."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def wanted(
        self,
        now: datetime,
        *,
        after: ModuleVersion = BEFORE_ALL,
        limit: int = PAGE_ROWS,
    ) -> list[VersionRow]:
        """Return what is due now, by path and version, beginning after a key.

        Due is what is wanted, and what failed, was rejected or is gone once the
        failure's next try has come.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {COLUMNS_OF_V} FROM versions v LEFT JOIN failures f"  # noqa: S608 - own names
            " ON f.path = v.path AND f.version = v.version"
            " WHERE v.state NOT IN ('present', 'omitted', 'forgotten')"
            " AND v.withdrawn = 0"
            " AND (v.path, v.version) > (:path, :version)"
            " AND (v.state = 'wanted' OR f.path IS NULL OR f.next_try_at <= :now)"
            " ORDER BY v.path, v.version LIMIT :limit",
            {
                "path": after.path,
                "version": after.version,
                "now": format_time(now),
                "limit": limit,
            },
        )
        return [version_row(row) for row in found]

    def all_wanted(self, now: datetime) -> Iterator[VersionRow]:
        """Yield what ``wanted`` returns, page by page; each version once.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        after = BEFORE_ALL
        while page := self.wanted(now, after=after):
            yield from page
            after = page[-1].mv

    def get(self, mv: ModuleVersion) -> VersionRow | None:
        """Return one row, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {COLUMNS} FROM versions WHERE path = ? AND version = ?",  # noqa: S608 - own names
            (mv.path, mv.version),
        )
        return None if row is None else version_row(row)

    def of(self, path: str) -> list[VersionRow]:
        """Return all rows of a module, whatever their state.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {COLUMNS} FROM versions WHERE path = ? ORDER BY version",  # noqa: S608 - own names
            (path,),
        )
        return [version_row(row) for row in found]

    def carried(self, path: str) -> list[VersionRow]:
        """Return the rows of a module of which the store has something.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return [row for row in self.of(path) if row.carried is not None]

    def known(self, path: str) -> set[str]:
        """Return the versions of a module that have a row.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT version FROM versions WHERE path = ?", (path,)
        )
        return {row[0] for row in found}

    def gone(self) -> dict[ModuleVersion, str]:
        """Return what upstream definitely has not, and when the index named it last.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, version, coalesce(index_time, '') FROM versions"
            " WHERE state = 'gone'"
        )
        return {ModuleVersion(row[0], row[1]): row[2] for row in found}

    def digests(self, *, changed_after: int = -1) -> set[str]:
        """Return every blob that a row of the catalog names, artifacts' too.

        What waits for its proof names blobs, too.

        Args:
            changed_after: Leave versions out that did not change after this number; a
                row that begins to name a blob changes.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT info_digest, mod_digest, zip_digest FROM versions"
            " WHERE changed > ? UNION ALL SELECT digest, NULL, NULL FROM artifacts"
            " UNION ALL SELECT info_digest, mod_digest, zip_digest FROM unproven",
            (changed_after,),
        )
        return {digest for row in found for digest in row if digest is not None}

    def named_blobs(self) -> DigestSet:
        """Return what ``digests`` does of all versions, in little memory.

        Read page by page: what a row names that changed since is told by its number.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = DigestSet()
        for row in pages(
            self._connection,
            "SELECT path, version, info_digest, mod_digest, zip_digest FROM versions"
            " WHERE (path, version) > (?, ?)",
        ):
            for digest in row[2:]:
                if digest is not None:
                    found.add(digest)
        for digest in self.digests(changed_after=LAST_CHANGE):
            found.add(digest)  # of artifacts, and of what is unproven
        return found

    def all_rows(self, prefix: str = "") -> Iterator[VersionRow]:
        """Yield every row by path and version, read page by page.

        Args:
            prefix: What the paths begin with; no others are gone over.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = pages(
            self._connection,
            f"SELECT {COLUMNS} FROM versions WHERE (path, version) > (?, ?)"  # noqa: S608 - own names
            " AND path < ?",
            f"{prefix}{LAST}",
            prefix=prefix,
        )
        yield from map(version_row, found)

    def count_modules(self, *, everything: bool, prefix: str = "") -> list[ModuleCount]:
        """Return how many versions of each module there are, by path.

        Args:
            everything: Also what is not listed (``VersionRow.is_listed``).
            prefix: What the paths begin with.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        condition = "TRUE" if everything else LISTED
        needed, tools = (
            ", ".join(f"'{each.value}'" for each in FoundBy if each.role is role)
            for role in (VersionRole.DEPENDENCY, VersionRole.TOOL)
        )
        found = self._connection.rows(
            "SELECT path, sum(zip_digest IS NOT NULL),"  # noqa: S608 - own names
            f" sum(zip_digest IS NOT NULL AND found_by IN ({needed})),"
            f" sum(zip_digest IS NOT NULL AND found_by IN ({tools})),"
            " sum(zip_digest IS NULL AND mod_digest IS NOT NULL),"
            " sum(zip_digest IS NULL AND mod_digest IS NULL)"
            f" FROM versions WHERE {condition} AND path >= ? AND path < ?"
            " GROUP BY path ORDER BY path",
            (prefix, f"{prefix}{LAST}"),
        )
        return [ModuleCount(*row) for row in found]

    def carried_paths(self, *, changed_after: int = -1) -> list[str]:
        """Return the modules of which something changed after a number, sorted.

        With the default: all modules of which trees show something, if only that
        a version was withdrawn. With a number also those of which they show nothing
        any more.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        condition = PUBLISHED if changed_after < 0 else "changed > :seq"
        distinct = "DISTINCT" if changed_after < 0 else ""  # would go over all rows
        values: dict[str, SqlValue] = {"seq": changed_after}
        found = self._connection.rows(
            f"SELECT {distinct} path FROM versions WHERE {condition}",  # noqa: S608 - own names
            values,
        )
        withdrawn = self._connection.rows(
            "SELECT path FROM withdrawn WHERE changed > :seq", values
        )
        return sorted({row[0] for row in (*found, *withdrawn)})

    def paths(self, prefix: str, limit: int) -> list[str]:
        """Return the first modules whose path begins so, in their order.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT DISTINCT path FROM versions WHERE path >= ? AND path < ?"
            " ORDER BY path LIMIT ?",
            (prefix, f"{prefix}{LAST}", limit),
        )
        return [row[0] for row in found]

    def has_whole(self, path: str | None = None) -> bool:
        """Return whether some version of a module, or of any, is carried whole.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        if path is None:
            found = self._connection.row(
                "SELECT 1 FROM version_sums WHERE has_zip = 1 AND versions > 0"
            )
        else:
            found = self._connection.row(
                "SELECT 1 FROM versions WHERE path = ? AND zip_digest IS NOT NULL"
                " LIMIT 1",
                (path,),
            )
        return found is not None

    def whole_paths(self) -> set[str]:
        """Return the modules of which some version is carried whole.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT DISTINCT path FROM versions WHERE zip_digest IS NOT NULL"
        )
        return {row[0] for row in found}

    def last_change_of(self, path: str) -> int:
        """Return the number of a module's newest change, 0 when there was none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT max(changed) FROM ("
            "SELECT changed FROM versions WHERE path = :path"
            " UNION ALL SELECT changed FROM withdrawn WHERE path = :path)",
            {"path": path},
        )
        return int(row[0] or 0) if row else 0

    def pinned(self) -> list[ModuleVersion]:
        """Return what is carried and vouched for by our first sight alone.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, version FROM versions WHERE proof = 'pinned'"
            " AND mod_digest IS NOT NULL ORDER BY path, version"
        )
        return [ModuleVersion(row[0], row[1]) for row in found]

    def last_change(self) -> int:
        """Return the number of the newest change, 0 when there was none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return last_number(self._connection, "changed")

    def counts(self) -> dict[State, int]:
        """Return how many versions are in each state, withdrawn ones apart.

        Zeros are included.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        counts = dict.fromkeys(State, 0)
        for sign, condition in ((1, "TRUE"), (-1, "withdrawn = 1")):  # two indexes
            for state, count in self._connection.rows(
                f"SELECT state, count(*) FROM versions WHERE {condition}"  # noqa: S608 - own names
                " GROUP BY state"
            ):
                counts[_state(state)] += sign * count
        return counts
