from __future__ import annotations

import pytest

from gosync.demo.log import SumLog
from gosync.errors import NotFoundError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.note import open_note, parse_verifier_key
from gosync.sumdb.tile import Tile, new_tiles
from gosync.sumdb.tlog import node_hash, parse_tree, record_hash

MV = ModuleVersion("a.example/m", "v1.0.0")


def naive_root(texts: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(texts) == 1:
        return record_hash(texts[0])
    k = 1
    while k * 2 < len(texts):
        k *= 2
    return node_hash(naive_root(texts[:k]), naive_root(texts[k:]))


def test_every_size_has_the_root_that_rfc_6962_gives_it():
    log = SumLog("log.example")
    log.grow(70)
    texts = [log.record(number) for number in range(70)]
    for size in range(1, 71):
        assert log.tree(size).hash == naive_root(texts[:size])


def test_growing_at_once_or_by_steps_makes_the_same_log():
    at_once, by_steps = SumLog("log.example"), SumLog("log.example")
    at_once.grow(600)
    for step in (1, 2, 255, 300, 42):
        by_steps.grow(step)
    assert by_steps.head() == at_once.head()


def test_a_head_is_signed_by_the_key_that_the_log_names():
    log = SumLog("log.example")
    log.grow(5)
    note = open_note(log.head(3), [parse_verifier_key(log.verifier_key)])
    assert parse_tree(note.text).n == 3


def test_a_seed_decides_the_key():
    assert SumLog("log.example").verifier_key == SumLog("log.example").verifier_key
    other = SumLog("log.example", seed=b"other")
    assert other.verifier_key != SumLog("log.example").verifier_key


def test_a_module_version_has_one_record_however_often_it_is_added():
    log = SumLog("log.example")
    log.grow(3)
    assert log.add(MV, zip_h1="h1:a", mod_h1="h1:b") == 3
    assert log.add(MV, zip_h1="h1:c", mod_h1="h1:d") == 3
    assert log.find(MV) == 3
    want = b"a.example/m v1.0.0 h1:a\na.example/m v1.0.0/go.mod h1:b\n"
    assert log.record(3) == want
    assert log.lookup(3) == b"3\n" + want + b"\n" + log.head(4)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600, 70_000])
def test_tiles_hold_the_hashes_of_their_level(size: int):
    log = SumLog("log.example")
    log.grow(size)
    for tile in new_tiles(0, size):
        data = log.tile(tile)
        assert len(data) == 32 * tile.w
        if tile.l == 0:
            assert data[:32] == record_hash(log.record(tile.n * 256))
        else:
            below = log.tile(Tile(8, tile.l - 1, tile.n * 256, 256))
            row = [below[at : at + 32] for at in range(0, len(below), 32)]
            while len(row) > 1:
                pairs = zip(row[::2], row[1::2], strict=True)
                row = [node_hash(left, right) for left, right in pairs]
            assert data[:32] == row[0]


def test_a_tile_beyond_the_tree_is_not_found():
    log = SumLog("log.example")
    log.grow(300)
    for tile in (
        Tile(8, 0, 1, 45),
        Tile(8, 0, 2, 1),
        Tile(8, 1, 0, 2),
        Tile(8, 3, 0, 1),
    ):
        with pytest.raises(NotFoundError):
            log.tile(tile)


def test_a_fork_agrees_below_its_point_only():
    log = SumLog("log.example")
    log.grow(300)
    fork = log.forked(200)
    assert fork.head(200) == log.head(200)
    assert fork.tree(201) != log.tree(201)
    assert fork.size == log.size
    assert fork.record(201) == log.record(201)
    assert fork.verifier_key == log.verifier_key


def test_data_tiles_hold_records_with_a_blank_line_after_each():
    log = SumLog("log.example")
    log.grow(3)
    want = log.record(1) + b"\n" + log.record(2) + b"\n"
    assert log.data_tile(start=1, count=2) == want
    with pytest.raises(NotFoundError):
        log.data_tile(start=2, count=2)
