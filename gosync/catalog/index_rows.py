"""The kept module index: every row that an index served, in the order of its pages.

Some 65 million rows of 2 million modules come in 32 500 pages. A row by itself would be
55 bytes, and to look up its module takes longer than to read it from the network: the
more modules there are, the longer. So rows are kept in packs of some 50 000, 15 bytes a
row, and a row costs as much at the end as at the beginning::

    paths, versions, times    a line for each row, as ``packed_lines`` packs it

A time is as the index served it, in UTC. A pack takes rows until it has
``_FULL_ROWS``; then there is a new one. Which modules are meant is found by reading all
packs' paths; the other columns are unpacked where one is.

A reading begins a little before where the last one ended, so that some rows come
again (``IndexPage.overlap``). Those are told by the last packs and kept once. Memory
holds a pack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from operator import itemgetter
from typing import Final, TypeAlias

from gosync.catalog.connection import Connection
from gosync.catalog.cursors import sort_key
from gosync.catalog.packed_lines import ColumnLines, ColumnReader, pack_lines
from gosync.catalog.sqlite_errors import reading_row
from gosync.gomod.patterns import PathFinder

# Path, version, time.
KeptRow: TypeAlias = tuple[str, str, str]

_NAMES: Final = ("paths", "versions", "times")
_TAIL_ROWS: Final = 5_000  # more than may come again: two pages and a half
_FULL_ROWS: Final = 25_000
_WITHOUT_ZONE: Final = itemgetter(slice(None, -1))  # sorts as time
_TO_A_SECOND: Final = len("2006-01-02T15:04:05")


class IndexRows:
    """The table of the kept index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tail: frozenset[KeptRow] | None = None
        self._reader = ColumnReader()

    def begin(self) -> None:
        """Begin a reading: its first rows may be those that the table ends with."""
        self._tail = None

    def keep(
        self, paths: Sequence[str], versions: Sequence[str], times: Sequence[str]
    ) -> None:
        """Append rows of one page or some, but those that the table ends with.

        Inside of the transaction that moves the cursor past them.

        Args:
            paths: The modules' paths.
            versions: A version of each.
            times: When the index first had it, RFC 3339 in UTC.

        Raises:
            CatalogError: the catalog cannot be written.
            MalformedError: something has more than one line.
        """
        if self._tail is None:
            self._tail = self._last_rows()
        if self._tail:
            known = self._tail
            rows = list(zip(paths, versions, times, strict=True))
            is_new = [row not in known for row in rows]
            if all(is_new):  # only a reading's first pages have such
                self._tail = frozenset()
            columns = (paths, versions, times)
            paths, versions, times = (list(compress(e, is_new)) for e in columns)
        if paths:
            self._append(paths, versions, times)

    def _append(
        self, paths: Sequence[str], versions: Sequence[str], times: Sequence[str]
    ) -> None:
        """Add rows to the last pack, or as a new one where that has enough."""
        number, rows = self._last()
        if 0 < rows < _FULL_ROWS:
            before, new = self._columns(number, *_NAMES), (paths, versions, times)
            paths, versions, times = map(list.__add__, before, map(list, new))
        else:
            number += 1
        packed = map(pack_lines, (paths, versions, times))
        newest = sort_key(_newest(times))
        self._connection.write(
            "INSERT OR REPLACE INTO index_packs"
            " (id, rows, newest, paths, versions, times) VALUES (?, ?, ?, ?, ?, ?)",
            (number, len(paths), newest, *packed),
        )

    def _last_rows(self) -> frozenset[KeptRow]:
        """Return as many of the table's last rows as may come again, or some more."""
        found: list[KeptRow] = []
        number, _ = self._last()
        while number and len(found) < _TAIL_ROWS:
            found.extend(zip(*self._columns(number, *_NAMES), strict=True))
            number -= 1
        return frozenset(found)

    def _last(self) -> tuple[int, int]:
        """Return the last pack's number and how many rows it has; 0 for none."""
        row = self._connection.row(
            "SELECT id, rows FROM index_packs ORDER BY id DESC LIMIT 1"
        )
        return (0, 0) if row is None else (row[0], row[1])

    def _columns(self, number: int, *names: str) -> list[list[str]]:
        return [lines.all() for lines in self._lines(number, *names)]

    def _lines(self, number: int, *names: str) -> list[ColumnLines]:
        row = self._connection.row(
            f"SELECT {', '.join(names)} FROM index_packs"  # noqa: S608 - own names
            " WHERE id = ?",
            (number,),
        )
        assert row is not None
        return _unpacked((self._reader, row))

    def count(self) -> int:
        """Return how many rows are kept.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT coalesce(sum(rows), 0) FROM index_packs")
        return 0 if row is None else row[0]

    def rows_of(self, meant: PathFinder, *, since: str = "") -> Iterator[list[KeptRow]]:
        """Yield the rows of the modules that are meant, a pack's at a time.

        Args:
            meant: Finds their paths.
            since: A time with nine digits of a second, in UTC. Packs that have
                nothing so new are left out; "" for none.

        Raises:
            CatalogError: the catalog cannot be read, or is damaged.
        """
        packs = self._connection.rows(
            "SELECT id FROM index_packs WHERE newest >= ? ORDER BY id", (since,)
        )
        for (number,) in packs:
            found = self._found(number, meant)
            if found:
                yield found

    def _found(self, number: int, meant: PathFinder) -> list[KeptRow]:
        """Return some of a pack's rows; the other columns are read if there are any."""
        (paths,) = self._lines(number, "paths")
        places = list(meant(paths.text))
        if not places:
            return []
        versions, times = self._lines(number, "versions", "times")
        return _rows_at((places, paths, versions, times))

    def forget(self) -> None:
        """Keep nothing any more; the file keeps its size until ``VACUUM``.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self.begin()
        self._connection.write("DELETE FROM index_packs")


def _newest(times: Sequence[str]) -> str:
    """Return the newest time; to a second, they sort as text."""
    second = max(times)[:_TO_A_SECOND]
    return max((at for at in times if at >= second), key=_WITHOUT_ZONE)


@reading_row
def _unpacked(part: tuple[ColumnReader, Sequence[bytes]]) -> list[ColumnLines]:
    reader, columns = part
    return list(map(reader.read, columns))


@reading_row
def _rows_at(
    part: tuple[list[tuple[int, str]], ColumnLines, ColumnLines, ColumnLines],
) -> list[KeptRow]:
    places, paths, versions, times = part
    found = []
    for place, path in places:
        number = paths.number_at(place)
        found.append((path, versions[number], times[number]))
    return found
