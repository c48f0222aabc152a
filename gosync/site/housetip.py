"""End of the house log: read, extended and signed, at the price of what is new.

The tree's tiles tell the edge of the head that it shows (``sumdb.logedge``), and are
proven by it. The records that the store has beyond that are appended, and must make the
store's head; so nothing is believed but what was signed. Earlier heads are proven by
the tree's tiles as well. Where the tree lacks any, or has those of another log, all
records are read, as for a tree that is new.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from gosync.errors import MalformedError, UsageError
from gosync.folder.routes import sumdb_folder
from gosync.site.houselog import (
    HouseRecord,
    ReadFile,
    RecordFiles,
    keep_records,
    not_of_its_head,
    read_head,
)
from gosync.site.options import HouseLogSpec
from gosync.site.site import Site
from gosync.sumdb.growing import GrowingLog
from gosync.sumdb.logedge import LogEdge, earlier_tree
from gosync.sumdb.note import (
    Ed25519Signer,
    parse_signer_key,
    parse_verifier_key,
    sign_note,
)
from gosync.sumdb.tile import FULL_TILE_WIDTH, Tile
from gosync.sumdb.tlog import Tree, format_tree
from gosync.sumdb.treehead import SignedHead, open_head

_MAX_KEY_BYTES: Final = 4096


class TreeTiles:
    """The tiles of a log that a tree has, and the head that it shows.

    Attributes:
        shown: The head, None where there is none.
    """

    def __init__(self, read_file: ReadFile, spec: HouseLogSpec) -> None:
        """Take what reads the tree's files.

        Raises:
            SignatureError: nobody we know signed its head.
            StoreError: it cannot be read.
        """
        self._read_file = read_file
        self._folder = sumdb_folder(spec.name)
        note = read_file(f"{self._folder}/latest")
        verifier = parse_verifier_key(spec.verifier)
        self.shown = None if note is None else open_head(note, verifier)

    def read(self, tile: Tile) -> bytes | None:
        """Return a tile, or the start of the full one of its place; not proven."""
        data = self._read_file(f"{self._folder}/{tile.path()}")
        if data is None and not tile.is_full:
            data = self._read_file(f"{self._folder}/{tile.full().path()}")
            return None if data is None else data[: tile.size_bytes]
        return data

    def edge(self, most: int) -> LogEdge:
        """Return the edge of the shown head; that of the empty log where it is no use.

        Args:
            most: How many records it may have.
        """
        if self.shown is None or self.shown.tree.n > most:
            return LogEdge()
        return LogEdge.of(self.shown.tree, self.read) or LogEdge()


class LogTip:
    """A store's log, of which as little is read as the tree's tiles allow.

    Attributes:
        head: The newest signed head, None before the first one.
        begun: The tree that those told; the empty one where they did not.
        edge: The log's edge, which began there.
    """

    def __init__(
        self,
        files: RecordFiles,
        head: SignedHead | None,
        tiles: TreeTiles,
        edge: LogEdge,
    ) -> None:
        """Take the log's files and head, and an edge that it may extend."""
        self.head = head
        self.begun = edge.tree()
        self.edge = edge
        self._files = files
        self._tiles = tiles
        self._new: list[HouseRecord] = []
        self._trees = {self.begun.n: self.begun}
        self._whole: GrowingLog | None = None

    @property
    def size(self) -> int:
        """How many records it has, with those that are not signed yet."""
        return self.edge.size

    def tree(self, size: int) -> Tree:
        """Return the tree of its first records.

        Raises:
            StoreError: store or tree cannot be read.
        """
        found = self._trees.get(size)
        if found is None and size < self.begun.n:
            found = earlier_tree(self.begun, size, self._tiles.read)
        if found is None:
            if self._whole is None:
                self._whole = GrowingLog(each.text for each in self.records(0))
            found = self._whole.tree(size)
        self._trees[size] = found
        return found

    def record(self, number: int) -> HouseRecord:
        """Return a record.

        Raises:
            StoreError: the store cannot be read.
        """
        if number < self._files.size:
            return self._files.get(number)
        return self._new[number - self._files.size]

    def records(self, first: int) -> list[HouseRecord]:
        """Return the records from a number on; errors as ``record``."""
        return [self.record(number) for number in range(first, self.size)]

    def catch_up(self, sizes: Collection[int]) -> None:
        """Append what the store has beyond the edge; errors as ``record``.

        Args:
            sizes: Of which sizes the tree will be asked for.
        """
        for number in range(self.size, self._files.size):
            if number in sizes:
                self._trees[number] = self.edge.tree()
            self.edge.append(self._files.get(number).text)
        self._trees[self.size] = self.edge.tree()

    def append(self, records: Sequence[HouseRecord]) -> None:
        """Append records, unsigned."""
        for each in records:
            self.edge.append(each.text)
        self._new += records
        self._trees[self.size] = self.edge.tree()
        self._whole = None


def read_tip(
    read: ReadFile,
    spec: HouseLogSpec,
    tiles: TreeTiles,
    sizes: Collection[int],
    where: str = "the store",
) -> LogTip:
    """Return the log of a store, a tree or a bundle.

    Args:
        read: Returns its files.
        spec: Its key and name.
        tiles: The tiles of a tree.
        sizes: Of which sizes the tree will be asked for.
        where: What messages call the place that has the files.

    Raises:
        SecurityError: the records are not those of the head, or nobody we know signed.
        StoreError: store or tree cannot be read.
    """
    head = read_head(read, spec)
    files = RecordFiles(read, 0 if head is None else head.tree.n, where)
    for edge in (tiles.edge(files.size), LogEdge()):
        tip = LogTip(files, head, tiles, edge)
        tip.catch_up(sizes)
        if head is None or tip.tree(tip.size) == head.tree:
            return tip
    raise not_of_its_head(spec, where)


def sign_and_keep(
    site: Site,
    spec: HouseLogSpec,
    tip: LogTip,
    new: Sequence[HouseRecord],
    signer: Ed25519Signer,
) -> None:
    """Append records to a log, sign its head, and keep all that; the lease is held.

    Raises:
        StoreError: the store cannot be read or written.
    """
    first = tip.size - tip.size % FULL_TILE_WIDTH
    tip.append(new)
    note = sign_note(format_tree(tip.tree(tip.size)), [signer])
    head = open_head(note, parse_verifier_key(spec.verifier))
    keep_records(site, spec, head, first, tip.records(first))
    tip.head = head


def read_signer(spec: HouseLogSpec) -> Ed25519Signer:
    """Return the key that signs.

    Raises:
        UsageError: it cannot be read, or is not the verifier's.
    """
    assert spec.key is not None
    try:
        signer = parse_signer_key(
            spec.key.read_bytes()[:_MAX_KEY_BYTES].decode().strip()
        )
    except (OSError, UnicodeDecodeError, MalformedError) as exc:
        text = exc.strerror if isinstance(exc, OSError) else "no signer key"
        raise UsageError(f"{spec.key}: {text}") from exc
    verifier = parse_verifier_key(spec.verifier)
    if (signer.name, signer.key_hash) != (verifier.name, verifier.key_hash):
        raise UsageError(f"{spec.key}: not the key of house_log.verifier")
    return signer
