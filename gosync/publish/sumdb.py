"""The checksum database's part of a tree: ``sumdb/NAME/``.

::

    supported            empty; a 200 here makes ``go`` ask the tree alone
    lookup/M@V           the record, and a tree head of the log
    tile/8/L/NNN[.p/W]   what proves the records and older heads in the newest head
    latest               the newest head; no ``go`` asks for it, auditors and mirrors do
    404.txt              what a web server may answer to a request for none of these

A lookup keeps the head that it was written with; ``gosync.sumdb.mixedheads`` says why
every client is served all the same. What is written carries the newest head; a lookup
is written anew where its record is another, or its head cannot be served any more
(``shownheads``).

A client remembers the newest head it saw. When it comes back it asks for that
head's own tiles and for what proves it in the new one, so no tile of a published
head is ever removed, and a tree never returns to a smaller head. It may have seen
that head elsewhere: ``oldheads`` writes what such clients need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from gosync.errors import (
    ForkError,
    MalformedError,
    RecordTooNewError,
    RollbackError,
    StoreError,
)
from gosync.folder import routes
from gosync.hint import advise, command
from gosync.publish.contents import Carried, lookup_bytes
from gosync.publish.storage.tree import TreeWriter
from gosync.sumdb.mixedheads import added_tiles
from gosync.sumdb.record import Record, format_record, parse_record
from gosync.sumdb.tile import Tile, edge_tiles
from gosync.sumdb.tlog import Tree, format_hash, parse_tree
from gosync.sumdb.treehead import SignedHead
from gosync.work.progress import Progress


class TileSource(Protocol):
    """Where proven tiles come from."""

    def read(self, tile: Tile) -> bytes | None:
        """Return a tile's bytes, or None when it is not there."""
        ...


class SumTreeWriter:
    """Writes one database's folder.

    Attributes:
        name: The database's name.
        tiles_written: Tiles written.
        lookups_written: Lookups written.
    """

    def __init__(self, writer: TreeWriter, name: str, tiles: TileSource) -> None:
        self._writer = writer
        self._tiles = tiles
        self._folder = routes.sumdb_folder(name)
        self.name = name
        self.tiles_written = 0
        self.lookups_written = 0

    @property
    def supported(self) -> str:
        """The file that makes ``go`` ask here."""
        return f"{self._folder}/supported"

    @property
    def latest(self) -> str:
        """The file with the head."""
        return f"{self._folder}/latest"

    @property
    def not_found(self) -> str:
        """The text for requests that the folder has no file for."""
        return f"{self._folder}/{routes.NOT_FOUND_NAME}"

    @property
    def fixed_files(self) -> tuple[str, ...]:
        """The files that are always there: all but tiles and lookups."""
        return (self.supported, self.latest, self.not_found)

    def lookup(self, name: str) -> str:
        """Return where the lookup of an escaped ``M@V`` lies."""
        return f"{self._folder}/lookup/{name}"

    def check_head(self, head: SignedHead, sizes: Iterable[int]) -> None:
        """Check that the tree would not go back to, or beside, an older head.

        Raises:
            RollbackError: if clients may know a larger head.
            ForkError: if the tree shows another head of the same size.
        """
        newest = max(sizes, default=0)
        if head.tree.n < newest:
            behind = RollbackError(
                f"{self._writer.name}: its clients know a tree head of {newest}"
                f" records, the trusted one has {head.tree.n}",
                hint=advise("run {} to learn of a newer tree head", command("sync")),
            )
            behind.failure_class = "sum.rollback"
            raise behind
        note = self._writer.read(self.latest) or b""
        shown = tree_of(note)
        if shown is not None and shown.n == head.tree.n and shown != head.tree:
            raise ForkError(
                f"{self._writer.name}: shows another tree head of {shown.n} records",
                old_note=note,
                new_note=head.note,
                proof=tuple(
                    f"{format_hash(tree.hash)} is the root of {tree.n} records"
                    for tree in (shown, head.tree)
                ),
            )

    def missing(self, tiles: Iterable[Tile]) -> list[Tile]:
        """Return the tiles that the tree does not have."""
        size = self._writer.size
        return [tile for tile in tiles if size(self.path(tile)) != tile.size_bytes]

    def source(self, tile: Tile) -> bytes | None:
        """Return a proven tile out of the store, None where it has none."""
        data = self._tiles.read(tile)
        return data if data is not None and len(data) == tile.size_bytes else None

    def write_tile(self, tile: Tile, data: bytes) -> None:
        """Put a proven tile into the tree."""
        self.tiles_written += self._writer.write(self.path(tile), data)

    def write_tiles(self, tiles: Sequence[Tile], progress: Progress) -> None:
        """Put these tiles into the tree.

        Raises:
            StoreError: if the store does not have one of them.
        """
        for tile in tiles:
            data = self.source(tile)
            if data is None:
                raise StoreError(
                    f"{self.path(tile)}: the store has no such proven tile",
                    hint=advise("run {} to fetch and prove it", command("sync")),
                )
            self.write_tile(tile, data)
            progress.advance()

    def restore_edges(self, sizes: Iterable[int]) -> None:
        """Put back the partial tiles of older heads, as far as the store has them.

        Where it has none the full tile will do: clients cut it themselves.
        """
        for size in sizes:
            for tile in self.missing(edge_tiles(size)):
                data = self.source(tile)
                if data is not None:
                    self.write_tile(tile, data)

    def has_lookup(self, version: Carried) -> bool:
        """Return whether the tree has a version's lookup, whatever it says."""
        return self._writer.size(self.lookup(version.at.lookup)) is not None

    def has_edge(self, size: int) -> bool:
        """Return whether the edge of a tree head of this size is there.

        A full tile of the same place does as well: clients cut it.
        """
        absent = self.missing(edge_tiles(size))
        return not self.missing([tile.full() for tile in absent])

    def write_lookup(
        self, version: Carried, head: SignedHead, stays: Callable[[bytes], bool]
    ) -> None:
        """Put a version's lookup into the tree, unless the one that is there will do.

        Args:
            version: The version; it has a record.
            head: What the lookup is to carry.
            stays: Whether one may stay that carries this signed note.

        Raises:
            RecordTooNewError: if the head is older than the record.
        """
        row = version.row
        record_id = row.record_id or 0
        if record_id >= head.tree.n:
            raise RecordTooNewError(
                f"{row.path}@{row.version}: its record {record_id} is newer than"
                f" the tree head of {head.tree.n} records",
                hint=advise("run {} to learn of a newer tree head", command("sync")),
            )
        path = self.lookup(version.at.lookup)
        record = lookup_bytes(row, b"")
        there = self._writer.read(path)
        if there is not None and there.startswith(record):
            note = there[len(record) :]
            if note == head.note or stays(note):
                return
        self._writer.write(path, record + head.note, compare=False)
        self.lookups_written += 1

    def kept_records(self, names: Iterable[str]) -> dict[str, Record]:
        """Return the records that lookups in the tree have, by escaped ``M@V``.

        Those that cannot be read are left out.
        """
        records = {}
        for name in names:
            data = self._writer.read(self.lookup(name))
            with suppress(MalformedError):
                if data is not None:
                    records[name] = parse_record(data)
        return records

    def stamp(
        self,
        name: str,
        record: Record,
        head: SignedHead,
        stays: Callable[[bytes], bool],
    ) -> None:
        """Let a lookup that is in the tree carry the head, unless its own may stay."""
        if record.id < head.tree.n and not stays(record.rest):
            data = format_record(record.id, record.text) + head.note
            self.lookups_written += self._writer.write(self.lookup(name), data)

    def path(self, tile: Tile) -> str:
        """Return where a tile lies."""
        return f"{self._folder}/{tile.path()}"


def needed_tiles(
    head: SignedHead, record_ids: Iterable[int], sizes: Iterable[int]
) -> list[Tile]:
    """Return the tiles that clients of a tree with this head ask for.

    Args:
        head: The tree's newest head.
        record_ids: The records that it carries; of a tree that has the tiles of all
            others for the smallest of these sizes, those that are new.
        sizes: The sizes of the heads that it showed before.

    Raises:
        RecordTooNewError: if a record is newer than the head.
    """
    n = head.tree.n
    try:
        return added_tiles(n, record_ids, sizes)
    except ValueError as exc:
        raise RecordTooNewError(
            f"a carried record is newer than the tree head of {n} records",
            hint=advise("run {} to learn of a newer tree head", command("sync")),
        ) from exc


def tree_of(note: bytes) -> Tree | None:
    """Return the tree of a note that this tree shows, None when damaged."""
    try:
        return parse_tree(note.rpartition(b"\n\n")[0] + b"\n")
    except MalformedError:
        return None
