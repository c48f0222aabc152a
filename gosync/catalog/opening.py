"""How a catalog's file is opened: connected to, recognised, brought to the schema.

``PRAGMA application_id`` is "GoSy"; another file is refused. A read-only catalog
never writes, not even a lock file: where SQLite cannot keep its shared memory
file (a read-only medium), and no write-ahead log is left over, the file is read
as immutable.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from gosync.catalog.connection import BUSY_SECONDS, Connection
from gosync.catalog.migrations import check_version, load_migrations, migrate
from gosync.catalog.sqlite_errors import map_errors
from gosync.errors import CatalogError
from gosync.hint import advise, command

APPLICATION_ID = int.from_bytes(b"GoSy", "big")
_NO_CATALOG_HINT = advise(
    "run {} first, or check store.path and its mount", command("sync")
)


def open_connection(path: Path, *, create: bool, readonly: bool) -> Connection:
    """Return a connection to a catalog of this gosync's schema; close it.

    Args:
        path: The file.
        create: Whether to make it when it is not there.
        readonly: Whether to open it without writing anything.

    Raises:
        CatalogError: it is not there, not a catalog, damaged or of an older
            schema that a read-only catalog cannot take further.
        SchemaVersionError: a newer gosync wrote it.
        NoSpaceError: the disk is full.
    """
    if not path.exists() and (readonly or not create):
        raise CatalogError(f"{path}: there is no catalog", hint=_NO_CATALOG_HINT)
    if path.exists() and not path.is_file():  # SQLite would wait for a pipe
        raise CatalogError(
            f"{path}: not a file",
            hint=advise("move it away and run {}", command("catalog rebuild")),
        )
    connection = _connect_readonly(path) if readonly else _connect(path)
    try:
        _prepare(connection, readonly=readonly)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> Connection:
    new = not path.exists()
    connection = _wrap(f"{path.absolute().as_uri()}?mode=rwc", path)
    if new:
        try:
            with map_errors(str(path)):
                _sync_folder(path)
        except BaseException:
            connection.close()
            raise
    return connection


def _sync_folder(path: Path) -> None:
    """Make the new file's name durable; SQLite sees to its contents."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _connect_readonly(path: Path) -> Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = _wrap(uri, path)
    try:
        connection.row("PRAGMA user_version")
    except CatalogError:
        connection.close()
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size > 0:
            raise
        return _wrap(f"{uri}&immutable=1", path)
    return connection


def _wrap(uri: str, path: Path) -> Connection:
    with map_errors(str(path)):
        raw = sqlite3.connect(
            uri,
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    raw.row_factory = sqlite3.Row
    return Connection(raw, path)


def _prepare(connection: Connection, *, readonly: bool) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")
    _check_application(connection)
    steps = load_migrations()
    if readonly:
        if check_version(connection, steps) < steps[-1].number:
            raise CatalogError(
                f"{connection.path}: its schema is older than this gosync",
                hint=advise(
                    "run {} or {} once to bring it up",
                    command("sync"),
                    command("publish"),
                ),
            )
        return
    check_version(connection, steps)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")  # a selection in the making
    migrate(connection, steps)


def _check_application(connection: Connection) -> None:
    """Refuse a database of something else; an empty file is a new catalog."""
    row = connection.row("PRAGMA application_id")
    tables = connection.row("SELECT count(*) FROM sqlite_schema")
    found = None if row is None else row[0]
    empty = tables is not None and tables[0] == 0
    if found != APPLICATION_ID and not (found == 0 and empty):
        raise CatalogError(
            f"{connection.path}: not a catalog of gosync", hint="check store.path"
        )
