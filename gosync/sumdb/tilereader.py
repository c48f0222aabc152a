"""Where tiles come from, and what becomes of a wrong one.

A tile is looked for in what was just fetched, in the caller's cache, in the full
tile of the same place there, at the database, and in the full tile there: a partial
tile is gone from most databases once the tile is complete, and its hashes are the
first ones of the full tile. Nothing of this is believed; ``proof`` decides.

A wrong tile from the cache is fetched again from the database, because a cache is
only a cache. A wrong tile from the database is a ``TileMismatchError``, with the
tiles as evidence; so is a tile of a wrong length. Only proven tiles are written to
the cache. A tile that the database does not have is its failure, not an answer
about a module: ``UnavailableError``, never ``NotFoundError``.

Concurrent readers that need the same tile share one fetch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Protocol, TypeAlias

import msgspec

from gosync.errors import NotFoundError, TileMismatchError, UnavailableError
from gosync.sumdb.concurrency import Concurrency, Lock
from gosync.sumdb.proof import ProvenTiles, TilePlan, hashes_of
from gosync.sumdb.tile import FULL_TILE_BYTES, Tile

_RECENT_TILES: Final = 256


class TileOps(Protocol):
    """The operations on tiles that a caller provides."""

    async def read_remote(self, path: str) -> bytes:
        """Return the database's answer for ``path``, such as ``tile/8/0/000.p/4``.

        Raises:
            NotFoundError: The database has no such thing (404, 410).
        """

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return a tile cached earlier, or None. It is proven again."""

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Cache tiles that were proven. Called again with the same, at times."""


class Brought(msgspec.Struct):
    """A tile as it came.

    Attributes:
        data: Its bytes, of any length.
        is_cached: Whether the cache has exactly this tile.
        answer: Which of the database's answers it is, from 1; 0 if it is the cache's.
    """

    data: bytes
    is_cached: bool
    answer: int


# Tiles that are proven and not cached yet.
Unsaved: TypeAlias = list[tuple["Tile", Brought]]


class TileReader:
    """Brings tiles, has them proven, keeps them."""

    def __init__(self, ops: TileOps, concurrency: Concurrency) -> None:
        self._ops = ops
        self._concurrency = concurrency
        self._flights: dict[Tile, _Flight] = {}
        self._recent: OrderedDict[Tile, Brought] = OrderedDict()
        self._answers = 0

    async def read_hashes(
        self,
        view: ProvenTiles,
        indexes: Sequence[int],
        evidence: MutableMapping[str, bytes],
        *,
        unsaved: Unsaved | None = None,
    ) -> dict[int, bytes]:
        """Return stored hashes of a tree, proven; the rest is as for read_tiles.

        Raises:
            TileMismatchError: The database's tiles do not lead to the root.
            UnavailableError: The database does not have a tile.
        """
        wanted = [view.tile_of(index) for index in indexes]
        proven = await self.read_tiles(view, wanted, evidence, unsaved=unsaved)
        return hashes_of(view, proven, indexes)

    async def read_tiles(
        self,
        view: ProvenTiles,
        wanted: Iterable[Tile],
        evidence: MutableMapping[str, bytes],
        *,
        unsaved: Unsaved | None = None,
    ) -> dict[Tile, bytes]:
        """Return tiles of a tree, proven and cached, with others that proved them.

        Args:
            view: The tree's proven tiles; it is added to.
            wanted: Tiles of that tree.
            evidence: Gets the tiles that came before a TileMismatchError.
            unsaved: Gets the tiles that are new, for ``save``, while it is not known
                yet whether the tree itself can be trusted. None saves them now.

        Raises:
            TileMismatchError: The database's tiles do not lead to the root.
            UnavailableError: The database does not have a tile.
        """
        plan = view.plan(wanted)
        if not plan.fetch:
            return dict(plan.known)
        before = self._answers
        brought = await self._bring_all(plan.fetch)
        while bad := view.check(plan, _data(brought)):
            # Two histories have tiles of the same names, so what was answered for
            # another head convicts nobody: only an answer from now on does.
            again = [tile for tile in bad if brought[tile].answer <= before]
            if not again:
                evidence.update(_evidence(plan, brought))
                raise _mismatch(view, bad)
            brought |= await self._bring_all(again, newer_than=before)
        new = [(tile, found) for tile, found in brought.items() if not found.is_cached]
        if unsaved is None:
            await self.save(new)
        else:
            unsaved += new
        return view.accept(plan, _data(brought))

    async def save(self, unsaved: Unsaved) -> None:
        """Cache proven tiles that were left aside by ``read_tiles``."""
        if unsaved:
            await self._ops.write_tiles([(tile, found.data) for tile, found in unsaved])
            for _, found in unsaved:
                found.is_cached = True

    async def _bring_all(
        self, tiles: Iterable[Tile], *, newer_than: int = -1
    ) -> dict[Tile, Brought]:
        """Bring tiles, several at once, from no answer older than the one named."""
        brought: dict[Tile, Brought] = {}

        async def bring(tile: Tile) -> None:
            async with self._flight(tile):
                brought[tile] = await self._bring(tile, newer_than)

        await self._concurrency.run([partial(bring, tile) for tile in tiles])
        return brought

    async def _bring(self, tile: Tile, newer_than: int) -> Brought:
        """Bring one tile from the nearest place that has it."""
        recent = self._recent.get(tile)
        if recent is not None and recent.answer > newer_than:
            return recent
        found = await self._bring_cached(tile) if newer_than < 0 else None
        if found is None:
            data = await self._fetch(tile)
            self._answers += 1
            found = Brought(data, is_cached=False, answer=self._answers)
        self._recent[tile] = found
        while len(self._recent) > _RECENT_TILES:
            self._recent.popitem(last=False)
        return found

    async def _bring_cached(self, tile: Tile) -> Brought | None:
        """Bring a tile, or the start of its full tile, from the cache."""
        data = await self._ops.read_tile(tile)
        if data is not None:
            return Brought(data, is_cached=True, answer=0)
        if tile.is_full:
            return None
        data = await self._ops.read_tile(tile.full())
        if data is None:
            return None
        return Brought(_start_of(tile, data), is_cached=False, answer=0)

    async def _fetch(self, tile: Tile) -> bytes:
        """Fetch a tile, or the start of its full tile, from the database."""
        try:
            return await self._ops.read_remote(tile.path())
        except NotFoundError as error:
            missing = error
        if not tile.is_full:
            try:
                full = await self._ops.read_remote(tile.full().path())
                return _start_of(tile, full)
            except NotFoundError:
                pass
        raise UnavailableError(
            f"{tile.path()}: the checksum database does not have this tile"
        ) from missing

    @asynccontextmanager
    async def _flight(self, tile: Tile) -> AsyncIterator[None]:
        """Let one task at a time bring a tile; the others find it brought."""
        flight = self._flights.get(tile)
        if flight is None:
            flight = self._flights[tile] = _Flight(self._concurrency.new_lock())
        flight.users += 1
        try:
            async with flight.lock:
                yield
        finally:
            flight.users -= 1
            if not flight.users:
                del self._flights[tile]


class _Flight(msgspec.Struct):
    """The lock of one tile's fetch, and how many hold or await it."""

    lock: Lock
    users: int = 0


def evidence_name(path: str) -> str:
    """Return the name under which the file at ``path`` is kept as evidence."""
    return path.replace("/", "-")


def _start_of(tile: Tile, full: bytes) -> bytes:
    """Return a partial tile out of its full one; a wrong length stays wrong."""
    return full[: tile.size_bytes] if len(full) == FULL_TILE_BYTES else full


def _data(brought: Mapping[Tile, Brought]) -> dict[Tile, bytes]:
    return {tile: found.data for tile, found in brought.items()}


def _evidence(plan: TilePlan, brought: Mapping[Tile, Brought]) -> dict[str, bytes]:
    """Return every tile that took part in a proof that failed."""
    tiles = {**plan.known, **_data(brought)}
    return {evidence_name(tile.path()): data for tile, data in tiles.items()}


def _mismatch(view: ProvenTiles, bad: Iterable[Tile]) -> TileMismatchError:
    names = tuple(tile.path() for tile in sorted(bad))
    return TileMismatchError(
        f"{', '.join(names)}: not part of the signed tree of {view.tree.n} records",
        tiles=names,
    )
