"""Tiles: paths, contents, and which of them a question needs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gosync.errors import MalformedError
from gosync.sumdb.tile import (
    Tile,
    consistency_tiles,
    edge_tiles,
    hash_from_tile,
    index_tiles,
    new_tiles,
    parent,
    parse_tile_path,
    tile_for_index,
    tile_hash,
    tile_in_tree,
    tree_tiles,
)
from gosync.sumdb.tlog import stored_hash_index, tree_hash
from tests.recordtiles import record_tiles
from tests.unit.sumdb.memorylog import Oracle, leaf

VECTORS = Path(__file__).parents[2] / "testdata" / "vectors" / "tiles_needed.jsonl"
ROWS = [json.loads(line) for line in VECTORS.read_text().splitlines()]

ORACLE = Oracle([leaf(b"record %d\n" % k) for k in range(700)])
STORED = ORACLE.stored(700)


def read(indexes):
    return [STORED[index] for index in indexes]


def paths(tiles):
    return [tile.path() for tile in tiles]


def test_the_tiles_a_record_needs_are_those_that_go_asks_for_in_order():
    for row in ROWS:
        assert paths(record_tiles(row["n"], row["id"])) == row["tiles"], row
    assert len(ROWS) == 200


def test_the_tiles_a_consistency_check_needs_are_those_that_go_asks_for_in_order():
    for row in ROWS:
        got = paths(consistency_tiles(row["old"], row["n"]))
        assert got == row["consistency_tiles"], row


def test_the_tiles_of_a_tree_are_exactly_those_of_its_records_and_old_heads():
    for row in ROWS:
        n, ids = row["n"], [row["id"], row["id"] // 2, row["n"] - 1]
        want = set(consistency_tiles(row["old"], n))
        for record_id in ids:
            want.update(record_tiles(n, record_id))
        got = tree_tiles(n, ids, [row["old"]])
        assert set(got) == want
        assert got == sorted(want)


def test_a_tree_without_records_needs_its_edge_and_an_empty_one_nothing():
    assert paths(tree_tiles(70000, [], [])) == [
        "tile/8/0/273.p/112",
        "tile/8/1/001.p/17",
        "tile/8/2/000.p/1",
    ]
    assert tree_tiles(0, [], [0]) == []


@pytest.mark.parametrize(("ids", "old"), [([5], []), ([-1], []), ([], [6])])
def test_a_tree_does_not_have_tiles_of_what_is_not_in_it(ids, old):
    with pytest.raises(ValueError):
        tree_tiles(5, ids, old)


def test_the_tiles_for_200_000_records_take_less_than_a_second_of_cpu():
    n = 65_209_736
    ids = [k * 7919 * 41 % n for k in range(200_000)]
    start = time.process_time()
    tiles = tree_tiles(n, ids, range(1_000_000, n, 10_000_000))
    assert time.process_time() - start < 1
    assert len(tiles) > 100_000


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(8, 0, 0, 256), "tile/8/0/000"),
        (Tile(8, 0, 999, 1), "tile/8/0/999.p/1"),
        (Tile(8, 1, 1000, 256), "tile/8/1/x001/000"),
        (Tile(3, 4, 1234067, 1), "tile/3/4/x001/x234/067.p/1"),
        (Tile(3, 4, 1234067, 8), "tile/3/4/x001/x234/067"),
        (Tile(8, -1, 36643, 255), "tile/8/data/x036/643.p/255"),
        (Tile(30, 63, 0, 1), "tile/30/63/000.p/1"),
    ],
)
def test_paths_of_tiles(tile, path):
    assert tile.path() == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/8/0",
        "/tile/8/0/000",
        "tile/8/0/000/",
        "tile/8/0/0",
        "tile/8/0/00",
        "tile/8/0/0000",
        "tile/8/0/x000/000",
        "tile/8/0/001/000",
        "tile/8/0/x001",
        "tile/8/0/x001/x000",
        "tile/8/0/000.p",
        "tile/8/0/000.p/",
        "tile/8/0/000.p/0",
        "tile/8/0/000.p/256",
        "tile/8/0/000.p/257",
        "tile/8/0/000.p/01",
        "tile/8/0/000.p/-1",
        "tile/08/0/000",
        "tile/8/00/000",
        "tile/0/0/000",
        "tile/31/0/000",
        "tile/8/64/000",
        "tile/8/-1/000",
        "tile/8/Data/000",
        "tile/8/0/../000",
        "tile/8/0/000\n",
        "tile/8/0/\u0660\u0660\u0660",
        "tile/8/0/" + "x001/" * 1000 + "000",
    ],
)
def test_what_is_no_canonical_path_of_a_tile_is_malformed(path):
    with pytest.raises(MalformedError):
        parse_tile_path(path)


def test_every_stored_hash_is_found_in_its_tile():
    for index, want in enumerate(STORED):
        least = tile_for_index(index)
        wide = tile_in_tree(least.l, least.n, 700)
        for tile in {least, wide}:
            assert hash_from_tile(tile, ORACLE.tile(tile), index) == want


def test_a_hash_is_not_taken_from_a_tile_without_it_or_of_a_wrong_length():
    data = ORACLE.tile(Tile(8, 0, 0, 256))
    for tile in (Tile(8, 0, 1, 256), Tile(8, 1, 0, 256), Tile(8, 0, 0, 3)):
        with pytest.raises(ValueError):
            hash_from_tile(tile, data[: tile.size_bytes], stored_hash_index(2, 0))
    with pytest.raises(ValueError):
        hash_from_tile(Tile(8, 0, 0, 256), data[:-1], 0)


def test_the_hash_of_a_full_tile_stands_in_its_parent():
    tile = Tile(8, 0, 1, 256)
    above = parent(tile, 700)
    assert above == Tile(8, 1, 0, 2)
    assert tile_hash(ORACLE.tile(tile)) == ORACLE.tile(above)[32:64]


def test_a_partial_tile_has_no_parent():
    with pytest.raises(ValueError):
        parent(Tile(8, 0, 2, 188), 700)


def test_edge_tiles_fold_to_the_root():
    for n in (1, 255, 256, 257, 511, 512, 700):
        held = {tile: ORACLE.tile(tile) for tile in edge_tiles(n)}

        def from_edges(indexes, held=held, n=n):
            for index in indexes:
                least = tile_for_index(index)
                tile = tile_in_tree(least.l, least.n, n)
                yield hash_from_tile(tile, held[tile], index)

        assert tree_hash(n, lambda want: list(from_edges(want))) == ORACLE.root(0, n)


def test_a_growing_log_publishes_only_what_changed():
    assert paths(new_tiles(0, 256)) == ["tile/8/0/000", "tile/8/1/000.p/1"]
    assert paths(new_tiles(255, 257)) == [
        "tile/8/0/000",
        "tile/8/0/001.p/1",
        "tile/8/1/000.p/1",
    ]
    assert new_tiles(300, 300) == []
    assert paths(new_tiles(300, 301)) == ["tile/8/0/001.p/45"]


def test_a_tile_or_hash_outside_the_tree_is_the_callers_mistake():
    for level, number in [(0, 3), (1, 1), (2, 0), (-1, 0), (0, -1)]:
        with pytest.raises(ValueError):
            tile_in_tree(level, number, 700)
    with pytest.raises(ValueError):
        record_tiles(700, 700)
    with pytest.raises(ValueError):
        index_tiles(700, [stored_hash_index(8, 2)])
    with pytest.raises(ValueError):
        consistency_tiles(701, 700)
