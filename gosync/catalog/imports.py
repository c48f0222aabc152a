"""Imports: bundles that came in, staged until what they build on is here.

A staged one's files lie in the store, until it is applied or a newer one is. Of one
target each sequence comes in once: two bundles of one number are a finding.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from gosync.catalog.bundles import BundleKind
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue


class ImportState(StrEnum):
    """What became of a bundle that came in."""

    STAGED = "staged"
    APPLIED = "applied"


class ImportRow(msgspec.Struct, frozen=True):
    """One bundle that came in; the fields are the table's columns, in their order.

    Attributes:
        bundle_id: Its id.
        target: The site that it is for.
        sequence: Its number among that site's bundles.
        kind: What it carries.
        created_at: The time that its header names.
        state: What became of it.
        moved_at: When it came to this state; "" before that.
        tree_size: The records of the tree head that it carries, None for no head.
    """

    bundle_id: str
    target: str
    sequence: int
    kind: BundleKind
    created_at: str
    state: ImportState = ImportState.STAGED
    moved_at: str = ""
    tree_size: int | None = None


_COLUMNS = ", ".join(ImportRow.__struct_fields__)
_MARKS = ", ".join("?" for _ in ImportRow.__struct_fields__)


class Imports:
    """The table of bundles that came in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: ImportRow, state: ImportState, *, now: datetime) -> None:
        """Write down what became of a bundle.

        Raises:
            CatalogError: the catalog cannot be written, or another bundle has its
                sequence.
        """
        values: tuple[SqlValue, ...] = (
            row.bundle_id,
            row.target,
            row.sequence,
            row.kind.value,
            row.created_at,
            state.value,
            format_time(now),
            row.tree_size,
        )
        self._connection.write(
            f"INSERT INTO imports ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 - own names
            " ON CONFLICT (bundle_id) DO UPDATE"
            " SET state = excluded.state, moved_at = excluded.moved_at",
            values,
        )

    def drop(self, bundle_id: str) -> None:
        """Forget a staged bundle.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "DELETE FROM imports WHERE bundle_id = ? AND state = 'staged'", (bundle_id,)
        )

    def get(self, bundle_id: str) -> ImportRow | None:
        """Return what became of a bundle, None when it never came.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return _last(self._rows("bundle_id = ?", bundle_id))

    def newest(self) -> ImportRow | None:
        """Return the applied bundle of the highest sequence, None before any.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return _last(self._rows("state = 'applied'"))

    def staged(self) -> list[ImportRow]:
        """Return the staged bundles by their sequence.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("state = 'staged'")

    def all(self) -> list[ImportRow]:
        """Return all of them by their sequence.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("TRUE")

    def _rows(self, condition: str, *values: SqlValue) -> list[ImportRow]:
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM imports WHERE {condition}"  # noqa: S608 - own names
            " ORDER BY sequence",
            values,
        )
        return [_import_row(row) for row in found]


def _last(rows: list[ImportRow]) -> ImportRow | None:
    return rows[-1] if rows else None


@reading_row
def _import_row(row: sqlite3.Row) -> ImportRow:
    bundle_id, target, sequence, kind, created_at, state, moved_at, size = row
    return ImportRow(
        bundle_id,
        target,
        sequence,
        BundleKind(kind),
        created_at,
        ImportState(state),
        moved_at,
        size,
    )
