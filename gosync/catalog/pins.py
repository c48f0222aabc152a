"""Pins: the h1 that was seen first, where no checksum database speaks.

A private module's version is what it was at first sight. A pin is written once;
a zip's h1 may be added to a pin that had only the go.mod's; the schema's trigger
refuses every other change.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from gosync.catalog.connection import Connection
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion


class Pin(msgspec.Struct, frozen=True):
    """What a version was at first sight.

    Attributes:
        mod_h1: The ``h1:`` of its go.mod.
        zip_h1: The ``h1:`` of its zip, None until one was seen.
    """

    mod_h1: str
    zip_h1: str | None = None


class Pins:
    """The table of pins."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, mv: ModuleVersion) -> Pin | None:
        """Return a version's pin, or None before first sight.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT mod_h1, zip_h1 FROM pins WHERE path = ? AND version = ?",
            (mv.path, mv.version),
        )
        return None if row is None else Pin(*row)

    def pin(self, mv: ModuleVersion, *, seen: Pin, now: datetime) -> Pin:
        """Pin what is seen, if nothing is; return what is pinned.

        The caller compares: what is pinned may differ from what is seen.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write(
                "INSERT INTO pins (path, version, mod_h1, zip_h1, pinned_at)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (path, version) DO UPDATE"
                " SET zip_h1 = excluded.zip_h1"
                " WHERE zip_h1 IS NULL AND excluded.zip_h1 IS NOT NULL"
                " AND mod_h1 = excluded.mod_h1",
                (mv.path, mv.version, seen.mod_h1, seen.zip_h1, format_time(now)),
            )
            pinned = self.get(mv)
        assert pinned is not None
        return pinned
