"""The table of the policy's rulings; what its rows are, ``rulings`` says.

``versions.denied`` follows in the same transaction, with the number of a change, so
that whatever asks what is due, shown or missing need not ask here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from gosync.catalog.connection import Connection
from gosync.catalog.counters import next_number
from gosync.catalog.rulings import Effect, Ruling
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion

_COLUMNS: Final = (
    "path, version, effect, rule, reason, known_from, exception, until, since,"
    " wanted_by, chain"
)
_PUT: Final = (
    f"REPLACE INTO rulings ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - own names
)
_DROP: Final = "DELETE FROM rulings WHERE path = ? AND version = ?"
# What was left out because it was denied is wanted again once it is not.
_MARK: Final = """
UPDATE versions SET changed = :changed, denied = :denied,
    state = iif(:denied = 0 AND state = 'omitted', 'wanted', state)
WHERE path = :path AND version = :version
"""


class RulingTable:
    """The table of rulings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace(
        self,
        rulings: Iterable[Ruling],
        now: datetime,
        *,
        paths: Collection[str] | None = None,
    ) -> None:
        """Make these the rulings; unchanged ones write nothing.

        Args:
            rulings: All of them, each of a version that has a row.
            now: The time; those that said the same before keep theirs.
            paths: The modules that they are of, None for all.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        before = {each.mv: each for each in self._of_paths(paths)}
        moment = format_time(now)
        after = {each.mv: _since(each, before, moment) for each in rulings}
        changed = [each for mv, each in after.items() if before.get(mv) != each]
        gone = before.keys() - after.keys()
        if not changed and not gone:
            return
        denied = {mv for mv, each in after.items() if each.is_denied}
        was_denied = {mv for mv, each in before.items() if each.is_denied}
        with self._connection.transaction():
            self._connection.write_many(_DROP, ((mv.path, mv.version) for mv in gone))
            self._connection.write_many(_PUT, map(_values, changed))
            self._mark(denied - was_denied, denied=True)
            self._mark(was_denied - denied, denied=False)

    def put(self, rulings: Iterable[Ruling]) -> None:
        """Write rulings anew that stand, with who wants what they are of.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(_PUT, map(_values, rulings))

    def all(self) -> list[Ruling]:
        """Return all rulings, by path and version.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("TRUE")

    def denied(self) -> list[Ruling]:
        """Return those of what is denied.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("effect = 'denied'")

    def get(self, mv: ModuleVersion) -> Ruling | None:
        """Return the ruling of one version, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._rows("path = ? AND version = ?", mv.path, mv.version)
        return found[0] if found else None

    def any(self) -> bool:
        """Return whether there is any ruling.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._connection.row("SELECT 1 FROM rulings LIMIT 1") is not None

    def _of_paths(self, paths: Collection[str] | None) -> list[Ruling]:
        if paths is None:
            return self.all()
        return [each for path in paths for each in self._rows("path = ?", path)]

    def _mark(self, versions: Collection[ModuleVersion], *, denied: bool) -> None:
        if not versions:
            return
        changed = next_number(self._connection, "changed")
        for mv in sorted(versions):
            self._connection.write(
                _MARK,
                {
                    "changed": changed,
                    "denied": int(denied),
                    "path": mv.path,
                    "version": mv.version,
                },
            )

    def _rows(self, condition: str, *values: str) -> list[Ruling]:
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM rulings WHERE {condition}"  # noqa: S608 - own names
            " ORDER BY path, version",
            values,
        )
        return [_ruling(row) for row in found]


def _since(ruling: Ruling, before: dict[ModuleVersion, Ruling], moment: str) -> Ruling:
    """Return a ruling with the time and the chain of the one that said the same."""
    was = before.get(ruling.mv)
    if was is None:
        return replace(ruling, since=moment)
    same = (was.effect, was.rule) == (ruling.effect, ruling.rule)
    return replace(
        ruling,
        since=was.since if same else moment,
        wanted_by=was.wanted_by,
        chain=was.chain,
    )


def _values(each: Ruling) -> tuple[str, ...]:
    return (
        *(each.path, each.version, each.effect.value, each.rule, each.reason),
        *(each.known_from, each.exception, each.until, each.since),
        *(each.wanted_by, msgspec.json.encode(each.chain).decode()),
    )


@reading_row
def _ruling(row: sqlite3.Row) -> Ruling:
    path, version, effect, rule, reason, known_from, *rest = row
    exception, until, since, wanted_by, chain = rest
    return Ruling(
        path=path,
        version=version,
        effect=Effect(effect),
        rule=rule,
        reason=reason,
        known_from=known_from,
        exception=exception,
        until=until,
        since=since,
        wanted_by=wanted_by,
        chain=msgspec.json.decode(chain, type=tuple[str, ...]),
    )
