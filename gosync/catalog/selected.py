"""Selected versions: what the selection wants, and what becomes of the others.

``versions.selected`` says how much of a version is wanted now; ``need`` how much
was ever asked for and has not been given up. Where less is wanted than there is,
``unselected_at`` says since when; a prune forgets it after a time of grace:

    selected      unselected_at
    'zip', 'mod'  NULL            wanted
    'mod'         a time          the zip is wanted no more
    NULL          a time          nothing of it is wanted any more
    NULL          NULL            never selected: a go.mod that was read to select

What a command asked for (``found_by`` 'command') stays selected. Otherwise
``found_by`` names what found a version first, until a selection wants it in another
role: a version that a select chose may be needed for another one alone by now.

A forgotten version leaves a tombstone, a row in state 'forgotten' without blobs,
until every tree has followed: a tree learns of changes from rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from gosync.catalog.counters import next_number
from gosync.catalog.pulled import PulledVersions
from gosync.catalog.selected_counts import SelectedCounts
from gosync.catalog.selected_sql import (
    ADD,
    COUNT_WIDENED,
    FILL,
    HAS_UNPUBLISHED,
    KEEP,
    TABLE,
    UPDATE,
)
from gosync.catalog.version_rows import COLUMNS, version_row
from gosync.catalog.versions import VersionRow, Want
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion

if TYPE_CHECKING:
    from gosync.catalog.connection import Connection, SqlValue

_KEY = attrgetter("path", "version")

# A rebuilt catalog does not know what was selected; only go.mod files that were
# read to select are left alone.
_UNSELECTED = """
found_by <> 'command' AND (
    selected IS NOT NULL OR (
        unselected_at IS NULL AND mod_digest IS NOT NULL
        AND found_by <> 'dependency'
    )
) AND NOT EXISTS (
    SELECT 1 FROM wanted_now AS w
    WHERE w.path = versions.path AND w.version = versions.version
)
"""
# What upstream says it does not have is remembered: the index may still name it.
_NEVER_HAD = (
    "selected IS NULL AND unselected_at IS NOT NULL AND mod_digest IS NULL"
    " AND state <> 'gone'"
)
_HEALED = """
DELETE FROM failures WHERE EXISTS (
    SELECT 1 FROM versions AS v WHERE v.path = failures.path
        AND v.version = failures.version AND v.state = 'present'
)
"""

_DUE = f"""
SELECT {COLUMNS} FROM versions WHERE unselected_at <= :before AND withdrawn = 0
    AND (mod_digest IS NOT NULL OR changed > 0)
UNION ALL
SELECT {COLUMNS} FROM versions AS v
WHERE selected IS NULL AND unselected_at IS NULL AND found_by = 'dependency'
    AND withdrawn = 0 AND admitted_at <= :before AND NOT EXISTS (
        SELECT 1 FROM modules AS m WHERE m.path = v.path
            AND json_extract(m.facts, '$.top') = v.version
    )
ORDER BY path, version
"""  # noqa: S608 - own names

_FORGET = """
UPDATE versions SET
    state = 'forgotten', changed = ?, need = 'mod', unselected_at = NULL,
    info_digest = NULL, info_bytes = NULL, mod_digest = NULL, mod_bytes = NULL,
    zip_digest = NULL, zip_bytes = NULL
WHERE path = ? AND version = ? AND selected IS NULL AND withdrawn = 0
"""
_NARROW = """
UPDATE versions SET
    need = 'mod', changed = ?, unselected_at = NULL,
    state = CASE WHEN mod_digest IS NULL THEN 'wanted' ELSE 'present' END,
    zip_digest = NULL, zip_bytes = NULL
WHERE path = ? AND version = ? AND selected = 'mod' AND withdrawn = 0
"""
_ASKED_PATHS = """
SELECT DISTINCT path FROM versions
WHERE found_by = 'command' AND selected = 'zip' AND withdrawn = 0
"""
_FOLLOWED = "SELECT coalesce(min(published_seq), 0), count(*) FROM trees"


class SelectionChange(msgspec.Struct, frozen=True):
    """What a new selection changed.

    Attributes:
        added: Versions that were not known.
        widened: Versions of which more is wanted than before.
        dropped: Versions that are wanted no more.
    """

    added: int
    widened: int
    dropped: int


class Selected:
    """The versions' selection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def select(
        self, wants: Iterable[Want], *, complete: bool, now: datetime
    ) -> SelectionChange:
        """Make this the selection; an unchanged one writes nothing.

        Args:
            wants: All that is wanted, each version once.
            complete: Whether that is everything: then what is missing from it is
                unselected.
            now: The time.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        moment = format_time(now)
        with self._connection.transaction():
            self._fill(wants)
            PulledVersions(self._connection).settle(complete=complete)
            self._connection.write(KEEP, {"complete": int(complete)})
            added = self._connection.write(ADD)
            widened = int(self._value(COUNT_WIDENED))
            self._update(moment, complete=complete)
            dropped = self._unselect(moment) if complete else 0
            self._connection.write("DELETE FROM wanted_now")
        return SelectionChange(added, widened, dropped)

    def _fill(self, wants: Iterable[Want]) -> None:
        self._connection.write(TABLE)
        self._connection.write("DELETE FROM wanted_now")
        self._connection.write_many(
            FILL,
            (
                (
                    want.path,
                    want.version,
                    want.need.value,
                    want.found_by.value,
                    want.index_time,
                    want.max_zip_bytes,
                )
                for want in sorted(wants, key=_KEY)  # in order it takes a third
            ),
        )

    def _update(self, moment: str, *, complete: bool) -> None:
        """Bring known rows up to what is wanted; some become published by that."""
        unpublished = self._value(HAS_UNPUBLISHED)
        changed = next_number(self._connection, "changed") if unpublished else 0
        values: dict[str, SqlValue] = {
            "now": moment,
            "changed": changed,
            "complete": int(complete),
        }
        if self._connection.write(UPDATE, values):
            self._connection.write(_HEALED)

    def _unselect(self, moment: str) -> int:
        dropped = self._connection.write(
            "UPDATE versions SET selected = NULL, unselected_at = ?"  # noqa: S608 - own names
            f" WHERE {_UNSELECTED}",
            (moment,),
        )
        if dropped:
            self._connection.write(
                "DELETE FROM failures WHERE (path, version) IN"  # noqa: S608 - own names
                f" (SELECT path, version FROM versions WHERE {_NEVER_HAD})"
            )
            # A tree may have had what was withdrawn; a tombstone tells it.
            self._connection.write(
                f"DELETE FROM versions WHERE {_NEVER_HAD} AND changed = 0"  # noqa: S608 - own names
            )
            self._connection.write(
                "UPDATE versions SET state = 'forgotten', unselected_at = NULL"  # noqa: S608 - own names
                f" WHERE {_NEVER_HAD}"
            )
        return dropped

    def _value(self, sql: str) -> int:
        row = self._connection.row(sql)
        return 0 if row is None else int(row[0])

    def missing(self) -> int:
        """Return how many versions are selected and not here.

        Omitted ones are meant, and withdrawn ones are no loss.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        counts = SelectedCounts(self._connection).by_state()
        return sum(each.count for each in counts if each.is_missing)

    def asked_paths(self) -> list[str]:
        """Return the modules of which a command or a client asked for a version.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return [row[0] for row in self._connection.rows(_ASKED_PATHS)]

    def unselected(self, before: datetime) -> list[VersionRow]:
        """Return what has not been wanted, or less of it, since then or earlier.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(_DUE, {"before": format_time(before)})
        return [version_row(row) for row in found]

    def count_unselected(self) -> int:
        """Return how many versions have not been wanted, or less of them, since a time.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._value(
            "SELECT count(*) FROM versions WHERE unselected_at IS NOT NULL"
            " AND withdrawn = 0 AND (mod_digest IS NOT NULL OR changed > 0)"
        )

    def release_asked(self) -> int:
        """Treat what commands asked for like everything else; return how many.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._connection.write(
            "UPDATE versions SET found_by = 'config' WHERE found_by = 'command'"
            " AND NOT EXISTS (SELECT 1 FROM pulled AS p"
            " WHERE p.path = versions.path AND p.version = versions.version)"
        )

    def forget(self, versions: Iterable[ModuleVersion]) -> None:
        """Leave a tombstone of each of these versions that is not selected.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._shrink(_FORGET, versions)

    def narrow(self, versions: Iterable[ModuleVersion]) -> None:
        """Give up the zips of those of these versions whose ``.mod`` is selected.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._shrink(_NARROW, versions)

    def _shrink(self, sql: str, versions: Iterable[ModuleVersion]) -> None:
        with self._connection.transaction():
            changed = next_number(self._connection, "changed")
            self._connection.write_many(
                sql, ((changed, mv.path, mv.version) for mv in versions)
            )

    def count_tombstones(self) -> int:
        """Return how many versions were forgotten that a tree may still have.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.row(
            "SELECT count(*) FROM versions WHERE state = 'forgotten'"
        )
        return 0 if found is None else int(found[0])

    def drop_tombstones(self) -> int:
        """Delete the tombstones that every tree has followed; return how many.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        row = self._connection.row(_FOLLOWED)
        followed, trees = (0, 0) if row is None else (int(row[0]), int(row[1]))
        return self._connection.write(
            "DELETE FROM versions WHERE state = 'forgotten'"
            " AND (changed <= ? OR ? = 0)",
            (followed, trees),
        )
