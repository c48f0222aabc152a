"""The kept module index: every row that an index served, in the order of its pages.

Some 65 million rows of 2 million modules come in 32 500 pages. So rows are appended,
a module by a number, a time as an integer; ``add_lookup`` makes what finds a module's
rows, once there are no more to come in a hurry.

Modules' numbers are looked up by their paths in order, and come in one text: the more
rows are kept at once, the more paths lie on one page of the file, and of fifty thousand
rows a lookup takes a third of what it takes of two thousand. Memory holds these rows,
the numbers of their modules and of some before, and what SQLite caches.

A reading begins a little before where the last one ended, so that some rows come
again (``IndexPage.overlap``). Those are told by the table's end and kept once.

Which modules are meant is said by a predicate, and by prefixes outside of which it need
not be asked. Their numbers go into a temporary table; then their rows are found one
module after the other, or, of many modules, by reading all rows once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from typing import TypeAlias

import msgspec

from gosync.catalog.connection import Connection

# Path, version, microseconds since 1970.
KeptRow: TypeAlias = tuple[str, str, int]
_Row: TypeAlias = tuple[int, str, int]  # the module by its number

_LAST = "\U0010ffff"  # sorts behind whatever a path goes on with
_TAIL_ROWS = 5_000  # more than may come again: two pages and a half
_PAGE_MODULES = 5_000
_PATHS_AT_ONCE = 10_000  # of one query for their numbers
_NUMBERS_KEPT = 100_000  # of modules, for the next rows
_PAGE_ROWS = 20_000
_MANY = 20  # a twentieth of all modules: then reading every row costs less
_LOOKUP = "index_rows_by_module"

_COLUMNS = 3
_ROWS_AT_ONCE = 250  # of one statement
_INSERT = "INSERT INTO index_rows (module, version, at) VALUES (?, ?, ?)"
_INSERT_MANY = _INSERT + ", (?, ?, ?)" * (_ROWS_AT_ONCE - 1)

# Two texts of all take half the time of a row each. That both are in the same order is
# all that is relied on.
_NUMBERS = """
SELECT json_group_array(wanted.key), json_group_array(coalesce((
  SELECT id FROM index_modules WHERE path = wanted.value
), 0)) FROM json_each(?) AS wanted
"""
_SCANNED = """
SELECT module.path, found.version, found.at FROM index_rows AS found
CROSS JOIN temp.matched ON matched.id = found.module
CROSS JOIN index_modules AS module ON module.id = found.module
WHERE found.id > ? AND found.id <= ?
"""
_LOOKED_UP = """
SELECT module.path, found.version, found.at FROM temp.matched
CROSS JOIN index_modules AS module ON module.id = matched.id
CROSS JOIN index_rows AS found ON found.module = matched.id
WHERE matched.rowid > ? AND matched.rowid <= ?
"""

_decoder = msgspec.json.Decoder(list[int])


class IndexRows:
    """The tables of the kept index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tail: frozenset[_Row] | None = None
        self._numbers: dict[str, int] = {}

    def keep(
        self,
        paths: Sequence[str],
        versions: Sequence[str],
        moments: Sequence[int],
        *,
        least: int | None,
    ) -> None:
        """Append rows of one page or some, but those that are kept.

        Inside of the transaction that moves the cursor past them.

        Args:
            paths: The modules' paths.
            versions: A version of each.
            moments: When the index first had it, in microseconds since 1970.
            least: What is older is kept already; None for nothing.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            numbers = self._numbers_of(paths)
            made: Iterable[_Row] = zip(numbers, versions, moments, strict=True)
            if least is not None and min(moments, default=least) < least:
                made = [row for row in made if row[2] >= least]
            self._append(self._without_tail(made))

    def _append(self, rows: Iterable[_Row]) -> None:
        """Insert rows, many with one statement: twice as fast as one by one."""
        values: list[int | str] = list(chain.from_iterable(rows))
        step = _ROWS_AT_ONCE * _COLUMNS
        rest = len(values) - len(values) % step
        whole = [values[start : start + step] for start in range(0, rest, step)]
        self._connection.write_plain(_INSERT_MANY, whole)
        left = [values[at : at + _COLUMNS] for at in range(rest, len(values), _COLUMNS)]
        self._connection.write_plain(_INSERT, left)

    def _without_tail(self, rows: Iterable[_Row]) -> Iterable[_Row]:
        """Drop what the table ends with; only a reading's first pages have it."""
        if self._tail is None:
            found = self._connection.rows(
                "SELECT module, version, at FROM index_rows ORDER BY id DESC LIMIT ?",
                (_TAIL_ROWS,),
            )
            self._tail = frozenset((row[0], row[1], row[2]) for row in found)
        if not self._tail:
            return rows
        rows = list(rows)
        new = [row for row in rows if row not in self._tail]
        if len(new) == len(rows):
            self._tail = frozenset()
        return new

    def begin(self) -> None:
        """Begin a reading: its first rows may be those that the table ends with.

        A failure ends a reading, since what it undid may be remembered here.
        """
        self._tail, self._numbers = None, {}

    def _numbers_of(self, paths: Sequence[str]) -> list[int]:
        """Return modules' numbers; a new one gets its own."""
        if len(self._numbers) > _NUMBERS_KEPT:
            self._numbers = {}
        numbers = self._numbers
        unknown = sorted(set(paths) - numbers.keys())
        for start in range(0, len(unknown), _PATHS_AT_ONCE):
            numbers.update(self._found(unknown[start : start + _PATHS_AT_ONCE]))
        new = [path for path in unknown if not numbers[path]]
        if new:
            numbers.update(self._added(new))
        return list(map(numbers.__getitem__, paths))

    def _found(self, paths: Sequence[str]) -> Iterable[tuple[str, int]]:
        """Return modules' numbers, 0 where there is none yet."""
        row = self._connection.row(_NUMBERS, (msgspec.json.encode(paths).decode(),))
        assert row is not None
        places, numbers = map(_decoder.decode, row)
        return zip(map(paths.__getitem__, places), numbers, strict=True)

    def _added(self, paths: Iterable[str]) -> list[tuple[str, int]]:
        """Return the numbers of new modules, which get them here."""
        added = list(zip(paths, count(self.count_modules() + 1), strict=False))
        self._connection.write_plain(
            "INSERT INTO index_modules (path, id) VALUES (?, ?)", added
        )
        return added

    def add_lookup(self) -> bool:
        """Make what finds a module's rows, unless it is there; return whether it was.

        Of 65 million rows it takes a minute, and other writers wait.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        if self._has_lookup():
            return False
        # Sorted in memory it would take a hundred bytes a row.
        self._connection.execute("PRAGMA temp_store = FILE")
        with self._connection.transaction():
            self._connection.write(
                f"CREATE INDEX IF NOT EXISTS {_LOOKUP} ON index_rows (module)"
            )
        self._connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        return True

    def _has_lookup(self) -> bool:
        found = self._connection.row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?", (_LOOKUP,)
        )
        return found is not None

    def count(self) -> int:
        """Return how many rows are kept.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._last("index_rows")

    def count_modules(self) -> int:
        """Return how many modules the kept rows are of.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return self._last("index_modules")

    def _last(self, table: str) -> int:
        """Return the last number, which is the count: nothing is ever removed."""
        row = self._connection.row(f"SELECT max(id) FROM {table}")  # noqa: S608 - own names
        return 0 if row is None else row[0] or 0

    def rows_of(
        self, match: Callable[[str], bool], prefixes: Iterable[str]
    ) -> Iterator[list[KeptRow]]:
        """Yield the rows of the modules that match, some at a time, in no order.

        Args:
            match: Whether a module path is meant.
            prefixes: What such paths begin with; "" for anything.

        Raises:
            CatalogError: the catalog cannot be read, or have a temporary table.
        """
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS matched (id INTEGER NOT NULL UNIQUE)"
        )
        try:
            self._match_modules(match, prefixes)
            row = self._connection.row("SELECT max(rowid) FROM temp.matched")
            matched = 0 if row is None else row[0] or 0
            many = matched * _MANY > self.count_modules()
            if matched and (many or not self._has_lookup()):
                yield from self._pages(_SCANNED, self.count(), _PAGE_ROWS)
            else:
                yield from self._pages(_LOOKED_UP, matched, _PAGE_ROWS // 100)
        finally:
            self._connection.execute("DROP TABLE temp.matched")

    def _match_modules(
        self, match: Callable[[str], bool], prefixes: Iterable[str]
    ) -> None:
        for prefix in dict.fromkeys(prefixes):
            for page in self._modules(prefix):
                self._connection.write_plain(
                    "INSERT OR IGNORE INTO temp.matched (id) VALUES (?)",
                    [(number,) for number, path in page if match(path)],
                )

    def _modules(self, prefix: str) -> Iterator[list[tuple[int, str]]]:
        """Yield the modules whose paths begin so, some at a time."""
        begin = prefix
        while True:
            page = self._connection.rows(  # of two lower bounds one is not sought
                "SELECT id, path FROM index_modules"
                " WHERE path >= ? AND path < ? ORDER BY path LIMIT ?",
                (begin, prefix + _LAST, _PAGE_MODULES),
            )
            if not page:
                return
            yield [(row[0], row[1]) for row in page]
            begin = f"{page[-1][1]}\0"  # the next text in order

    def _pages(self, sql: str, last: int, step: int) -> Iterator[list[KeptRow]]:
        for start in range(0, last, step):
            found = self._connection.rows(sql, (start, start + step))
            if found:
                yield [(row[0], row[1], row[2]) for row in found]

    def forget(self) -> None:
        """Keep nothing any more; the file keeps its size until ``VACUUM``.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self.begin()
        with self._connection.transaction():
            self._connection.write(f"DROP INDEX IF EXISTS {_LOOKUP}")
            self._connection.write("DELETE FROM index_rows")
            self._connection.write("DELETE FROM index_modules")
