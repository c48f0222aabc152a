"""Index cursors: how far each pattern has been followed in each module index.

A cursor is an index time stamp; ``since`` is inclusive, so the event at the
cursor is read again. A cursor moves forward only, and only once the outcome of
everything before it is committed. A pattern that is new to an index has no
cursor: it starts at the beginning.

Time stamps are RFC 3339 in UTC with a Z and up to nine digits of a second, as
the index serves them, and are compared as times: "…52.5Z" < "…52.51Z".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gosync.catalog.connection import Connection
from gosync.errors import MalformedError

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


def sort_key(since: str) -> str:
    """Return the time stamp with all nine digits, so that text sorts as time.

    Raises:
        MalformedError: it is no such time stamp.
    """
    match = _TIME.fullmatch(since)
    if match is None:
        raise MalformedError("index time stamp", since, "want RFC 3339 in UTC")
    return f"{match[1]}.{match[2] or '':0<9}Z"


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
            self.advance(new, [pattern], since)
        self._connection.write("DELETE FROM cursors WHERE index_url = ?", (old,))

    def lowest(self, index_url: str, patterns: Iterable[str]) -> str | None:
        """Return the oldest cursor of these patterns; None when one has none.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = [self.get(index_url, pattern) for pattern in patterns]
        known = [since for since in found if since is not None]
        if not known or len(known) < len(found):
            return None
        return min(known, key=sort_key)

    def advance(self, index_url: str, patterns: Iterable[str], since: str) -> int:
        """Move these cursors to a time stamp; one that is further stays.

        Returns:
            How many cursors moved.

        Raises:
            MalformedError: since is no time stamp.
            CatalogError: the catalog cannot be written.
        """
        wanted = sort_key(since)
        with self._connection.transaction():
            behind = [
                {"index_url": index_url, "pattern": pattern, "since": since}
                for pattern in patterns
                if (old := self.get(index_url, pattern)) is None
                or sort_key(old) < wanted
            ]
            self._connection.replace("cursors", behind)
        return len(behind)
