"""Modules that are followed: those whose ``list`` and ``@latest`` are asked again.

A module that is named only by exact versions is not followed and has no row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time, shift

PAGE_MODULES = 500


class Module(msgspec.Struct, frozen=True):
    """A followed module; the fields are the table's columns, in their order.

    Attributes:
        path: The module path, checked.
        private: Whether it must not be asked of public services.
        tracked_by: Why it is followed: "config", "index", "command" or, for
            the upgrades of what something requires, "dependency".
        listed_at: When its list was last had, or None.
        list_digest: sha256 of the versions in that answer, or None.
        pseudo_only: Whether that list was empty.
        latest: The version that ``@latest`` named then, or None.
        facts: What its newest go.mod says of its versions, as JSON; None until
            that is known.
        facts_for: The ``list_digest`` that this was learned for.
    """

    path: str
    private: bool = False
    tracked_by: str = "config"
    listed_at: str | None = None
    list_digest: str | None = None
    pseudo_only: bool = False
    latest: str | None = None
    facts: str | None = None
    facts_for: str | None = None


_COLUMNS = ", ".join(Module.__struct_fields__)

_TRACK = """
INSERT INTO modules (path, private, tracked_by) VALUES (?, ?, ?)
ON CONFLICT (path) DO UPDATE SET
    private = excluded.private,
    tracked_by = excluded.tracked_by
WHERE private <> excluded.private OR tracked_by <> excluded.tracked_by
"""


@reading_row
def _module(row: sqlite3.Row) -> Module:
    path, private, tracked_by, listed_at, digest, pseudo_only, *said = row
    latest, facts, facts_for = said
    return Module(
        path,
        private=bool(private),
        tracked_by=tracked_by,
        listed_at=listed_at,
        list_digest=digest,
        pseudo_only=bool(pseudo_only),
        latest=latest,
        facts=facts,
        facts_for=facts_for,
    )


class Modules:
    """The table of followed modules."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def track(self, modules: Iterable[Module]) -> int:
        """Follow these modules; return how many rows were new or changed.

        What the last list said is kept.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._connection.write_many(
            _TRACK,
            (
                (module.path, int(module.private), module.tracked_by)
                for module in modules
            ),
        )

    def untrack(self, paths: Iterable[str]) -> int:
        """Follow these modules no longer; their versions stay.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._connection.write_many(
            "DELETE FROM modules WHERE path = ?", ((path,) for path in paths)
        )

    def make_due(self, paths: Iterable[str]) -> int:
        """Let these modules' lists be asked at the next occasion.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._connection.write_many(
            "UPDATE modules SET listed_at = NULL WHERE path = ?",
            ((path,) for path in paths),
        )

    def get(self, path: str) -> Module | None:
        """Return one module, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM modules WHERE path = ?",  # noqa: S608 - own names
            (path,),
        )
        return None if row is None else _module(row)

    def all(self) -> list[Module]:
        """Return every followed module by path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(f"SELECT {_COLUMNS} FROM modules ORDER BY path")  # noqa: S608 - own names
        return [_module(row) for row in found]

    def count(self) -> int:
        """Return how many modules are followed.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT count(*) FROM modules")
        return 0 if row is None else int(row[0])

    def paths(self, prefix: str) -> Iterator[str]:
        """Yield the followed modules whose paths begin so, by path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        after = ""
        while True:
            page = self._connection.rows(
                "SELECT path FROM modules WHERE path >= ? AND path > ? AND path < ?"
                " ORDER BY path LIMIT ?",
                (prefix, after, f"{prefix}\U0010ffff", PAGE_MODULES),
            )
            if not page:
                return
            yield from (row[0] for row in page)
            after = page[-1][0]

    def dependencies(self) -> list[str]:
        """Return the modules that are followed because something requires them.

        Those alone that public services may be asked for.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM modules WHERE tracked_by = 'dependency' AND private = 0"
        )
        return [row[0] for row in found]

    def independent(self) -> list[str]:
        """Return the modules that are followed for any other reason, by path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM modules WHERE tracked_by <> 'dependency' ORDER BY path"
        )
        return [row[0] for row in found]

    def list_ages(self) -> tuple[str | None, int]:
        """Return when the oldest list was had, and of how many there never was one.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        oldest = self._connection.row("SELECT min(listed_at) FROM modules")
        never = self._connection.row(
            "SELECT count(*) FROM modules WHERE listed_at IS NULL"
        )
        return (oldest[0] if oldest else None), (never[0] if never else 0)

    def due(self, now: datetime, *, interval_seconds: float) -> list[Module]:
        """Return the modules whose list is older than the interval, by path.

        A module whose last try failed waits for its failure's next try. A list that
        was asked later than now was asked by a clock that was wrong.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM modules AS m WHERE"  # noqa: S608 - own names
            " (listed_at IS NULL OR listed_at <= :listed OR listed_at > :now)"
            " AND NOT EXISTS (SELECT 1 FROM failures AS f WHERE f.path = m.path"
            " AND f.version = '' AND f.next_try_at > :now) ORDER BY path",
            {
                "listed": format_time(shift(now, -timedelta(seconds=interval_seconds))),
                "now": format_time(now),
            },
        )
        return [_module(row) for row in found]

    def listed(
        self,
        path: str,
        at: datetime,
        *,
        list_digest: str,
        pseudo_only: bool,
        latest: str | None,
    ) -> None:
        """Remember when and with what result a module was listed.

        What its go.mod says is kept until it has been learned anew.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE modules SET listed_at = ?, list_digest = ?, pseudo_only = ?,"
            " latest = ? WHERE path = ?",
            (format_time(at), list_digest, int(pseudo_only), latest, path),
        )

    def lacking_facts(self) -> list[str]:
        """Return the modules whose list has changed since their go.mod was read.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM modules WHERE facts_for IS NOT list_digest ORDER BY path"
        )
        return [row[0] for row in found]

    def set_latest(self, path: str, latest: str | None) -> None:
        """Remember what ``@latest`` names.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE modules SET latest = ? WHERE path = ?", (latest, path)
        )

    def last_listed_at(self) -> str:
        """Return when a list was had last, "" for never.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT max(listed_at) FROM modules")
        return "" if row is None else row[0] or ""

    def set_facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Remember what modules' go.mod say, as JSON, by path.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "UPDATE modules SET facts = ?, facts_for = list_digest WHERE path = ?",
            ((document, path) for path, document in facts),
        )

    def listed_again(self, paths: Iterable[str], at: datetime) -> None:
        """Remember that these modules were listed with nothing new, all at once.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(at)
        self._connection.write_many(
            "UPDATE modules SET listed_at = ? WHERE path = ?",
            ((moment, path) for path in paths),
        )
