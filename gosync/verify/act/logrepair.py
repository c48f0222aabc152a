"""Repair of a checksum database's files: lookups and tiles, fetched anew.

A tile is proven up to the database's head, which has every tile of an older tree. A
lookup is the record's text, proven there, under the head that the tree's other
lookups have: the signature covers the tree and not the record, so any head will do
that has it, and the tree has the tiles of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.errors import GosyncError, UnavailableError
from gosync.folder.layouts import PathPlace, Role
from gosync.folder.sums import TreeSums
from gosync.sumdb.record import format_record
from gosync.sumdb.tile import parse_tile_path
from gosync.sumdb.treehead import SignedHead
from gosync.verify.look.logfiles import parse_lookup_name
from gosync.verify.prove.sources import Log


class LogFiles:
    """Brings files of one database's part in a tree."""

    def __init__(self, log: Log, sums: TreeSums | None) -> None:
        """Take the database, and the part that is to be mended; a store has none."""
        self._log = log
        self._sums = sums

    async def bring(self, places: Iterable[PathPlace]) -> dict[str, bytes | str]:
        """Return files by their path in the database, or why one cannot be had."""
        found: dict[str, bytes | str] = {}
        for place in places:
            try:
                found[place.name] = await self._bring(place)
            except GosyncError as exc:
                found[place.name] = str(exc)
        return found

    async def _bring(self, place: PathPlace) -> bytes:
        if place.role is Role.LOOKUP:
            return await self._lookup(place.name)
        if place.role is Role.HEAD:
            return self._head(place.name).note
        tile = parse_tile_path(place.name)
        await self._log.client.refresh()
        await self._log.client.tiles([tile])
        data = await self._log.ops.read_tile(tile)
        if data is None:
            raise UnavailableError(f"{place.name}: the log does not have it")
        return data

    async def _lookup(self, name: str) -> bytes:
        record = await self._log.client.lookup(parse_lookup_name(name))
        head = self._head(name)
        if record.id >= head.tree.n:
            raise UnavailableError(f"{name}: newer than the tree's own head")
        return format_record(record.id, record.text) + head.note

    def _head(self, name: str) -> SignedHead:
        """Return the newest head that the tree's other files lead to."""
        head = self._sums.head if self._sums is not None else None
        if head is None:
            raise UnavailableError(f"{name}: no other lookup has a head")
        return head
