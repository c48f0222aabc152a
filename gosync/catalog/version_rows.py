"""Rows of the versions' table as VersionRow values, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING

from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow

if TYPE_CHECKING:
    from gosync.catalog.connection import SqlValue

COLUMNS = ", ".join(VersionRow.__struct_fields__)
COLUMNS_OF_V = ", ".join(f"v.{name}" for name in VersionRow.__struct_fields__)
MARKS = ", ".join("?" for _ in VersionRow.__struct_fields__)

row_values: Callable[[VersionRow], tuple[SqlValue, ...]] = attrgetter(
    *VersionRow.__struct_fields__
)
# A dict is ten times as quick as calling the class, and there are many rows.
_CLASSES: tuple[tuple[str, type[StrEnum]], ...] = (
    ("state", State),
    ("need", Need),
    ("found_by", FoundBy),
    ("selected", Need),
    ("proof", Proof),
)
_FLAGS = [VersionRow.__struct_fields__.index(name) for name in ("withdrawn", "denied")]
_MEMBERS: list[tuple[int, dict[str | None, StrEnum | None]]] = [
    (
        VersionRow.__struct_fields__.index(name),
        {None: None, **{each.value: each for each in members}},
    )
    for name, members in _CLASSES
]


@reading_row
def version_row(row: sqlite3.Row) -> VersionRow:
    """Make a row of what a SELECT of these columns found."""
    values = list(row)
    for at, members in _MEMBERS:
        values[at] = members[values[at]]
    for at in _FLAGS:
        values[at] = values[at] == 1
    return VersionRow(*values)
