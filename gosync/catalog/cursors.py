"""Index cursors: how far each pattern has been followed in each module index.

A cursor is an index time stamp; ``since`` is inclusive, so the event at the
cursor is read again. A pattern that is new to an index has no cursor: it starts at
the beginning.

A cursor says that the outcome of everything before it is committed. It moves forward
by compare-and-swap: whoever read on from a value replaces that value alone. Where
another run has moved it meanwhile, be it on or back to what an older state of the
catalog had, it stays as that run left it. Else a cursor that was put back would jump
over what has to be read again.

Time stamps are RFC 3339 in UTC with a Z and up to nine digits of a second, as
the index serves them, and are compared as times: "…52.5Z" < "…52.51Z".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from gosync.catalog.connection import Connection
from gosync.errors import MalformedError
from gosync.pattern import compile_on_use

_TIME = compile_on_use(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


def sort_key(since: str) -> str:
    """Return the time stamp with all nine digits, so that text sorts as time.

    Raises:
        MalformedError: it is no such time stamp.
    """
    match = _TIME.fullmatch(since)
    if match is None:
        raise MalformedError("index time stamp", since, "want RFC 3339 in UTC")
    return f"{match[1]}.{match[2] or '':0<9}Z"


class CursorMove(msgspec.Struct, frozen=True):
    """What became of cursors that were to move.

    Attributes:
        now: Where those stand that this run moves on, by pattern; None: no cursor yet.
        lost: The patterns whose cursors another run has moved meanwhile.
    """

    now: Mapping[str, str | None]
    lost: tuple[str, ...]


class Cursors:
    """The table of cursors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, index_url: str, pattern: str) -> str | None:
        """Return a pattern's cursor, or None at the beginning.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT since FROM cursors WHERE index_url = ? AND pattern = ?",
            (index_url, pattern),
        )
        return None if row is None else str(row[0])

    def rename_indexes(self, new_name: Callable[[str], str]) -> int:
        """Give indexes other names; of two cursors the one that is further stays.

        What stood there is overwritten in the file, too: a name of before may have
        held a password.

        Args:
            new_name: Returns an index's new name, or the same.

        Returns:
            How many indexes had another name.

        Raises:
            CatalogError: the catalog cannot be read or written.
        """
        found = self._connection.rows("SELECT DISTINCT index_url FROM cursors")
        names = {row[0]: new_name(row[0]) for row in found}
        renamed = {old: new for old, new in names.items() if new != old}
        if renamed:
            self._connection.execute("PRAGMA secure_delete = ON")
            with self._connection.transaction():
                for old, new in renamed.items():
                    self._rename(old, new)
            self._connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(renamed)

    def _rename(self, old: str, new: str) -> None:
        rows = self._connection.rows(
            "SELECT pattern, since FROM cursors WHERE index_url = ?", (old,)
        )
        for pattern, since in rows:
            self.move(new, self.read(new, [pattern]), since)
        self._connection.write("DELETE FROM cursors WHERE index_url = ?", (old,))

    def read(self, index_url: str, patterns: Iterable[str]) -> Mapping[str, str | None]:
        """Return these cursors, None for one at the beginning: what ``move`` expects.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return {pattern: self.get(index_url, pattern) for pattern in patterns}

    def drop(self, pattern: str) -> None:
        """Forget how far a pattern has been followed, in every index.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write("DELETE FROM cursors WHERE pattern = ?", (pattern,))

    def lowest(self, index_url: str, patterns: Iterable[str]) -> str | None:
        """Return the oldest cursor of these patterns; None when one has none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return lowest_of(self.read(index_url, patterns))

    def move(
        self, index_url: str, expected: Mapping[str, str | None], since: str
    ) -> CursorMove:
        """Move cursors on to a time stamp where they stand as expected.

        One that is expected to be there or further is left alone. Inside of the
        transaction that commits what stands before the time stamp.

        Args:
            index_url: The index.
            expected: Where they stood as what this run read began, by pattern.
            since: Up to where it is committed now.

        Raises:
            MalformedError: since is no time stamp.
            CatalogError: the catalog cannot be written.
        """
        wanted = sort_key(since)
        behind = [
            pattern
            for pattern, old in expected.items()
            if old is None or sort_key(old) < wanted
        ]
        with self._connection.transaction():
            lost = tuple(
                pattern
                for pattern in behind
                if not self._swap(index_url, pattern, expected[pattern], since)
            )
        moved = dict.fromkeys(set(behind).difference(lost), since)
        now = {p: moved.get(p, old) for p, old in expected.items() if p not in lost}
        return CursorMove(now, lost)

    def _swap(self, index_url: str, pattern: str, old: str | None, new: str) -> bool:
        if old is None:
            sql = "INSERT OR IGNORE INTO cursors (since, index_url, pattern)"
            return bool(
                self._connection.write(
                    f"{sql} VALUES (?, ?, ?)", (new, index_url, pattern)
                )
            )
        sql = "UPDATE cursors SET since = ? WHERE index_url = ? AND pattern = ?"
        return bool(
            self._connection.write(
                f"{sql} AND since = ?", (new, index_url, pattern, old)
            )
        )


def lowest_of(cursors: Mapping[str, str | None]) -> str | None:
    """Return the oldest of some cursors; None when one is at the beginning."""
    known = [since for since in cursors.values() if since is not None]
    if not known or len(known) < len(cursors):
        return None
    return min(known, key=sort_key)
