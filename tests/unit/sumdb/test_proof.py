"""Tiles are proven up to the root, every one of them, whichever is forged."""

from __future__ import annotations

import functools

import pytest

from gosync.sumdb.proof import ProvenTiles, hashes_of
from gosync.sumdb.tile import Tile, edge_tiles, tree_tiles
from gosync.sumdb.tlog import Tree, stored_hash_index
from tests.recordtiles import record_tiles
from tests.unit.sumdb.memorylog import Oracle, leaf

CUTS = {
    "short": lambda data: data[:-1],
    "long": lambda data: data + b"\0",
    "empty": lambda _: b"",
}
SIZES = [1, 255, 256, 257, 260, 268, 300, 511, 512, 600, 65536, 70000]


@functools.cache
def oracle() -> Oracle:
    return Oracle([leaf(b"record %d\n" % k) for k in range(70000)])


@functools.cache
def tile_data(tile: Tile) -> bytes:
    return oracle().tile(tile)


def tree(n):
    return Tree(n, oracle().root(0, n))


def proven(n, *record_ids):
    """Return a view of the tree with the tiles of these records proven."""
    view = ProvenTiles(tree(n))
    for record_id in record_ids:
        plan = view.plan([view.tile_of(stored_hash_index(0, record_id))])
        data = {tile: tile_data(tile) for tile in plan.fetch}
        assert view.check(plan, data) == frozenset()
        view.accept(plan, data)
    return view


def record_ids(n):
    return sorted({0, n // 2, n - 1, min(n - 1, 250), min(n - 1, 256)})


def flip(data, position=0):
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


@pytest.mark.parametrize("n", SIZES)
def test_true_tiles_are_proven(n):
    for record_id in record_ids(n):
        view = proven(n, record_id)
        index = stored_hash_index(0, record_id)
        plan = view.plan([view.tile_of(index)])
        assert plan.fetch == ()
        hashes = hashes_of(view, plan.known, [index])
        assert hashes[index] == oracle().leaves[record_id]


@pytest.mark.parametrize("n", SIZES)
def test_a_plan_brings_the_tiles_that_go_would_ask_for(n):
    for record_id in record_ids(n):
        view = ProvenTiles(tree(n))
        plan = view.plan([view.tile_of(stored_hash_index(0, record_id))])
        assert list(plan.fetch) == record_tiles(n, record_id)


@pytest.mark.parametrize("n", SIZES)
def test_every_forged_tile_is_found_at_every_level_and_in_every_hash(n):
    """Go's own client let forged index tiles pass until CVE-2026-56865."""
    for record_id in record_ids(n):
        for tile in record_tiles(n, record_id):
            for position in range(0, tile.size_bytes, 32 * 15):
                view = ProvenTiles(tree(n))
                plan = view.plan([view.tile_of(stored_hash_index(0, record_id))])
                data = {t: tile_data(t) for t in plan.fetch}
                data[tile] = flip(data[tile], position)
                bad = view.check(plan, data)
                assert bad, (tile, position)
                assert bad == {tile} if tile.is_full else tile in bad


@pytest.mark.parametrize("n", [268, 300, 600, 70000])
def test_a_forged_tile_is_found_after_its_parents_were_proven(n):
    view = proven(n, n - 1)
    plan = view.plan([view.tile_of(0)])
    assert plan.fetch
    for tile in plan.fetch:
        data = {t: tile_data(t) for t in plan.fetch}
        data[tile] = flip(data[tile])
        assert view.check(plan, data) == {tile}


@pytest.mark.parametrize("n", [268, 600, 70000])
def test_a_consistent_chain_of_forged_tiles_is_found(n):
    """The tile, and every parent's entry for it, made to agree with each other."""
    forged = Oracle([leaf(b"forged\n"), *oracle().leaves[1:n]])
    view = ProvenTiles(tree(n))
    plan = view.plan([view.tile_of(0)])
    full = [tile for tile in plan.fetch if tile.is_full]
    data = {t: forged.tile(t) if t in full else tile_data(t) for t in plan.fetch}
    assert view.check(plan, data) == {full[0]}
    data = {t: forged.tile(t) for t in plan.fetch}
    assert view.check(plan, data) == set(edge_tiles(n))


@pytest.mark.parametrize("n", [1, 256, 600, 70000])
@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_tile_of_a_wrong_length_is_found(n, cut):
    for tile in record_tiles(n, 0):
        view = ProvenTiles(tree(n))
        plan = view.plan([view.tile_of(0)])
        data = {t: tile_data(t) for t in plan.fetch}
        data[tile] = cut(data[tile])
        assert tile in view.check(plan, data)


def test_a_tree_head_with_another_hash_proves_no_tile():
    view = ProvenTiles(Tree(600, oracle().root(0, 599)))
    plan = view.plan([view.tile_of(0)])
    data = {t: tile_data(t) for t in plan.fetch}
    assert view.check(plan, data) == set(edge_tiles(600))


def test_what_is_proven_once_is_not_fetched_again():
    view = proven(70000, 5)
    same = view.plan([view.tile_of(stored_hash_index(0, 6))])
    assert same.fetch == ()
    assert set(same.known) == {Tile(8, 0, 0, 256)}
    other = view.plan([view.tile_of(stored_hash_index(0, 300))])
    assert other.fetch == (Tile(8, 0, 1, 256),)
    assert set(other.known) == {Tile(8, 1, 0, 256)}


def test_only_the_tiles_used_last_are_kept_and_proofs_still_hold():
    view = ProvenTiles(tree(70000), capacity_tiles=3)
    for record_id in range(0, 70000, 1000):
        plan = view.plan([view.tile_of(stored_hash_index(0, record_id))])
        data = {tile: tile_data(tile) for tile in plan.fetch}
        assert view.check(plan, data) == frozenset()
        view.accept(plan, data)
    assert len(view.plan([view.tile_of(0)]).fetch) > 0


def test_full_tiles_are_taken_over_by_a_newer_tree_and_edges_are_not():
    newer = ProvenTiles(tree(70000))
    newer.adopt(proven(600, 0, 599))
    assert newer.plan([newer.tile_of(0)]).fetch == ()
    assert newer.plan([Tile(8, 0, 2, 256)]).fetch == (
        *edge_tiles(70000),
        Tile(8, 1, 0, 256),
        Tile(8, 0, 2, 256),
    )


def test_many_tiles_share_one_plan():
    view = ProvenTiles(tree(70000))
    wanted = tree_tiles(70000, [0, 300, 40000, 69999], [600])
    plan = view.plan(wanted)
    assert set(plan.fetch) == set(wanted)
    assert len(plan.fetch) == len(set(plan.fetch))
    data = {tile: tile_data(tile) for tile in plan.fetch}
    assert view.check(plan, data) == frozenset()
    assert set(view.accept(plan, data)) == set(wanted)


@pytest.mark.parametrize(
    "tile", [Tile(8, 0, 2, 87), Tile(8, 0, 2, 256), Tile(8, 0, 3, 1), Tile(8, 2, 0, 1)]
)
def test_a_tile_of_another_tree_is_the_callers_mistake(tile):
    with pytest.raises(ValueError):
        ProvenTiles(tree(600)).plan([tile])


def test_a_hash_outside_the_tree_is_the_callers_mistake():
    with pytest.raises(ValueError):
        ProvenTiles(tree(600)).tile_of(stored_hash_index(8, 2))
