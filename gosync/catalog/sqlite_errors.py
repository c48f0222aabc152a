"""SQLite's exceptions, and rows that make no sense, as gosync's errors."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TypeVar

import msgspec

from gosync.catalog.documents import REBUILD
from gosync.errors import CatalogError, LockedError, NoSpaceError
from gosync.hint import Hint

T = TypeVar("T")
U = TypeVar("U")

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
# The file beside the write-ahead log cannot grow; SQLite has no FULL for that.
_SHARED_MEMORY_SIZE = sqlite3.SQLITE_IOERR_SHMSIZE


@contextmanager
def map_errors(subject: str) -> Iterator[None]:
    """Turn SQLite's exceptions, and the system's beside them, into ours.

    Raises:
        NoSpaceError: the disk is full.
        LockedError: another process writes, for longer than the busy timeout.
        CatalogError: anything else that SQLite or the system reports.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF == sqlite3.SQLITE_FULL or code == _SHARED_MEMORY_SIZE:
            raise _no_space(subject) from error
        if code & 0xFF == sqlite3.SQLITE_BUSY:
            raise busy_error(subject) from error
        raise CatalogError(f"{subject}: {error}", hint=_hint(error)) from error
    except UnicodeDecodeError as error:  # SQLite quotes a damaged page's text
        raise CatalogError(f"{subject}: damaged", hint=REBUILD) from error
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise _no_space(subject) from error
        raise CatalogError(f"{subject}: {error.strerror}") from error


def busy_error(subject: str) -> LockedError:
    """Return the error of who waited in vain for another writer."""
    return LockedError(
        f"{subject}: another process writes to it",
        hint="wait for it to end and run the command again",
    )


def _no_space(subject: str) -> NoSpaceError:
    return NoSpaceError(
        f"{subject}: no space left on the disk",
        hint="free some space; the last committed state is kept",
    )


def _hint(error: sqlite3.Error) -> Hint | str | None:
    # Python's own complaint, of text that is no UTF-8, has no code.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    no_text = code == 0 and isinstance(error, sqlite3.OperationalError)
    if no_text or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return REBUILD
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return "check that the store is mounted writable and owned by this user"
    return None


def reading_row(make: Callable[[U], T]) -> Callable[[U], T]:
    """Decorate what makes a value of a row, or of a part: nonsense is damage."""

    @wraps(make, updated=())
    def read(row: U) -> T:
        try:
            return make(row)
        except (msgspec.MsgspecError, ValueError, TypeError, LookupError) as error:
            raise CatalogError(
                f"the catalog has a row that makes no sense: {error}", hint=REBUILD
            ) from error

    return read
