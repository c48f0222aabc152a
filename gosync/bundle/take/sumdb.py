"""The checksum database as bundles have it, for the gate to ask.

The checksum database's client asks for what it always asks for, and proves it as
always: ``latest`` is the head of the bundle that is to be applied, a lookup is a
record's text stamped with that head, tiles are those that the bundles carry. Nothing
here is believed; a bundle is transport (I7).

Tiles are unpacked into one staged file, which goes when the import ends.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.bundle.format.manifest import Segment, VersionEntry
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.reader import read_tiles
from gosync.clock import Clock
from gosync.errors import (
    BundleGapError,
    MalformedError,
    NotFoundError,
    VolumeError,
)
from gosync.gomod.module import escape_path, escape_version
from gosync.store.staging import Staged
from gosync.sumdb.record import format_record
from gosync.sumdb.tile import Tile, parse_tile_path
from gosync.upstream.answer import Response, Served


class BundleSumRemote:
    """gosync.ingest.sumops.SumRemote over bundles."""

    def __init__(
        self,
        chosen: BundleFolder | None,
        bundles: Iterable[BundleFolder],
        *,
        scratch: Staged,
        clock: Clock,
    ) -> None:
        """Unpack the tiles, and find the records.

        Args:
            chosen: The bundle whose head counts, None where the store has all.
            bundles: All that are at hand.
            scratch: Takes the tiles.
            clock: The time of answers.

        Raises:
            MalformedError: A bundle has more tiles than its header says.
            StoreError: The scratch file cannot be written.
        """
        self._chosen = chosen
        self._scratch = scratch
        self._clock = clock
        self._tiles: dict[str, int] = {}  # where each begins in the scratch file
        self._records: dict[str, VersionEntry] = {}
        self._broken: VolumeError | None = None
        for bundle in bundles:
            self._add(bundle)

    @property
    def tiles(self) -> list[Tile]:
        """The tiles that the bundles carry."""
        return [parse_tile_path(path) for path in self._tiles]

    def _add(self, bundle: BundleFolder) -> None:
        for segment in bundle.manifest.segments:
            if segment.holds == "tiles":
                self._add_tiles(bundle, segment)
        for entry in bundle.manifest.travelling():
            if entry.record is not None:
                self._records[_lookup_path(entry)] = entry

    def _add_tiles(self, bundle: BundleFolder, segment: Segment) -> None:
        """Unpack a segment; where its volume is missing the store may have all."""
        alone = msgspec.structs.replace(bundle.manifest, segments=(segment,))
        left = bundle.header.tiles
        try:
            for tile, data in read_tiles(bundle, alone):
                if not left:
                    raise MalformedError("bundle", bundle.id, "more tiles than it says")
                left -= 1
                self._tiles[tile.path()] = self._scratch.size_bytes
                self._scratch.write(data)
        except VolumeError as error:
            self._broken = self._broken or error

    async def read(self, path: str) -> Response:
        """Return the answer for ``lookup/...``, ``tile/...`` or ``latest``.

        Raises:
            BundleGapError: No bundle has that tile.
            VolumeError: A volume that may have it is missing or damaged.
            NotFoundError: No bundle has that record, or there is no head.
        """
        body = self._tile(path) if path.startswith("tile/") else self._text(path)
        served = Served(
            url=f"bundle:{self._chosen.id if self._chosen else ''}/{path}",
            status=200,
            headers={},
            at=self._clock.now(),
            size_bytes=len(body),
            framed=True,
        )
        return Response(body, served)

    def _tile(self, path: str) -> bytes:
        """Return a tile, a narrow one also out of the full one of its place."""
        tile = parse_tile_path(path)
        offset = self._tiles.get(path, self._tiles.get(tile.full().path()))
        if offset is not None:
            return self._scratch.read_at(offset, tile.size_bytes)
        if self._broken is not None:
            raise self._broken
        raise BundleGapError(f"{path} of the checksum database is not here")

    def _text(self, path: str) -> bytes:
        head = None if self._chosen is None else self._chosen.header.sumdb
        if head is None:
            raise NotFoundError(f"{path}: the bundle has no head of the database")
        note = head.note.encode()
        if path == "latest":
            return note
        entry = self._records.get(path)
        if entry is None or entry.record is None or entry.record_id is None:
            raise NotFoundError(f"{path}: no bundle has that record")
        return format_record(entry.record_id, entry.record.encode()) + note


def _lookup_path(entry: VersionEntry) -> str:
    return f"lookup/{escape_path(entry.path)}@{escape_version(entry.version)}"
