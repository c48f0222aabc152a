"""Lets the n-th call of a command to the system, or to SQLite, be refused.

    calls = Calls(folder)
    with calls.counted():              # how many there are
        ...
    with calls.refused(7, OSError(errno.EIO, "...")):
        ...

Only calls that concern files below the folder count: what Python itself opens, and
the test, are left alone. A call is one of the os module or an opened file's, whatever
library makes it.
"""

from __future__ import annotations

import builtins
import errno
import fcntl
import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

_CALLS = [
    *("open", "stat", "lstat", "fstat", "listdir", "scandir", "statvfs", "access"),
    *("mkdir", "rmdir", "unlink", "remove", "rename", "replace", "link", "symlink"),
    *("readlink", "chmod", "utime", "truncate", "ftruncate", "fsync", "fdatasync"),
    *("read", "write", "pread", "pwrite", "sendfile", "copy_file_range"),
]
ERRNOS = [
    *(errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EMFILE, errno.ESTALE),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EDQUOT),
    *(errno.EPERM, errno.EBUSY, errno.ENOENT, errno.ENOMEM, errno.EINVAL),
    *(errno.ETIMEDOUT, errno.ENOTCONN, errno.EFBIG, errno.ENFILE, errno.EEXIST),
]


def refusal_of_system(number: int) -> OSError:
    """Return one of the system's refusals."""
    code = ERRNOS[number % len(ERRNOS)]
    return OSError(code, os.strerror(code))


def refusal_of_sqlite(number: int) -> Exception:
    """Return one of SQLite's refusals, or of its Python module's."""
    kinds: list[tuple[type[sqlite3.Error], str, int]] = [
        (sqlite3.OperationalError, "disk I/O error", sqlite3.SQLITE_IOERR_READ),
        (sqlite3.OperationalError, "database or disk is full", sqlite3.SQLITE_FULL),
        (sqlite3.OperationalError, "database is locked", sqlite3.SQLITE_BUSY),
        (sqlite3.OperationalError, "readonly database", sqlite3.SQLITE_READONLY),
        (sqlite3.OperationalError, "unable to open", sqlite3.SQLITE_CANTOPEN),
        (sqlite3.OperationalError, "Could not decode to UTF-8 column", 0),
        (sqlite3.OperationalError, "out of memory", sqlite3.SQLITE_NOMEM),
        (sqlite3.DatabaseError, "image is malformed", sqlite3.SQLITE_CORRUPT),
        (sqlite3.DatabaseError, "not a database", sqlite3.SQLITE_NOTADB),
        (sqlite3.DatabaseError, "malformed schema", sqlite3.SQLITE_CORRUPT),
        (sqlite3.IntegrityError, "constraint failed", sqlite3.SQLITE_CONSTRAINT),
        (sqlite3.InternalError, "internal", sqlite3.SQLITE_INTERNAL),
        (sqlite3.DataError, "too big", sqlite3.SQLITE_TOOBIG),
        (sqlite3.NotSupportedError, "not supported", sqlite3.SQLITE_MISUSE),
    ]
    if number % (len(kinds) + 1) == len(kinds):
        return UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    kind, text, code = kinds[number % (len(kinds) + 1)]
    error = kind(text)
    if code:
        error.sqlite_errorcode = code
    return error


class Calls:
    """Counts calls, and refuses one of them.

    Attributes:
        names: What was called, in order; of SQLite the statements.
        refused_call: What was refused.
    """

    def __init__(self, folder: os.PathLike[str]) -> None:
        self.names: list[str] = []
        self.refused_call = ""
        self._folder = os.path.realpath(folder)
        self._at: int | None = None
        self._error: Exception | None = None

    @contextmanager
    def system(
        self, at: int | None = None, error: Exception | None = None
    ) -> Iterator[None]:
        """Count the system's calls inside, and refuse one."""
        self.names, self._at, self._error = [], at, error
        with ExitStack() as stack:
            for name in _CALLS:
                call = self._wrapped(name, getattr(os, name))
                stack.enter_context(patch.object(os, name, call))
            opening = self._wrapped("open", io.open)
            stack.enter_context(patch.object(io, "open", opening))
            stack.enter_context(patch.object(builtins, "open", opening))
            locking = self._wrapped("flock", fcntl.flock)
            stack.enter_context(patch.object(fcntl, "flock", locking))
            yield

    @contextmanager
    def sqlite(
        self, at: int | None = None, error: Exception | None = None
    ) -> Iterator[None]:
        """Count SQLite's statements inside, and refuse one."""
        self.names, self._at, self._error = [], at, error
        calls = self

        class Refusing(sqlite3.Connection):
            def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
                calls.called(sql)
                return super().execute(sql, *rest)

            def executemany(self, sql: str, *rest: Any) -> sqlite3.Cursor:
                calls.called(sql)
                return super().executemany(sql, *rest)

        connect = sqlite3.connect

        def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            calls.called("connect")
            return connect(*args, **kwargs, factory=Refusing)

        with patch.object(sqlite3, "connect", connected):
            yield

    def called(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._at and self._error is not None:
            self.refused_call = name
            raise self._error

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if args and self._is_ours(args[0]):
                self.called(f"{name} {args[0]!r}")
            return call(*args, **kwargs)

        return wrapped

    def _is_ours(self, target: Any) -> bool:
        if isinstance(target, int) and not isinstance(target, bool):
            try:
                path = _readlink(f"/proc/self/fd/{target}")
            except OSError:
                return False
        elif isinstance(target, str | bytes | os.PathLike):
            path = os.path.abspath(os.fsdecode(target))  # noqa: PTH100 - no call of ours
        else:
            return False
        return path.startswith(self._folder)


_readlink = os.readlink
