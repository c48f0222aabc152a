"""The tables of bundles made here, of what their sites hold, and their tiles."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from gosync.artifact import Artifact
from gosync.catalog.bundles import BundleKind, BundleRow, BundleState
from gosync.catalog.held_sets import HeldSets
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.versions import Need
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.spans import Spans, unite

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue

_COLUMNS = ", ".join(BundleRow.__struct_fields__)
_OPEN = "state IN ('planned', 'written')"
_IS_BASE = {
    False: "state = 'acked'",
    True: "state IN ('sealed', 'acked')",
}
_HELD_TABLES = ("bundle_held", "bundle_tiles", "bundle_artifacts")
# Holds are kept from the last acked bundle on; open and revoked ones have none.
_FORGET_HOLDS = tuple(
    f"""
DELETE FROM {table} WHERE target = :target AND sequence NOT IN (
    SELECT sequence FROM bundles WHERE target = :target
        AND {_IS_BASE[True]} AND sequence >= coalesce((
            SELECT max(sequence) FROM bundles
            WHERE target = :target AND {_IS_BASE[False]}
        ), 0)
)
"""  # noqa: S608 - own names
    for table in _HELD_TABLES
)


class Bundles:
    """The tables of bundles made here and of what their sites hold."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held = HeldSets(connection)

    def plan(
        self,
        target: str,
        *,
        kind: BundleKind,
        base_sequence: int | None,
        after: int,
        now: datetime,
    ) -> BundleRow:
        """Take the next sequence of a target, or that of a killed create.

        A receiver takes no newer number with an older time. So if the clock was
        ahead once and went back, the newest bundle's time is taken again.

        Args:
            target: The site.
            kind: What the bundle will carry.
            base_sequence: What it builds on, None for nothing.
            after: A sequence that the site is known to have taken in, 0 for none.
            now: The time that the header will name, unless the same was planned
                before, or a bundle that may have arrived names a later one.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            left = self._row(f"target = ? AND {_OPEN}", target)
            taken, latest = self._newest(target)
            sequence = max(after, taken) + 1
            moment = max(format_time(now), latest)
            if left is not None:
                same = (left.sequence, left.kind, left.base_sequence)
                if same == (sequence, kind, base_sequence):
                    moment = left.planned_at
                self._connection.write(
                    f"DELETE FROM bundles WHERE target = ? AND {_OPEN}",  # noqa: S608
                    (target,),
                )
            self._connection.write(
                "INSERT INTO bundles"
                " (target, sequence, state, kind, base_sequence, planned_at)"
                " VALUES (?, ?, 'planned', ?, ?, ?)",
                (target, sequence, kind.value, base_sequence, moment),
            )
        return self._require(target, sequence)

    def _newest(self, target: str) -> tuple[int, str]:
        """Return the highest number in use, and the latest time that arrived, or ""."""
        row = self._connection.row(
            "SELECT coalesce(max(sequence), 0),"  # noqa: S608 - own names
            f" coalesce(max(planned_at) FILTER (WHERE {_IS_BASE[True]}), '')"
            f" FROM bundles WHERE target = ? AND NOT {_OPEN}",
            (target,),
        )
        assert row is not None
        return int(row[0]), str(row[1])

    def write(self, row: BundleRow, bundle_id: str, *, tree_size: int | None) -> None:
        """Say that a planned bundle's files are durable.

        Raises:
            CatalogError: the catalog cannot be written, or the id is another's.
        """
        self._connection.write(
            f"UPDATE bundles SET state = 'written', bundle_id = ?, tree_size = ?"  # noqa: S608
            f" WHERE target = ? AND sequence = ? AND {_OPEN}",
            (bundle_id, tree_size, row.target, row.sequence),
        )

    def seal(
        self,
        row: BundleRow,
        holds: Iterable[tuple[ModuleVersion, Need]],
        tiles: Mapping[int, Spans] = MappingProxyType({}),
        artifacts: Iterable[Artifact] = (),
        *,
        now: datetime,
    ) -> BundleRow:
        """Say that a written bundle was proven, and what its site has after it.

        Args:
            row: The bundle; its rules are those that made its selection.
            holds: How much of which versions.
            tiles: By level, numbers of full tiles for clients with older heads.
            artifacts: Which files beside versions.
            now: The time.

        Raises:
            CatalogError: the catalog cannot be written, or it was not written.
        """
        with self._connection.transaction():
            self._connection.write(
                "UPDATE bundles SET state = 'sealed', sealed_at = ?,"
                " rules_fingerprint = ?, rules = ? WHERE target = ? AND sequence = ?",
                (
                    format_time(now),
                    row.rules_fingerprint,
                    row.rules,
                    row.target,
                    row.sequence,
                ),
            )
            self._held.put(row.target, row.sequence, holds)
            self._connection.write_many(
                "INSERT INTO bundle_tiles VALUES (?, ?, ?, ?, ?)",
                (
                    (row.target, row.sequence, level, first, last)
                    for level, spans in tiles.items()
                    for first, last in spans
                ),
            )
            self._connection.write_many(
                "INSERT INTO bundle_artifacts VALUES (?, ?, ?, ?, ?)",
                ((row.target, row.sequence, *a.key, a.digest) for a in artifacts),
            )
        return self._require(row.target, row.sequence)

    def restore(self, row: BundleRow) -> None:
        """Put a bundle into the ledger as it stands; what its site holds is unknown.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        marks = ", ".join("?" for _ in BundleRow.__struct_fields__)
        values = [getattr(row, name) for name in BundleRow.__struct_fields__]
        key = (row.target, row.sequence)
        with self._connection.transaction():
            for table in (*_HELD_TABLES, "bundles"):
                self._connection.write(
                    f"DELETE FROM {table} WHERE target = ? AND sequence = ?",  # noqa: S608 - own names
                    key,
                )
            self._connection.write(f"INSERT INTO bundles VALUES ({marks})", values)  # noqa: S608 - own names
            self._held.sweep()

    def ack(
        self, row: BundleRow, *, now: datetime, takes: Collection[str] | None = None
    ) -> None:
        """Say that a bundle's receipt came; forget what older bases held.

        Args:
            row: The bundle, with what its site reads.
            now: When it came, unless it came before.
            takes: The kinds of artifacts that its site takes in: of others it has
                none. None where nobody knows.

        Raises:
            CatalogError: the catalog cannot be written, or it was not sealed.
        """
        with self._connection.transaction():
            change = "state = 'acked', acked_at = ?, reads = ?"
            self._move(row, change, row.acked_at or format_time(now), row.reads)
            if takes is not None:
                self._connection.write(
                    "DELETE FROM bundle_artifacts WHERE target = ? AND sequence = ?"
                    " AND kind NOT IN (SELECT value FROM json_each(?))",
                    (row.target, row.sequence, json.dumps(sorted(takes))),
                )

    def revoke(self, row: BundleRow) -> None:
        """Say that a bundle is no base any more.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._move(row, "state = 'revoked', acked_at = NULL")

    def _move(self, row: BundleRow, change: str, *values: SqlValue) -> None:
        with self._connection.transaction():
            self._connection.write(
                f"UPDATE bundles SET {change} WHERE target = ? AND sequence = ?",  # noqa: S608 - own names
                (*values, row.target, row.sequence),
            )
            for sql in _FORGET_HOLDS:
                self._connection.write(sql, {"target": row.target})
            self._held.sweep()

    def base(self, target: str, *, sealed: bool) -> BundleRow | None:
        """Return the newest bundle that the next may build on, or None.

        Args:
            target: The site.
            sealed: Whether one without a receipt will do.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._row(f"target = ? AND {_IS_BASE[sealed]}", target)

    def holds(self, row: BundleRow) -> Mapping[ModuleVersion, Need]:
        """Return how much of which versions the site has once it took this in.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._held.get(row.target, row.sequence)

    def held_digest(self, row: BundleRow) -> str | None:
        """Return what names these versions (``digest_of_set``), None for no name.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._held.digest(row.target, row.sequence)

    def tiles(self, row: BundleRow) -> Mapping[int, Spans]:
        """Return the full tiles for older heads that the site has with this, by level.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT level, first, last FROM bundle_tiles"
            " WHERE target = ? AND sequence = ?",
            (row.target, row.sequence),
        )
        spans: dict[int, list[tuple[int, int]]] = {}
        for level, first, last in found:
            spans.setdefault(level, []).append((first, last))
        return {level: unite(each) for level, each in spans.items()}

    def artifacts(self, row: BundleRow) -> Mapping[tuple[str, str], str]:
        """Return the digests of the artifacts that the site has with this.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT kind, name, digest FROM bundle_artifacts"
            " WHERE target = ? AND sequence = ?",
            (row.target, row.sequence),
        )
        return {(kind, name): digest for kind, name, digest in found}

    def reads(self, target: str) -> str | None:
        """Return what a site can read, as its newest receipt says: JSON, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._row("target = ? AND reads IS NOT NULL", target)
        return None if row is None else row.reads

    def tree_sizes(self, target: str) -> list[int]:
        """Return the sizes of all tree heads that a target was sent, ascending.

        Its clients may know any of them, one of a revoked bundle too.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT DISTINCT tree_size FROM bundles WHERE target = ?"
            " AND tree_size IS NOT NULL ORDER BY tree_size",
            (target,),
        )
        return [row[0] for row in found]

    def get(self, target: str, sequence: int) -> BundleRow | None:
        """Return one bundle, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._row("target = ? AND sequence = ?", target, sequence)

    def find(self, id_prefix: str) -> list[BundleRow]:
        """Return the bundles whose id begins so.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows(
            "substr(bundle_id, 1, ?) = ?", len(id_prefix), id_prefix.lower()
        )

    def all(self, target: str | None = None) -> list[BundleRow]:
        """Return all bundles, of one target or of all, oldest first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._rows("? IS NULL OR target = ?", target, target)

    def _require(self, target: str, sequence: int) -> BundleRow:
        row = self.get(target, sequence)
        assert row is not None
        return row

    def _row(self, condition: str, *values: SqlValue) -> BundleRow | None:
        found = self._rows(condition, *values)
        return found[-1] if found else None

    def _rows(self, condition: str, *values: SqlValue) -> list[BundleRow]:
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM bundles WHERE {condition}"  # noqa: S608 - own names
            " ORDER BY target, sequence",
            values,
        )
        return [_bundle_row(row) for row in found]


@reading_row
def _bundle_row(row: sqlite3.Row) -> BundleRow:
    target, sequence, state, kind, *others = row
    return BundleRow(target, sequence, BundleState(state), BundleKind(kind), *others)
