"""Counters: numbers that only grow, one for each kind of change.

changed   of versions, what published trees must follow
offered   of offers, what a selection follows from
"""

from __future__ import annotations

from typing import Literal

from gosync.catalog.connection import Connection

Counter = Literal["changed", "offered"]


def next_number(connection: Connection, counter: Counter) -> int:
    """Take the next number, inside the transaction that makes the change.

    Raises:
        CatalogError: the catalog cannot be written.
    """
    found = connection.rows(
        "UPDATE counters SET value = value + 1 WHERE name = ? RETURNING value",
        (counter,),
    )
    return int(found[0][0])


def last_number(connection: Connection, counter: Counter) -> int:
    """Return the number of the newest change, 0 when there was none.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    row = connection.row("SELECT value FROM counters WHERE name = ?", (counter,))
    return 0 if row is None else int(row[0])
