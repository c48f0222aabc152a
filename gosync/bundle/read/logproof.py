"""Merkle proofs of a bundle's records and tiles, up to its tree head.

A bundle carries the tiles that are new to its receiver. Each is proven up to the head
as far as what stands above it is there too: a full bundle has all of that, of an
increment a part may have come with the bundles before. Who has those, in a published
tree (``treebase``) or in the store that made the bundle, closes the gap. A record
counts once the tile that has its hash is proven.

That the head is the log's takes the log's key, and that it goes on from what the
receiver trusts takes the receiver.
"""

from __future__ import annotations

from typing import IO, Protocol

import msgspec

from gosync.bundle.format.manifest import VersionEntry
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.reader import read_tiles
from gosync.catalog.bundles import BundleKind
from gosync.errors import MalformedError, RecordMismatchError, TileMismatchError
from gosync.store.durable import disk_errors
from gosync.store.scratch import ScratchFiles
from gosync.sumdb.proof import ProvenTiles
from gosync.sumdb.tile import TILE_HEIGHT, Tile, hash_from_tile, tile_in_tree
from gosync.sumdb.tlog import Tree, parse_tree, record_hash, stored_hash_index


class TileBase(Protocol):
    """Where tiles are that came with earlier bundles."""

    def tile(self, database: str, tile: Tile) -> bytes | None:
        """Return a tile, None if it is not here. It is proven before it counts."""
        ...


class LogProof(msgspec.Struct, frozen=True):
    """How many records and tiles of a bundle lead to its tree head.

    Attributes:
        records: Records that travel.
        records_proven: How many of them lead there.
        tiles: Tiles that travel.
        tiles_proven: How many of them lead there.
    """

    records: int = 0
    records_proven: int = 0
    tiles: int = 0
    tiles_proven: int = 0


def prove_log(
    folder: BundleFolder, *, scratch: ScratchFiles, base: TileBase | None = None
) -> LogProof | None:
    """Prove the tiles and records of a bundle; None where it has no tree head.

    Args:
        folder: The bundle.
        scratch: Opens a file for the tiles, unpacked.
        base: Where tiles are that came before, None for nowhere.

    Raises:
        TileMismatchError: a tile does not lead to the head.
        RecordMismatchError: the log has another record.
        MalformedError: a tile or a record is none of the head's tree, or a full
            bundle lacks what proves one.
        VolumeError: a volume cannot be read.
        NoSpaceError: the scratch files' disk is full.
    """
    head = folder.header.sumdb
    if head is None:
        return None
    tree = parse_tree(head.note.partition("\n\n")[0].encode() + b"\n")
    with disk_errors(scratch), scratch.scratch_file() as file:
        tiles = _Tiles(file, head.name, base)
        for tile, data in read_tiles(folder, folder.manifest):
            tiles.add(tile, data)
        proof = _Proof(tree, tiles)
        proven = [proof.has_tile(tile) for tile in tiles.own]
        found = [proof.has_record(entry) for entry in _records(folder)]
    if folder.header.kind is BundleKind.FULL and not all((*found, *proven)):
        raise MalformedError("bundle", folder.id, "is full, and lacks tiles")
    return LogProof(len(found), sum(found), len(proven), sum(proven))


def _records(folder: BundleFolder) -> list[VersionEntry]:
    """Return what travels with a record, in the order of the log."""
    entries = (e for e in folder.manifest.travelling() if e.record is not None)
    return sorted(entries, key=lambda entry: entry.record_id or 0)


class _Tiles:
    """The tiles at hand: a bundle's in a file, and those of a tree."""

    def __init__(self, file: IO[bytes], database: str, base: TileBase | None) -> None:
        self._file = file
        self._database = database
        self._base = base
        self._places: dict[Tile, int] = {}

    @property
    def own(self) -> list[Tile]:
        """The bundle's, those first that prove others."""
        return sorted(self._places, key=lambda tile: (-tile.l, tile.n))

    def add(self, tile: Tile, data: bytes) -> None:
        self._places[tile] = self._file.tell()
        self._file.write(data)

    def get(self, tile: Tile) -> bytes | None:
        """Return a tile, None if it is not at hand."""
        place = self._places.get(tile)
        if place is not None:
            end = self._file.tell()
            self._file.seek(place)
            data = self._file.read(tile.size_bytes)
            self._file.seek(end)
            return data
        if self._base is None:
            return None
        return self._base.tile(self._database, tile)


class _Proof:
    """Proves the tiles of one tree, one after the other."""

    def __init__(self, tree: Tree, tiles: _Tiles) -> None:
        self._n = tree.n
        self._tiles = tiles
        self._view = ProvenTiles(tree)

    def has_tile(self, tile: Tile) -> bool:
        """Return whether a tile leads to the head; False if something is not here."""
        return self._proven(tile) is not None

    def has_record(self, entry: VersionEntry) -> bool:
        """Return whether a record leads to the head; False if a tile is not here."""
        assert entry.record_id is not None
        assert entry.record is not None
        shown = f"{entry.path}@{entry.version}"
        try:
            tile = tile_in_tree(0, entry.record_id >> TILE_HEIGHT, self._n)
            data = self._proven(tile)
            if data is None:
                return False
            index = stored_hash_index(0, entry.record_id)
            want = hash_from_tile(tile, data, index)
        except ValueError as error:
            raise MalformedError("record", shown, "is newer than the head") from error
        if want != record_hash(entry.record.encode()):
            raise RecordMismatchError(
                f"{shown}: record {entry.record_id} of the tree of {self._n} records"
                " is another one"
            )
        return True

    def _proven(self, tile: Tile) -> bytes | None:
        try:
            plan = self._view.plan([tile])
        except ValueError as error:
            raise MalformedError("tile", tile.path(), str(error)) from error
        data: dict[Tile, bytes] = {}
        for each in plan.fetch:
            found = self._tiles.get(each)
            if found is None:
                return None
            data[each] = found
        bad = self._view.check(plan, data)
        if bad:
            names = tuple(each.path() for each in sorted(bad))
            raise TileMismatchError(
                f"{', '.join(names)}: not part of the tree of {self._n} records whose"
                " head the bundle has",
                tiles=names,
            )
        return self._view.accept(plan, data)[tile]
