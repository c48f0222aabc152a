"""One SQLite connection that threads share, and the border for its errors.

The catalog has one writer at a time: a re-entrant lock guards the connection,
for reads too, since a cursor is read to its end before the lock is let go.
Results are lists; what may be long is read in pages by its key. A transaction
starts with BEGIN IMMEDIATE and nests by joining the outer one. It must not be
held across an ``await``: the lock belongs to a thread, not to a task.

A site has its transactions preceded by the store's writer lock (``write_under``), and
has each begin with a look whether the run's leases are still its own (``guard_by``).
A brief transaction does without the former, and its commit is not forced to the disk:
it is for what dies with its process, like a lease.

Settings: WAL, synchronous=FULL (a commit that returned survives a power cut),
foreign_keys, busy_timeout. SQLite's errors become ours (``sqlite_errors``).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from gosync.catalog.sqlite_errors import busy_error, map_errors
from gosync.errors import LockedError
from gosync.text import shown
from gosync.work.interruption import wait_until

if TYPE_CHECKING:
    import sqlite_utils

    SqlValue: TypeAlias = str | int | bytes | None
    Parameters: TypeAlias = Sequence[SqlValue] | dict[str, SqlValue]


T = TypeVar("T")
U = TypeVar("U")

BUSY_SECONDS = 60.0  # as long as for the store's writer lock
_BUSY_PAUSE_SECONDS = 0.05
_BUSY_TIMEOUT = f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}"


class Connection:
    """A connection with its lock; every table module works through one."""

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self._raw = raw
        self._lock = threading.RLock()
        self._owner: int | None = None  # the thread that is inside a transaction
        self._writer_lock: Callable[[], AbstractContextManager[None]] = nullcontext
        self._guard: Callable[[], None] = _allow
        self.path = path

    @cached_property
    def database(self) -> sqlite_utils.Database:
        """The database, to look at its tables; what is done with it maps no errors."""
        # To import it takes longer than what most verbs read.
        import sqlite_utils  # noqa: PLC0415

        return sqlite_utils.Database(self._raw, execute_plugins=False)

    def write_under(self, lock: Callable[[], AbstractContextManager[None]]) -> None:
        """Have each transaction preceded by a lock; one that nests."""
        self._writer_lock = lock

    def guard_by(self, guard: Callable[[], None] | None) -> None:
        """Have something looked at as each transaction begins; its error ends that."""
        self._guard = guard or _allow

    def exclusive(self) -> AbstractContextManager[object]:
        """Keep other threads from the connection inside; nests with transactions."""
        return self._lock

    @contextmanager
    def transaction(self, *, forced: bool = True) -> Iterator[None]:
        """Commit everything inside together, or nothing of it.

        Args:
            forced: Whether the commit is forced to the disk. Without, a power cut may
                undo it and what follows it, in this order from the last one on: for
                what is asked again then. A later forced one makes it durable, too.

        Raises:
            LockedError: others are writing, or a lease of this run is lost.
            NoSpaceError: the disk is full; nothing was committed.
            CatalogError: the catalog cannot be written.
        """
        if self._owner == threading.get_ident():
            yield
            return
        with self._writer_lock(), self._committed("FULL" if forced else "NORMAL"):
            self._guard()
            yield

    @contextmanager
    def brief_transaction(self) -> Iterator[None]:
        """Commit what dies with this process: unguarded, and a power cut undoes it.

        Nothing inside may ask for the writer lock. A later commit of the other kind
        makes it durable, too.

        Raises:
            LockedError: another process is writing.
            NoSpaceError: the disk is full; nothing was committed.
            CatalogError: the catalog cannot be written.
        """
        if self._owner == threading.get_ident():
            yield
            return
        with self._committed("NORMAL"):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have all that is read inside be of one state; nothing is written inside.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        with self._lock:
            self._run("BEGIN")
            try:
                yield
            finally:
                self._roll_back()

    @contextmanager
    def _committed(self, synchronous: str = "FULL") -> Iterator[None]:
        if not wait_until(
            partial(self._try_begin, synchronous),
            seconds=BUSY_SECONDS,
            most_pause_seconds=_BUSY_PAUSE_SECONDS,
        ):
            raise busy_error(str(self.path))
        try:
            self._owner = threading.get_ident()
            yield
            self._run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._owner = None
            self._end(synchronous)

    def _try_begin(self, synchronous: str) -> bool:
        """Begin, and keep other threads out; False where another process writes."""
        self._lock.acquire()
        begun = False
        try:
            if synchronous != "FULL":
                self._run(f"PRAGMA synchronous = {synchronous}")
            self._run("PRAGMA busy_timeout = 0")
            self._run("BEGIN IMMEDIATE")
            begun = True
        except LockedError:
            pass
        finally:
            if not begun:
                self._end(synchronous)
        return begun

    def _end(self, synchronous: str) -> None:
        """Let other threads in."""
        try:
            self._run(_BUSY_TIMEOUT)
            if synchronous != "FULL":
                self._run("PRAGMA synchronous = FULL")
        finally:
            self._lock.release()

    @property
    def in_transaction(self) -> bool:
        """Whether the calling thread is inside of a transaction."""
        with self._lock:
            return self._owner is not None

    def _roll_back(self) -> None:
        """Undo; SQLite has perhaps done so already, after an I/O error."""
        if self._raw.in_transaction:
            with map_errors(str(self.path)):
                self._raw.execute("ROLLBACK")

    def _run(self, sql: str) -> None:
        with map_errors(str(self.path)):
            self._raw.execute(sql)

    def write(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement that changes rows; return how many it changed.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: the catalog cannot be written.
        """
        with self.transaction(), map_errors(str(self.path)):
            return self._execute(sql, parameters).rowcount

    def _execute(self, sql: str, parameters: Parameters) -> sqlite3.Cursor:
        """Run a statement; a file's name that is no UTF-8 is written as it is shown."""
        try:
            return self._raw.execute(sql, parameters)
        except UnicodeEncodeError:
            return self._raw.execute(sql, _encodable(parameters))

    def write_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run one statement for each row; return how many rows really changed.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: the catalog cannot be written.
        """
        with self.transaction(), map_errors(str(self.path)):
            return self._raw.executemany(sql, map(_encodable, rows)).rowcount

    def write_plain(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run one statement for each row, as ``write_many``; their text is UTF-8.

        To look at each text costs as much as to write the row.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: the catalog cannot be written.
        """
        with self.transaction(), map_errors(str(self.path)):
            return self._raw.executemany(sql, rows).rowcount

    def replace(self, table: str, rows: Iterable[Mapping[str, SqlValue]]) -> None:
        """Write whole rows, each in the place of the one that has its key.

        Looking at the table's columns costs some 80 microseconds a call, so what is
        written for each request or version has SQL of its own.

        Args:
            table: Its name.
            rows: Values by column, of the same columns in each.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: the catalog cannot be written.
        """
        encodable = (
            {
                name: shown(value) if isinstance(value, str) else value
                for name, value in row.items()
            }
            for row in rows
        )
        with self.transaction(), map_errors(str(self.path)):
            self.database.table(table).insert_all(encodable, replace=True)

    def execute(self, sql: str, parameters: Parameters = ()) -> None:
        """Run one statement outside of a transaction (PRAGMA, VACUUM).

        Raises:
            CatalogError: SQLite refuses.
        """
        with self._lock, map_errors(str(self.path)):
            self._raw.execute(sql, parameters).close()

    def rows(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Return all rows of a query.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        with self._lock, map_errors(str(self.path)):
            return self._execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def back_up(self, target: Path) -> None:
        """Copy the database by SQLite's backup API, all of it in one step.

        So what is copied is one state; whoever writes in another process is not held
        up, for the copy reads like any other reader of the log.

        Raises:
            NoSpaceError: the disk is full.
            CatalogError: it cannot be read, or the copy cannot be written.
        """
        with self._lock, map_errors(str(target)):
            copy = sqlite3.connect(target, isolation_level=None)
            try:
                self._raw.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            finally:
                copy.close()

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with self._lock, map_errors(str(self.path)):
            self._raw.close()


def _allow() -> None:
    """Guard nothing: a catalog that no run has taken leases of."""


def _encodable(parameters: Parameters) -> Parameters:
    """Return parameters that SQLite takes: its text is UTF-8."""
    if isinstance(parameters, dict):
        return {
            name: shown(value) if isinstance(value, str) else value
            for name, value in parameters.items()
        }
    return [shown(value) if isinstance(value, str) else value for value in parameters]
