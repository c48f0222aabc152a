"""The client of one checksum database: what is asked, proven and remembered.

A lookup goes like this, and nothing of it is used before the last step:

1. read ``lookup/PATH@VERSION`` and parse it (``record``);
2. open its signed head and place it on the timeline (``trusted``): a newer head
   becomes the trusted one, in memory and then, by compare-and-swap, where the
   caller keeps it;
3. prove the record's hash in the trusted tree (``tilereader``, ``proof``), whatever
   head the answer came with;
4. take the two ``h1:`` lines from the record's text.

Any head that is signed and consistent will do: a lookup may be older than the
trusted head (a cache in between) or newer than ``latest`` (it made the record).

No I/O happens here; a caller's ``ClientOps`` does it. Evidence of misbehaviour goes
to its ``report`` before the error is raised. Many tasks of one event loop may use a
client at once. Between two awaits the state is consistent; what was read before an
await is compared again after it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec

from gosync.errors import (
    ForkError,
    GosyncError,
    NotFoundError,
    RecordMismatchError,
    SecurityError,
    UnavailableError,
    UsageError,
)
from gosync.gomod.module import ModuleVersion, escape_path, escape_version
from gosync.sumdb.concurrency import Concurrency, Sequential
from gosync.sumdb.heads import HeadKeeper, HeadOps
from gosync.sumdb.names import Database
from gosync.sumdb.note import Verifier
from gosync.sumdb.proof import ProvenTiles
from gosync.sumdb.record import parse_record, parse_record_lines
from gosync.sumdb.tile import Tile, hash_from_tile, tile_in_tree
from gosync.sumdb.tilereader import TileOps, TileReader, evidence_name
from gosync.sumdb.tlog import Tree, record_hash, stored_hash_index
from gosync.sumdb.treehead import SignedHead

# Few enough that a batch of full tiles stays below a megabyte.
_TILES_AT_ONCE: Final = 64


class ClientOps(TileOps, HeadOps, Protocol):
    """All that the client asks of the world outside.

    Errors other than those named may leave any operation; they pass through the
    client unchanged and nothing is remembered of what failed.
    """

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        """Keep the evidence of misbehaviour, by file name; the error is raised next."""


class ProvenRecord(msgspec.Struct, frozen=True):
    """A record that is in the trusted tree.

    Attributes:
        id: Its number in the log.
        text: Its text, the only part that is proven.
        lines: Its go.sum lines for the module version, of every algorithm.
        zip_h1: The ``h1:`` of the zip.
        mod_h1: The ``h1:`` of the go.mod.
        tree: The tree it was proven in.
    """

    id: int
    text: bytes
    lines: tuple[str, ...]
    zip_h1: str
    mod_h1: str
    tree: Tree


class SumClient:
    """A client of one checksum database; see the module's text for its steps."""

    def __init__(
        self,
        ops: ClientOps,
        trust: Verifier | Database,
        *,
        concurrency: Concurrency | None = None,
    ) -> None:
        """Make a client that trusts one key.

        Args:
            ops: The operations on the world outside.
            trust: The database's key, or the database.
            concurrency: What the caller's event loop can do; one thing after the
                other if None.
        """
        verifier = trust.verifier() if isinstance(trust, Database) else trust
        concurrency = concurrency or Sequential()
        self._ops = ops
        self._reader = TileReader(ops, concurrency)
        self._heads = HeadKeeper(
            ops, verifier, reader=self._reader, concurrency=concurrency
        )

    @property
    def head(self) -> SignedHead | None:
        """The trusted head; None before ``start``, or as long as none was seen."""
        return self._heads.head

    @property
    def seen_sizes(self) -> frozenset[int]:
        """The sizes of all signed heads that came along and held, in any order."""
        return frozenset(self._heads.sizes)

    async def start(self) -> SignedHead | None:
        """Take up the stored head, as every other operation does by itself.

        Raises:
            SignatureError: The database's key did not sign the stored head.
            StoreError: The stored head is damaged.
        """
        async with self._reporting({}):
            await self._heads.start()
        return self._heads.head

    async def lookup(self, mv: ModuleVersion) -> ProvenRecord:
        """Return the record of a module version, proven in the trusted tree.

        Raises:
            NotFoundError: The database knows no such module version.
            MalformedError: The answer is no record with a signed head.
            SignatureError: The database's key did not sign the head.
            ForkError: The head contradicts the trusted one.
            TileMismatchError: The tiles do not lead to a signed root.
            RecordMismatchError: The record is not in the tree, or lacks a line.
            UnavailableError: A tile could not be had.
        """
        path = f"lookup/{escape_path(mv.path)}@{escape_version(mv.version)}"
        await self.start()
        data = await self._ops.read_remote(path)
        async with self._reporting({"lookup": data}) as evidence:
            record = parse_record(data)
            await self._heads.merge(record.rest, evidence)
            tree = await self._prove(record.id, record.text, evidence)
            found = parse_record_lines(record.text, mv)
        return ProvenRecord(
            record.id, record.text, found.lines, found.zip_h1, found.mod_h1, tree
        )

    async def refresh(self) -> Tree:
        """Ask for the latest head, and return the trusted tree.

        An older head than the trusted one is no error as long as it is consistent.

        Raises:
            MalformedError: The answer is no signed head.
            SignatureError: The database's key did not sign it.
            ForkError: It contradicts the trusted one.
            TileMismatchError: The tiles do not lead to a signed root.
            UnavailableError: The head or a tile could not be had.
        """
        await self.start()
        try:
            note = await self._ops.read_remote("latest")
        except NotFoundError as error:
            raise UnavailableError(
                "the checksum database has no latest head"
            ) from error
        async with self._reporting({"latest": note}) as evidence:
            await self._heads.merge(note, evidence)
        return self._heads.view.tree

    async def place(self, note: bytes) -> None:
        """Place a signed head on the timeline, such as one that a client remembers.

        A newer one than the trusted head becomes it, once it is proven to follow.

        Raises:
            MalformedError: It is no signed head.
            SignatureError: The database's key did not sign it.
            ForkError: It contradicts the trusted one.
            TileMismatchError: The tiles do not lead to a signed root.
            UnavailableError: A tile could not be had.
        """
        async with self._reporting({"head": note}) as evidence:
            await self._heads.merge(note, evidence)

    async def prove_record(self, record_id: int, text: bytes) -> None:
        """Prove that the trusted tree has this text as record ``record_id``.

        Raises:
            RecordMismatchError: It has not.
            TileMismatchError: The tiles do not lead to the signed root.
            UnavailableError: A tile could not be had.
            UsageError: No head is trusted yet.
        """
        await self._trusted_view()
        async with self._reporting({"record": text}) as evidence:
            await self._prove(record_id, text, evidence)

    async def tiles(self, wanted: Iterable[Tile]) -> None:
        """Make sure that tiles of the trusted tree are proven and cached.

        A tile narrower than the trusted tree has it, from before the tree grew, is
        cached as well: its hashes are the first ones of the wider tile.

        Raises:
            TileMismatchError: The tiles do not lead to the signed root.
            UnavailableError: A tile could not be had.
            UsageError: No head is trusted yet.
            ValueError: A tile is not in the trusted tree.
        """
        view = await self._trusted_view()
        # Parents first, so that none is fetched for one child and again for another.
        ordered = sorted(set(wanted), key=lambda tile: (-tile.l, tile.n, tile.w))
        async with self._reporting({}) as evidence:
            for start in range(0, len(ordered), _TILES_AT_ONCE):
                batch = ordered[start : start + _TILES_AT_ONCE]
                await self._cache_tiles(view, batch, evidence)

    async def _cache_tiles(
        self,
        view: ProvenTiles,
        batch: Iterable[Tile],
        evidence: MutableMapping[str, bytes],
    ) -> None:
        """Prove and cache a batch of tiles, narrow ones out of their wide ones."""
        wide = {tile: tile_in_tree(tile.l, tile.n, view.tree.n) for tile in batch}
        for tile, held in wide.items():
            if tile.w > held.w:
                raise ValueError(f"{tile.path()} is not in a tree of {view.tree.n}")
        proven = await self._reader.read_tiles(view, wide.values(), evidence)
        narrow = [
            (tile, proven[held][: tile.size_bytes])
            for tile, held in wide.items()
            if tile.w < held.w
        ]
        if narrow:
            await self._ops.write_tiles(narrow)

    async def _trusted_view(self) -> ProvenTiles:
        """Return the trusted tree's proven tiles."""
        if await self.start() is None:
            raise UsageError("no tree head is trusted yet", hint="ask for one first")
        return self._heads.view

    async def _prove(
        self, record_id: int, text: bytes, evidence: MutableMapping[str, bytes]
    ) -> Tree:
        """Prove a record in the trusted tree, and return that tree."""
        view, head = self._heads.view, self._heads.head
        if head is not None:
            evidence["head"] = head.note
        if not 0 <= record_id < view.tree.n:
            raise RecordMismatchError(
                f"record {record_id}: the signed tree has {view.tree.n} records"
            )
        index = stored_hash_index(0, record_id)
        tile = view.tile_of(index)
        proven = await self._reader.read_tiles(view, [tile], evidence)
        if hash_from_tile(tile, proven[tile], index) != record_hash(text):
            evidence[evidence_name(tile.path())] = proven[tile]
            raise RecordMismatchError(
                f"record {record_id}: its text is not the one in the signed tree"
            )
        return view.tree

    @asynccontextmanager
    async def _reporting(
        self, evidence: dict[str, bytes]
    ) -> AsyncIterator[dict[str, bytes]]:
        """Report the evidence that came together before a SecurityError leaves."""
        try:
            yield evidence
        except SecurityError as error:
            if isinstance(error, ForkError):
                evidence["old_note"] = error.old_note
                evidence["new_note"] = error.new_note
                evidence["proof"] = "".join(f"{p}\n" for p in error.proof).encode()
            try:
                await self._ops.report(error, evidence)
            except GosyncError as lost:
                # What was found out outweighs that it could not be filed.
                error.add_note(f"the evidence could not be kept: {lost}")
            raise
