"""Proven tiles of a checksum database."""

from __future__ import annotations

import os

import pytest

from gosync.errors import StoreError
from gosync.store.localtiles import LocalTileStore
from gosync.store.root import open_store
from gosync.sumdb.tile import Tile

FULL = Tile(8, 0, 1234, 256)
PART = Tile(8, 0, 1234, 3)


@pytest.fixture
def tiles(tmp_path):
    open_store(tmp_path)
    return LocalTileStore(tmp_path, "sum.example/db")


def test_a_tile_lies_where_its_path_says(tiles, tmp_path):
    assert tiles.read(FULL) is None
    assert tiles.write([(FULL, bytes(8192)), (PART, bytes(96))]) == 2
    folder = tmp_path / "sumdb" / "sum.example%2Fdb" / "tile/8/0/x001"
    assert (folder / "234").stat().st_size == 8192
    assert (folder / "234.p/3").stat().st_size == 96
    assert tiles.read(FULL) == bytes(8192)
    assert tiles.read(PART) == bytes(96)
    assert tiles.exists(PART)
    assert tiles.write([(FULL, bytes(8192))]) == 0
    tiles.sync()


def test_a_partial_tile_is_had_from_the_full_one(tiles):
    data = bytes(range(256)) * 32
    tiles.write([(FULL, data)])
    assert tiles.read(PART) == data[:96]
    assert not tiles.exists(PART)


@pytest.mark.parametrize("torn", [b"", bytes(31), bytes(8193)])
def test_a_torn_tile_is_as_if_it_were_not_there(tiles, torn):
    tiles.write([(FULL, bytes(8192))])
    tiles.path(FULL).write_bytes(torn)
    assert tiles.read(FULL) is None
    assert not tiles.exists(FULL)
    assert tiles.write([(FULL, bytes(8192))]) == 1
    assert tiles.read(FULL) == bytes(8192)


def test_nobody_waits_for_a_pipe_in_a_tiles_place(tiles):
    path = tiles.path(FULL)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert tiles.read(FULL) is None
    assert tiles.write([(FULL, bytes(8192))]) == 1
    assert tiles.read(FULL) == bytes(8192)


def test_a_wrong_tile_is_replaced_by_the_proven_one(tiles):
    tiles.write([(PART, b"a" * 96)])
    assert tiles.write([(PART, b"b" * 96)]) == 1
    assert tiles.read(PART) == b"b" * 96


def test_bytes_of_a_wrong_length_are_never_written(tiles):
    with pytest.raises(StoreError, match="not a tile"):
        tiles.write([(PART, bytes(97))])
    assert tiles.read(PART) is None


def test_syncing_before_any_tile_is_fine(tiles):
    tiles.sync()
