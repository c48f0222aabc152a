"""Migrations: the numbered steps of the schema, and how a catalog takes them.

A step is ``NNNN_name.sql``; ``PRAGMA user_version`` is the last one taken. The first
is the whole schema of the first release, and takes over what an older catalog has
(``upgrade``). Each runs in one transaction with its new user_version, statement by
statement: ``executescript`` would commit first. See schema/README.md for the rules.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.upgrade import take_over, unchecked_references
from gosync.errors import CatalogError, SchemaVersionError

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_PLACES = (
    Path(__file__).parent / "schema",  # in a wheel
    Path(__file__).parents[2] / "schema",  # in a checkout
)


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema.

    Attributes:
        number: The user_version after it.
        file: Its file; most catalogs have taken it, so that nobody reads it.
    """

    number: int
    file: Path

    @property
    def sql(self) -> str:
        """The file's text."""
        return self.file.read_text(encoding="utf-8")


def load_migrations(folder: Path | None = None) -> list[Migration]:
    """Return the steps in order, from the package or from the checkout.

    Raises:
        CatalogError: there are none, or a number is missing or there twice.
    """
    places = _PLACES if folder is None else (folder,)
    found = (sorted(place.glob("*.sql")) for place in places)
    files: list[Path] = next(filter(None, found), [])
    steps = [
        Migration(int(match[1]), file)
        for file in files
        if (match := _NAME.fullmatch(file.name))
    ]
    numbers = [step.number for step in steps]
    if not steps or numbers != list(range(numbers[0], numbers[0] + len(steps))):
        raise CatalogError("schema: its numbered files are missing or have a gap")
    return steps


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a script; a trigger's body stays whole.

    Raises:
        CatalogError: the script ends inside a statement.
    """
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if any(line.strip() and not line.startswith("--") for line in pending.splitlines()):
        raise CatalogError("schema: a statement has no end")


def schema_version(connection: Connection) -> int:
    """Return the number of the last step that the catalog has taken.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    row = connection.row("PRAGMA user_version")
    return 0 if row is None else int(row[0])


def migrate(connection: Connection, steps: list[Migration]) -> int:
    """Take the steps that are missing; return how many there were.

    Raises:
        SchemaVersionError: the catalog is of a newer gosync.
        CatalogError: a step fails; the catalog is as before that step.
    """
    version = check_version(connection, steps)
    missing = [step for step in steps if step.number > version]
    for step in missing:
        is_first = step.number == steps[0].number
        with unchecked_references(connection) if is_first else nullcontext():
            _take(connection, step, is_first=is_first)
    return len(missing)


def _take(connection: Connection, step: Migration, *, is_first: bool) -> None:
    with connection.transaction():
        if schema_version(connection) >= step.number:
            return  # another process took it meanwhile
        if is_first:
            take_over(connection, statements(step.sql))
        else:
            for statement in statements(step.sql):
                connection.write(statement)
        connection.write(f"PRAGMA user_version = {step.number:d}")


def check_version(connection: Connection, steps: list[Migration]) -> int:
    """Return the catalog's schema version if this gosync knows it.

    Raises:
        SchemaVersionError: the catalog is of a newer gosync.
    """
    version = schema_version(connection)
    if version > steps[-1].number:
        raise SchemaVersionError(
            f"{connection.path}: schema {version} is newer than this gosync"
            f" knows ({steps[-1].number})",
            hint="use the newer gosync that wrote it",
        )
    return version
