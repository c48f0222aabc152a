"""The table of withdrawn versions; what its rows are, ``withdrawn`` says."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from typing import Final

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.counters import next_number
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.withdrawn import ToldBy, Withdrawal
from gosync.gomod.module import ModuleVersion

_COLUMNS = "path, version, told_by, reason, withdrawn_at, undone_at, needed_by"
_PUT = f"""
INSERT INTO withdrawn ({_COLUMNS}, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (path, version, told_by) DO UPDATE SET
    reason = excluded.reason, withdrawn_at = excluded.withdrawn_at,
    undone_at = excluded.undone_at, needed_by = excluded.needed_by,
    changed = excluded.changed
"""  # noqa: S608 - own names
_IN_FORCE = "undone_at IS NULL"


class WithdrawnVersions:
    """The table of withdrawn versions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, withdrawals: Iterable[Withdrawal]) -> int:
        """Write these as they stand, in force or undone; return how many.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        rows = list(withdrawals)
        if not rows:
            return 0
        with self._connection.transaction():
            changed = next_number(self._connection, "changed")
            for each in rows:
                self._connection.write(_PUT, (*_values(each), changed))
        return len(rows)

    def all(self) -> list[Withdrawal]:
        """Return each withdrawn version once, by path and version.

        Where an operator here and a bundle withdrew it, the operator's is returned.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return _once(self._rows(_IN_FORCE))

    def get(self, mv: ModuleVersion) -> Withdrawal | None:
        """Return the withdrawal that is in force, the operator's before a bundle's.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._rows(
            f"path = ? AND version = ? AND {_IN_FORCE}", mv.path, mv.version
        )
        return _once(found)[0] if found else None

    def of(self, path: str) -> list[Withdrawal]:
        """Return a module's withdrawn versions, each once.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return _once(self._rows(f"path = ? AND {_IN_FORCE}", path))

    def changed_after(self, number: int) -> bool:
        """Return whether anything was withdrawn or undone after a change.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT 1 FROM withdrawn WHERE changed > ? LIMIT 1", (number,)
        )
        return row is not None

    def selected(self) -> list[Withdrawal]:
        """Return those that the present selection wants.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, version FROM versions"
            " WHERE withdrawn = 1 AND selected IS NOT NULL"
        )
        wanted = {ModuleVersion(row[0], row[1]) for row in found}
        return [each for each in self.all() if each.mv in wanted]

    def all_by_path(self) -> dict[str, list[Withdrawal]]:
        """Return the same, by module path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found: dict[str, list[Withdrawal]] = {}
        for each in self.all():
            found.setdefault(each.path, []).append(each)
        return found

    def known(self) -> list[Withdrawal]:
        """Return all that was ever withdrawn, undone or not, by whoever told of it.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("TRUE")

    def told_by(self, who: ToldBy) -> list[Withdrawal]:
        """Return what one of the two has withdrawn, and not undone.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows(f"told_by = ? AND {_IN_FORCE}", who.value)

    def newest(self, *, limit: int) -> list[Withdrawal]:
        """Return what was withdrawn or undone last, newest first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM withdrawn"  # noqa: S608 - own names
            " ORDER BY coalesce(undone_at, withdrawn_at) DESC, path, version LIMIT ?",
            (limit,),
        )
        return [_withdrawal(row) for row in found]

    def tell(self, target: str, sequence: int, digest: str) -> None:
        """Say of what a bundle tells its site that it is withdrawn.

        Args:
            target: Whom it is for.
            sequence: Its number.
            digest: Of the withdrawals in its manifest; see ``digest_of``.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.replace(
            "bundle_withdrawals",
            [{"target": target, "sequence": sequence, "digest": digest}],
        )

    def is_told(self, target: str, sequence: int, digest: str) -> bool:
        """Return whether a bundle told its site of just these withdrawals.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT digest FROM bundle_withdrawals WHERE target = ? AND sequence = ?",
            (target, sequence),
        )
        return digest == (NOTHING_WITHDRAWN if row is None else row[0])

    def _rows(self, condition: str, *values: str) -> list[Withdrawal]:
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM withdrawn WHERE {condition}"  # noqa: S608 - own names
            " ORDER BY path, version, told_by = 'bundle'",
            values,
        )
        return [_withdrawal(row) for row in found]


def _once(rows: Iterable[Withdrawal]) -> list[Withdrawal]:
    """Return the first of each version."""
    found: dict[ModuleVersion, Withdrawal] = {}
    for row in rows:
        found.setdefault(row.mv, row)
    return list(found.values())


def digest_of(withdrawals: Iterable[Withdrawal]) -> str:
    """Return a digest of what is withdrawn and why, ordered as ``all`` orders it."""
    told = [(w.path, w.version, w.reason, w.withdrawn_at) for w in withdrawals]
    return hashlib.sha256(repr(told).encode()).hexdigest()


NOTHING_WITHDRAWN: Final = digest_of(())


def _values(each: Withdrawal) -> tuple[str | None, ...]:
    return (
        each.path,
        each.version,
        each.told_by.value,
        each.reason,
        each.withdrawn_at,
        each.undone_at,
        msgspec.json.encode(each.needed_by).decode(),
    )


@reading_row
def _withdrawal(row: sqlite3.Row) -> Withdrawal:
    path, version, told_by, reason, withdrawn_at, undone_at, needed_by = row
    return Withdrawal(
        path=path,
        version=version,
        told_by=ToldBy(told_by),
        reason=reason,
        withdrawn_at=withdrawn_at,
        undone_at=undone_at,
        needed_by=msgspec.json.decode(needed_by, type=tuple[str, ...]),
    )
