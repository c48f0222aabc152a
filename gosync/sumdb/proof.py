"""Tiles of one tree, each proven up to the signed root before it counts.

A tree head commits to every tile of its tree, and the proof is only computation:

* the edge tiles together hold the row of perfect subtrees over all records; folded,
  that row must give the root hash. All of them are checked at once: if the fold is
  wrong, at least one is, and nobody can say which;
* every other tile is full, and its hash must stand in its parent, at the place of
  its number; parents are proven first, up to an edge tile.

There is no third way in: a tile that neither was folded into the root nor was found
in a proven parent is not used. Go's own client once skipped index tiles when several
edge hashes shared a tile (CVE-2026-56865), so here a plan names each tile once, with
the way it must be proven, and ``ProvenTiles.check`` goes over the whole plan.

Nothing here reads or waits. A ``TilePlan`` says which tiles to bring; ``check`` says
which of the brought ones are wrong; ``accept`` keeps those of a plan without any.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from gosync.sumdb.tile import (
    FULL_TILE_WIDTH,
    Tile,
    edge_tiles,
    hash_from_tile,
    parent,
    tile_for_index,
    tile_hash,
    tile_in_tree,
)
from gosync.sumdb.tlog import (
    HASH_SIZE_BYTES,
    Tree,
    fold_subtrees,
    subtree_indexes,
)

# 16 MiB of tiles: all inner ones of a log with 65 million records, and more.
DEFAULT_CAPACITY_TILES: Final = 2048


class TilePlan(msgspec.Struct, frozen=True):
    """What proving some tiles takes.

    Attributes:
        fetch: The tiles to bring, in the order of their proof: parents first.
        known: Proven tiles that the proof needs, or that were asked for.
    """

    fetch: tuple[Tile, ...]
    known: Mapping[Tile, bytes]


class ProvenTiles:
    """The proven tiles of one tree; the most recently used ones are kept."""

    def __init__(
        self, tree: Tree, *, capacity_tiles: int = DEFAULT_CAPACITY_TILES
    ) -> None:
        self.tree = tree
        self._edges = tuple(edge_tiles(tree.n))
        self._edge_data: dict[Tile, bytes] = {}
        self._full: OrderedDict[Tile, bytes] = OrderedDict()
        self._capacity_tiles = capacity_tiles

    def tile_of(self, index: int) -> Tile:
        """Return the tile of this tree that has the stored hash ``index``.

        Raises:
            ValueError: The tree does not have that hash.
        """
        least = tile_for_index(index)
        tile = tile_in_tree(least.l, least.n, self.tree.n)
        if tile.w < least.w:
            raise ValueError(f"no hash {index} in a tree of {self.tree.n}")
        return tile

    def plan(self, wanted: Iterable[Tile]) -> TilePlan:
        """Return what it takes to prove the ``wanted`` tiles of this tree.

        Raises:
            ValueError: A tile is not one of this tree.
        """
        known: dict[Tile, bytes] = {}
        fetch: dict[Tile, None] = {}
        for tile in wanted:
            if tile != tile_in_tree(tile.l, tile.n, self.tree.n):
                raise ValueError(f"{tile.path()} is not of a tree of {self.tree.n}")
            chain = self._unproven_chain(tile, known, fetch)
            fetch.update(dict.fromkeys(reversed(chain)))
        return TilePlan(tuple(fetch), known)

    def check(self, plan: TilePlan, data: Mapping[Tile, bytes]) -> frozenset[Tile]:
        """Return the tiles of a plan that do not lead to the root.

        Args:
            plan: A plan of this tree.
            data: The bytes of each tile that the plan fetches.

        Returns:
            None if all are proven. Tiles below a wrong one are not judged; of the
            edge tiles, all of them may be returned for one that is wrong.
        """
        bad = {t for t in plan.fetch if len(data[t]) != t.size_bytes}
        edges = {tile for tile in plan.fetch if not tile.is_full}
        if edges and bad.isdisjoint(edges) and not self._edges_hold(data):
            bad |= edges
        # A tile is judged by its parent only once that is proven itself.
        unproven = bad | edges if bad & edges else set(bad)
        held = {**plan.known, **data}
        for tile in plan.fetch:
            if tile.is_full and tile not in bad:
                above = parent(tile, self.tree.n)
                if above in unproven:
                    unproven.add(tile)
                elif not _stands_in(tile, data[tile], held[above]):
                    bad.add(tile)
                    unproven.add(tile)
        return frozenset(bad)

    def accept(self, plan: TilePlan, data: Mapping[Tile, bytes]) -> dict[Tile, bytes]:
        """Keep the tiles of a plan that ``check`` found nothing wrong with.

        Returns:
            All tiles of the plan, those known before included.
        """
        for tile in plan.fetch:
            if tile.is_full:
                self._full[tile] = data[tile]
            else:
                self._edge_data[tile] = data[tile]
        self._shrink()
        return {**plan.known, **{tile: data[tile] for tile in plan.fetch}}

    def adopt(self, older: ProvenTiles) -> None:
        """Take over the full tiles of an older tree that this one was proven to hold.

        A full tile never changes once it is in a tree, so what was proven for the
        older tree holds for this one. The caller vouches that the tree hash of the
        older one was computed from this one's tiles and was right.
        """
        adopted = older._full.copy()
        adopted.update(self._full)
        self._full = adopted
        self._shrink()

    def _unproven_chain(
        self, tile: Tile, known: dict[Tile, bytes], fetch: dict[Tile, None]
    ) -> list[Tile]:
        """Return the tile and its parents up to what is known or fetched anyway."""
        chain: list[Tile] = []
        while tile not in known and tile not in fetch:
            proven = self._proven(tile)
            if proven is not None:
                known[tile] = proven
                break
            if not tile.is_full:
                # The root is folded from every edge tile, so they come together.
                fetch.update(dict.fromkeys(self._edges))
                break
            chain.append(tile)
            tile = parent(tile, self.tree.n)
        return chain

    def _proven(self, tile: Tile) -> bytes | None:
        """Return the bytes of a proven tile, and remember that it was used."""
        if not tile.is_full:
            return self._edge_data.get(tile)
        data = self._full.get(tile)
        if data is not None:
            self._full.move_to_end(tile)
        return data

    def _edges_hold(self, data: Mapping[Tile, bytes]) -> bool:
        """Report whether the edge tiles fold to the root hash."""
        row = []
        for index in subtree_indexes(0, self.tree.n):
            tile = self.tile_of(index)
            row.append(hash_from_tile(tile, data[tile], index))
        return fold_subtrees(row) == self.tree.hash

    def _shrink(self) -> None:
        while len(self._full) > self._capacity_tiles:
            self._full.popitem(last=False)


def hashes_of(
    view: ProvenTiles, proven: Mapping[Tile, bytes], indexes: Sequence[int]
) -> dict[int, bytes]:
    """Return stored hashes out of proven tiles that have them all."""
    hashes = {}
    for index in indexes:
        tile = view.tile_of(index)
        hashes[index] = hash_from_tile(tile, proven[tile], index)
    return hashes


def _stands_in(tile: Tile, data: bytes, above: bytes) -> bool:
    """Report whether a full tile's hash is at its place in its parent's bytes."""
    start = tile.n % FULL_TILE_WIDTH * HASH_SIZE_BYTES
    return tile_hash(data) == above[start : start + HASH_SIZE_BYTES]
