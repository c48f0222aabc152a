"""Counts of what is selected, by state: read only, of the table of versions."""

from __future__ import annotations

import sqlite3

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.versions import FoundBy, Need, State, VersionRole
from gosync.gomod.module import ModuleVersion


class SelectedCount(msgspec.Struct, frozen=True):
    """How many selected versions are in one state.

    Attributes:
        state: The state.
        selected: How much of them is selected.
        withdrawn: Whether nobody is to be given them any more.
        denied: Whether the policy keeps their zips out.
        role: What they are selected for.
        count: How many there are.
    """

    state: State
    selected: Need
    withdrawn: bool
    denied: bool
    role: VersionRole
    count: int

    @property
    def is_missing(self) -> bool:
        """Whether they are not here; what is kept out is meant so."""
        is_kept_out = self.withdrawn or self.denied or self.state is State.OMITTED
        return not is_kept_out and self.state is not State.PRESENT


class SelectedCounts:
    """Counts of what is selected."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_state(self) -> list[SelectedCount]:
        """Return how many versions are selected, by state, what is wanted and why.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT state, selected, withdrawn, denied, found_by, sum(versions)"
            " FROM version_sums WHERE selected <> '' AND versions > 0"
            " GROUP BY state, selected, withdrawn, denied, found_by"
        )
        return [_count(row) for row in found]

    def has_whole(self, path: str) -> bool:
        """Return whether a selected version of a module is here whole.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.row(
            "SELECT 1 FROM versions WHERE path = ?"
            " AND selected IS NOT NULL AND zip_digest IS NOT NULL LIMIT 1",
            (path,),
        )
        return found is not None

    def needs(self) -> dict[ModuleVersion, Need]:
        """Return how much is selected of each version.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, version, selected FROM versions WHERE selected IS NOT NULL"
        )
        return {ModuleVersion(row[0], row[1]): _need(row[2]) for row in found}

    def tried(self) -> int:
        """Return how many wanted versions failed: more of them was wanted since.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT count(*) FROM failures AS f JOIN versions AS v"
            " ON v.path = f.path AND v.version = f.version"
            " WHERE v.state = 'wanted' AND v.selected IS NOT NULL AND v.withdrawn = 0"
            " AND v.denied = 0"
        )
        return 0 if row is None else int(row[0])


_need = reading_row(Need)


@reading_row
def _count(row: sqlite3.Row) -> SelectedCount:
    state, selected, withdrawn, denied, found_by, count = row
    return SelectedCount(
        State(state),
        Need(selected),
        bool(withdrawn),
        bool(denied),
        FoundBy(found_by).role,
        count,
    )
