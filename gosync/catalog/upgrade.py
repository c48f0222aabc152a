"""Upgrade of a catalog from before the first release: its rows in the released schema.

The schemas 1 to 15 were those of checkouts. Whatever a catalog of one of them has is
taken over into the first schema that was released, in one transaction, so that a kill
or a full disk leaves it as it was:

1. tables are renamed, their indexes and triggers dropped
2. the released schema is made, but for its triggers: what they see to was seen to
3. rows are copied, by the columns that both have; a column that is new has its default
4. what is new and follows from rows is written
5. the old tables are dropped, the triggers made, and references checked

An empty file is a catalog without tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from gosync.catalog.connection import Connection
from gosync.catalog.documents import REBUILD
from gosync.catalog.sqlite_errors import map_errors
from gosync.errors import CatalogError

_ASIDE: Final = "upgraded_from_"
# Versions that trees showed and that were given up, before anything said so.
_TOMBSTONES: Final = """
INSERT INTO tombstones
SELECT path, version, iif(mod_digest IS NULL, '', 'mod') FROM versions
WHERE state = 'forgotten'
    OR (changed > 0 AND mod_digest IS NULL)
    OR (changed > 0 AND need = 'mod' AND zip_digest IS NULL AND zip_h1 IS NOT NULL)
"""


def take_over(connection: Connection, schema: Iterable[str]) -> None:
    """Bring what the catalog has into a schema; to be called in a transaction.

    Args:
        connection: The catalog's, with its references unchecked.
        schema: The schema's statements.

    Raises:
        NoSpaceError: the disk is full.
        CatalogError: the catalog cannot be read or written, or its rows contradict
            each other.
    """
    statements = list(schema)
    with map_errors(str(connection.path)):
        old = _set_aside(connection)
    triggers = [each for each in statements if "CREATE TRIGGER" in each]
    for statement in statements:
        if statement not in triggers:
            connection.write(statement)
    for table, columns in old.items():
        _copy(connection, table, columns)
    if "versions" in old and "tombstones" not in old:
        connection.write(_TOMBSTONES)
    for table in old:
        connection.write(f"DROP TABLE {_ASIDE}{table}")
    for statement in triggers:
        connection.write(statement)
    if broken := connection.rows("PRAGMA foreign_key_check"):
        raise CatalogError(
            f"{connection.path}: a row of {broken[0][0]} names one of {broken[0][2]}"
            " that is not there",
            hint=REBUILD,
        )


@contextmanager
def unchecked_references(connection: Connection) -> Iterator[None]:
    """Let tables be renamed and dropped though rows of others name theirs.

    Raises:
        CatalogError: SQLite refuses.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA legacy_alter_table = ON")
    try:
        yield
    finally:
        connection.execute("PRAGMA legacy_alter_table = OFF")
        connection.execute("PRAGMA foreign_keys = ON")


def _set_aside(connection: Connection) -> dict[str, list[str]]:
    """Rename all tables and return their columns, by the names that they had."""
    database = connection.database
    tables = {
        name: list(database.table(name).columns_dict)
        for name in database.table_names()
        if not name.startswith("sqlite_")
    }
    for trigger in database.triggers:
        connection.write(f"DROP TRIGGER {trigger.name}")
    for name in tables:
        for index in database.table(name).indexes:
            if index.origin == "c":
                connection.write(f"DROP INDEX {index.name}")
        connection.write(f"ALTER TABLE {name} RENAME TO {_ASIDE}{name}")
    return tables


def _copy(connection: Connection, table: str, columns: list[str]) -> None:
    known = connection.database.table(table).columns_dict
    if lost := [column for column in columns if column not in known]:
        raise CatalogError(
            f"{connection.path}: nobody knows the column {lost[0]} of {table}",
            hint=REBUILD,
        )
    names = ", ".join(columns)
    connection.write(
        f"REPLACE INTO {table} ({names}) SELECT {names} FROM {_ASIDE}{table}"  # noqa: S608 - names of our own schema
    )
