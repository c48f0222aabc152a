"""The contract of tiles (gosync.store.tiles), sentence by sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import NoSpaceError, StoreError
from gosync.sumdb.tile import FULL_TILE_WIDTH, Tile
from tests.contract.storages import Storage

FULL = Tile(8, 0, 7, FULL_TILE_WIDTH)
PART = Tile(8, 0, 7, 3)
DATA = bytes(range(256)) * (FULL.size_bytes // 256)


def test_a_tile_is_read_whole_and_a_part_from_the_full_one(storage: Storage) -> None:
    tiles = storage.tiles()
    assert (tiles.read(FULL), tiles.exists(FULL), tiles.read(PART)) == (
        None,
        False,
        None,
    )
    assert tiles.write([(FULL, DATA)]) == 1
    assert (tiles.read(FULL), tiles.read(PART)) == (DATA, DATA[: PART.size_bytes])
    assert (tiles.exists(FULL), tiles.exists(PART)) == (True, False)


def test_to_write_what_is_there_changes_nothing(storage: Storage) -> None:
    tiles = storage.tiles()
    pairs = [(FULL, DATA), (PART, DATA[: PART.size_bytes])]
    assert (tiles.write(pairs), tiles.write(pairs)) == (2, 0)
    storage.full(yes=True)
    assert tiles.write(pairs) == 0, "it needs no room"


def test_one_of_a_wrong_length_is_refused_or_as_if_it_were_not_there(
    storage: Storage,
) -> None:
    tiles = storage.tiles()
    with pytest.raises(StoreError):
        tiles.write([(FULL, DATA[:-1])])
    assert tiles.read(FULL) is None
    tiles.write([(FULL, DATA)])
    storage.tear_tile(FULL)
    assert (tiles.read(FULL), tiles.read(PART), tiles.exists(FULL)) == (
        None,
        None,
        False,
    )
    assert tiles.write([(FULL, DATA)]) == 1
    assert tiles.read(FULL) == DATA


def test_what_was_synced_outlives_a_power_cut_the_rest_is_whole_or_gone(
    storage: Storage,
) -> None:
    tiles = storage.tiles()
    tiles.write([(FULL, DATA)])
    tiles.sync()
    tiles.write([(PART, DATA[: PART.size_bytes])])
    storage.cut_power()
    tiles = storage.tiles()
    assert tiles.read(FULL) == DATA
    assert tiles.read(PART) == DATA[: PART.size_bytes]
    tiles.sync()


def test_without_room_it_is_said_and_later_written(storage: Storage) -> None:
    tiles = storage.tiles()
    storage.full(yes=True)
    with pytest.raises(NoSpaceError):
        tiles.write([(FULL, DATA)])
    storage.full(yes=False)
    assert tiles.read(FULL) is None
    assert tiles.write([(FULL, DATA)]) == 1


def test_several_may_write_the_same(storage: Storage) -> None:
    writers = [storage.tiles(), storage.tiles()]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: writers[n % 2].write([(FULL, DATA)]), range(16)))
    assert all(tiles.read(FULL) == DATA for tiles in writers)
