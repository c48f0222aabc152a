"""Pulled versions: wanted because a server was asked for them, and by nothing else.

They are selected as what a command asked for is, so that no selection drops them. Once
a selection wants as much of a version as there is, it is the selection's, and none of
these any more. ``base`` is what a select wants of it all the time: its ``.mod``, which
stays when the rest is let go.

When a version was asked for last is kept by the day, and told in many at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from gosync.catalog.counters import next_number
from gosync.catalog.version_sql import PUBLISHED
from gosync.catalog.versions import FoundBy, Need
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion, OfVersion

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue

_DAY: Final = len("2026-01-01")
_THIS: Final = "path = :path AND version = :version"
_SELECT: Final = f"""
UPDATE versions SET found_by = 'command', selected = :need, unselected_at = NULL,
    changed = CASE WHEN {PUBLISHED} THEN changed ELSE :changed END
WHERE {_THIS}
"""  # noqa: S608 - own names
_ADD: Final = """
INSERT INTO pulled (path, version, pulled_at, used_on, base)
VALUES (:path, :version, :now, :day, :base)
ON CONFLICT (path, version) DO UPDATE SET used_on = :day
"""
# A selection wants all that there is: it is the selection's.
_PROMOTED: Final = """
SELECT 1 FROM pulled AS p
JOIN wanted_now AS w ON w.path = p.path AND w.version = p.version
JOIN versions AS v ON v.path = p.path AND v.version = p.version
WHERE p.path = {0}.path AND p.version = {0}.version
    AND (w.need = 'zip' OR v.zip_digest IS NULL)
"""
_WANTED: Final = """
SELECT 1 FROM wanted_now AS w WHERE w.path = pulled.path AND w.version = pulled.version
"""
_LATEST_FIRST: Final = """
SELECT p.path, p.version, p.pulled_at, p.used_on, p.base,
    coalesce(v.zip_bytes, 0) + coalesce(v.mod_bytes, 0) + coalesce(v.info_bytes, 0)
FROM pulled AS p JOIN versions AS v ON v.path = p.path AND v.version = p.version
ORDER BY p.used_on DESC, p.pulled_at DESC, p.path, p.version
"""
_RELEASE: Final = f"""
UPDATE versions SET found_by = 'config', unselected_at = :now,
    selected = (SELECT base FROM pulled WHERE {_THIS})
WHERE {_THIS}
"""  # noqa: S608 - own names


class PulledVersion(OfVersion, msgspec.Struct, frozen=True):
    """A pulled version.

    Attributes:
        path: The module path.
        version: The version.
        pulled_at: When it was asked for first.
        used_on: The day when it was asked for last.
        base: What a select wants of it besides: its ``.mod``, or nothing.
        size_bytes: The sizes of its files.
    """

    path: str
    version: str
    pulled_at: str
    used_on: str
    base: Need | None
    size_bytes: int


class PulledVersions:
    """The table of pulled versions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def pull(self, mv: ModuleVersion, need: Need, now: datetime) -> None:
        """Want as much of a version, because somebody asked a server for it.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        row = self._connection.row(
            f"SELECT selected, found_by FROM versions WHERE {_THIS}",  # noqa: S608 - own names
            _key(mv),
        )
        if row is None or row[0] in (Need.ZIP, need):
            return
        moment = format_time(now)
        is_ours = row[1] == FoundBy.COMMAND and self.has(mv)
        values: dict[str, SqlValue] = {
            **_key(mv),
            "need": need.value,
            "now": moment,
            "day": moment[:_DAY],
            "base": None if is_ours else row[0],
        }
        with self._connection.transaction():
            changed = next_number(self._connection, "changed")
            self._connection.write(_SELECT, {**values, "changed": changed})
            self._connection.write(_ADD, values)

    def has(self, mv: ModuleVersion) -> bool:
        """Return whether a version is one of these.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.row(
            f"SELECT 1 FROM pulled WHERE {_THIS}",  # noqa: S608 - own names
            _key(mv),
        )
        return found is not None

    def latest_first(self) -> list[PulledVersion]:
        """Return all, those that were asked for last first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return [
            PulledVersion(
                path=row[0],
                version=row[1],
                pulled_at=row[2],
                used_on=row[3],
                base=None if row[4] is None else Need(row[4]),
                size_bytes=row[5],
            )
            for row in self._connection.rows(_LATEST_FIRST)
        ]

    def use(self, versions: Iterable[ModuleVersion], now: datetime) -> int:
        """Write down that these were asked for today; return how many that changes.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        day = format_time(now)[:_DAY]
        return self._connection.write_many(
            "UPDATE pulled SET used_on = ? WHERE path = ? AND version = ?"
            " AND used_on < ?",
            ((day, mv.path, mv.version, day) for mv in versions),
        )

    def release(self, versions: Iterable[ModuleVersion], now: datetime) -> None:
        """Want these no more, but for what a select wants of them.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(now)
        with self._connection.transaction():
            for mv in versions:
                self._connection.write(_RELEASE, {**_key(mv), "now": moment})
                self._connection.write(f"DELETE FROM pulled WHERE {_THIS}", _key(mv))  # noqa: S608 - own names

    def settle(self, *, complete: bool) -> None:
        """Give up those that the selection in ``wanted_now`` wants itself.

        Args:
            complete: Whether the selection is everything that is wanted.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        of_version, of_pulled = _PROMOTED.format("versions"), _PROMOTED.format("pulled")
        self._connection.write(
            "UPDATE versions SET found_by = 'config'"  # noqa: S608 - own names
            f" WHERE found_by = 'command' AND EXISTS ({of_version})"
        )
        self._connection.write(f"DELETE FROM pulled WHERE EXISTS ({of_pulled})")  # noqa: S608 - own names
        self._connection.write(
            f"UPDATE pulled SET base = 'mod' WHERE base IS NULL AND EXISTS ({_WANTED})"  # noqa: S608 - own names
        )
        if complete:
            self._connection.write(
                "UPDATE pulled SET base = NULL"  # noqa: S608 - own names
                f" WHERE base IS NOT NULL AND NOT EXISTS ({_WANTED})"
            )


def _key(mv: ModuleVersion) -> dict[str, SqlValue]:
    return {"path": mv.path, "version": mv.version}
