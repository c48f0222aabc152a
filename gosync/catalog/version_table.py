"""The table of module versions, written; what a row means is said in ``versions``."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import asdict, replace

from gosync.catalog.counters import next_number
from gosync.catalog.version_reader import VersionReader
from gosync.catalog.version_rows import row_values
from gosync.catalog.version_sql import ADMIT, PUT_BACK, WANT, WITHDRAW
from gosync.catalog.versions import State, VersionRow, Want
from gosync.gomod.module import ModuleVersion


def _admitted(row: VersionRow) -> State:
    return State.OMITTED if row.state is State.OMITTED else State.PRESENT


class Versions(VersionReader):
    """The table of versions."""

    def want(self, wants: Iterable[Want]) -> int:
        """Add what is new, widen ``mod`` to ``zip``; return how many rows changed.

        A version that is known already and not named anew by the index (with a
        newer time stamp, which also revives one that is gone) changes nothing.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        rows = (
            (w.path, w.version, w.need.value, w.found_by.value, w.index_time)
            for w in wants
        )
        return self._connection.write_many(WANT, rows)

    def admit(self, rows: Iterable[VersionRow]) -> int:
        """Write what the gate admitted; return the change's number.

        The row replaces the one that is there, but for ``found_by``, ``index_time``
        and a wider ``need``. ``changed`` is set here, and so is ``state``, unless it is
        OMITTED: the ``.mod`` of a version that needs its zip. Blobs must be durable
        before. The failures of these versions are for the caller to clear,
        in the same transaction.

        Raises:
            CatalogError: a row breaks an invariant, or cannot be written.
        """
        with self._connection.transaction():
            changed = next_number(self._connection, "changed")
            self._connection.write_many(
                ADMIT,
                (
                    row_values(replace(row, state=_admitted(row), changed=changed))
                    for row in rows
                ),
            )
        return changed

    def withdraw(self, versions: Iterable[ModuleVersion]) -> int:
        """Forget the blobs of these versions, want them anew; return the number.

        For versions whose blobs proved missing or damaged: a published tree
        removes their files when it sees the change.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            changed = next_number(self._connection, "changed")
            self._connection.write_many(
                WITHDRAW,
                ((changed, mv.path, mv.version) for mv in versions),
            )
        return changed

    def put_back(self, rows: Iterable[VersionRow]) -> int:
        """Undo ``withdraw`` or ``admit``, once blobs are durable; return the number.

        The rows are as they were, but for what a selection said of them since.

        Raises:
            CatalogError: a row breaks an invariant, or cannot be written.
        """
        with self._connection.transaction():
            changed = next_number(self._connection, "changed")
            for row in rows:
                self._connection.write(PUT_BACK, asdict(replace(row, changed=changed)))
        return changed

    def mark(self, mv: ModuleVersion, state: State) -> bool:
        """Set the state of what could not be admitted; False when there is no row.

        What is carried stays carried. PRESENT is for ``admit`` alone.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        assert state is not State.PRESENT
        changed = self._connection.write(
            "UPDATE versions SET state = ? WHERE path = ? AND version = ?",
            (state.value, mv.path, mv.version),
        )
        return changed > 0
