"""The client against a database in memory: honest, mistaken, and hostile."""

from __future__ import annotations

import time

import anyio
import pytest

from gosync.errors import (
    MalformedError,
    NotFoundError,
    RecordMismatchError,
    SecurityError,
    SignatureError,
    StoreError,
    TileMismatchError,
    UnavailableError,
    UsageError,
)
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.client import SumClient
from gosync.sumdb.names import Database
from gosync.sumdb.note import (
    generate_key,
    parse_signer_key,
    parse_verifier_key,
    sign_note,
)
from gosync.sumdb.tile import Tile, edge_tiles, tree_tiles
from gosync.sumdb.tlog import parse_tree
from tests.recordtiles import record_tiles
from tests.unit.sumdb.clients import log, make, module, path_of
from tests.unit.sumdb.memorylog import (
    H1,
    NAME,
    MemoryOps,
    record_text,
)


async def test_a_lookup_is_proven_and_gives_both_lines():
    ops, client = make(600)
    record = await client.lookup(module(250))
    assert record.id == 250
    assert record.text == record_text(module(250))
    assert (record.zip_h1, record.mod_h1) == (H1, H1)
    assert len(record.lines) == 2
    assert record.tree == parse_tree(log(600).head(600))
    assert ops.requests == [path_of(250), *(t.path() for t in record_tiles(600, 250))]
    assert ops.stored_head == log(600).head(600)
    assert ops.cache.keys() == set(record_tiles(600, 250))
    assert ops.reports == []


async def test_upper_case_is_escaped_in_the_path_asked_for():
    ops, client = make(5)
    ops.replaced["lookup/example.com/!m@v1.0.0-!r!c1"] = NotFoundError("no such module")
    with pytest.raises(NotFoundError, match="no such module"):
        await client.lookup(ModuleVersion("example.com/M", "v1.0.0-RC1"))


async def test_a_malformed_module_version_asks_nothing():
    ops, client = make(5)
    with pytest.raises(MalformedError):
        await client.lookup(ModuleVersion("example.com/../m", "v1.0.0"))
    assert ops.requests == []


async def test_a_database_can_be_given_instead_of_a_key():
    ops = MemoryOps(log(5), 5)
    client = SumClient(ops, Database(NAME, ops.log.vkey, None))
    assert (await client.lookup(module(1))).id == 1


async def test_a_second_lookup_asks_for_its_record_alone():
    ops, client = make(600)
    await client.lookup(module(250))
    ops.requests.clear()
    await client.lookup(module(251))
    assert ops.requests == [path_of(251)]


async def test_a_new_run_takes_head_and_tiles_from_the_cache():
    ops, client = make(600)
    await client.lookup(module(250))
    ops.requests.clear()
    ops.written.clear()
    _, again = make(600, ops=ops)
    await again.lookup(module(250))
    assert ops.requests == [path_of(250)]
    assert ops.written == []
    assert again.head is not None
    assert again.head.note == ops.stored_head


async def test_many_lookups_at_once_fetch_each_tile_once():
    ops, client = make(70000)

    async def look(k: int) -> None:
        assert (await client.lookup(module(k))).id == k

    async with anyio.create_task_group() as group:
        for k in range(0, 70000, 2500):
            group.start_soon(look, k)
    assert max(ops.counts().values()) == 1


async def test_300_lookups_in_a_tree_of_70000_cost_little_cpu():
    ops, client = make(70000)
    ids = range(0, 70000, 234)
    for k in ids:
        ops.replaced[path_of(k)] = ops.answer(path_of(k))
    for tile in tree_tiles(70000, ids, []):
        ops.replaced[tile.path()] = ops.tile(tile.path())
    start = time.process_time()
    for k in ids:
        await client.lookup(module(k))
    assert time.process_time() - start < 0.6
    assert len(ids) == 300


async def test_a_partial_tile_that_is_gone_is_taken_from_its_full_one():
    ops = MemoryOps(log(700), 600)
    _, client = make(600, ops=ops)
    partial, full = "tile/8/0/001.p/88", "tile/8/0/001"
    ops.size = 344
    ops.replaced[partial] = NotFoundError(partial)
    assert (await client.lookup(module(300))).id == 300
    assert [path for path in ops.requests if "0/001" in path] == [partial, full]
    assert Tile(8, 0, 1, 88) in ops.cache
    assert Tile(8, 0, 1, 256) not in ops.cache


async def test_a_partial_tile_is_taken_from_the_full_one_in_the_cache():
    ops = MemoryOps(log(700), 344)
    _, client = make(344, ops=ops)
    full = Tile(8, 0, 1, 256)
    ops.cache[full] = log(700).oracle.tile(full)
    await client.lookup(module(300))
    assert not any("0/001" in path for path in ops.requests)
    assert Tile(8, 0, 1, 88) in ops.written


async def test_a_tile_that_the_database_lacks_is_no_answer_about_the_module():
    ops, client = make(600)
    ops.replaced["tile/8/0/000"] = NotFoundError("tile/8/0/000")
    with pytest.raises(UnavailableError, match="tile/8/0/000"):
        await client.lookup(module(0))
    ops.replaced["tile/8/0/002.p/88"] = NotFoundError("gone")
    with pytest.raises(UnavailableError, match="p/88"):
        await make(600, ops=ops)[1].lookup(module(599))
    assert ops.reports == []


async def test_errors_of_the_operations_pass_unchanged():
    ops, client = make(600)
    ops.replaced["tile/8/0/000"] = UnavailableError("down")
    with pytest.raises(UnavailableError, match="down"):
        await client.lookup(module(0))
    del ops.replaced["tile/8/0/000"]
    assert (await client.lookup(module(0))).id == 0


# Heads


async def test_refresh_follows_the_latest_head_and_keeps_it():
    ops = MemoryOps(log(700), 300)
    _, client = make(700, ops=ops)
    assert (await client.refresh()).n == 300
    ops.size = 700
    assert (await client.refresh()).n == 700
    assert ops.stored_head == log(700).head(700)
    assert client.head is not None
    assert client.head.tree.n == 700


async def test_the_same_head_is_checked_once():
    ops, client = make(700)
    await client.refresh()
    ops.requests.clear()
    await client.refresh()
    assert ops.requests == ["latest"]


async def test_a_latest_head_that_is_not_there_is_no_answer():
    ops, client = make(5)
    ops.replaced["latest"] = NotFoundError("latest")
    with pytest.raises(UnavailableError):
        await client.refresh()


async def test_a_lookup_newer_than_latest_moves_the_head_on():
    ops = MemoryOps(log(700), 300)
    _, client = make(700, ops=ops)
    await client.refresh()
    ops.replaced[path_of(650)] = log(700).lookup(650, 680)
    assert (await client.lookup(module(650))).tree.n == 680
    assert (await client.refresh()).n == 680
    assert ops.stored_head == log(700).head(680)


async def test_a_lookup_older_than_the_trusted_head_is_proven_in_the_trusted_tree():
    ops, client = make(700)
    await client.refresh()
    ops.replaced[path_of(10)] = log(700).lookup(10, 268)
    record = await client.lookup(module(10))
    assert record.tree.n == 700
    assert ops.stored_head == log(700).head(700)


async def test_the_stored_head_never_moves_back():
    ops, client = make(700)
    await client.refresh()
    ops.size = 268
    assert (await client.refresh()).n == 700
    _, again = make(700, ops=ops)
    assert (await again.refresh()).n == 700
    assert ops.stored_head == log(700).head(700)


async def test_cosignatures_and_extra_lines_are_tolerated():
    ops, client = make(5)
    skey, _ = generate_key("witness.example.test", seed=b"w" * 32)
    text = log(5).head(5).split(b"\n\n")[0] + b"\nextra line\n"
    note = sign_note(text, [parse_signer_key(skey), log(5).signer])
    ops.replaced[path_of(1)] = b"1\n%s\n%s" % (record_text(module(1)), note)
    assert (await client.lookup(module(1))).id == 1
    assert ops.stored_head == note


async def test_a_head_written_by_another_process_is_merged_not_overwritten():
    ops = MemoryOps(log(700), 300)
    _, client = make(700, ops=ops)
    await client.refresh()
    ops.stored_head = log(700).head(600)
    ops.size = 400
    assert (await client.refresh()).n == 600
    assert ops.stored_head == log(700).head(600)
    ops.stored_head = log(700).head(610)
    ops.size = 700
    assert (await client.refresh()).n == 700
    assert ops.stored_head == log(700).head(700)


async def test_a_forked_head_written_by_another_process_is_noticed():
    ops = MemoryOps(log(700), 300)
    _, client = make(700, ops=ops)
    await client.refresh()
    ops.stored_head = log(700, "fork").head(500)
    ops.size = 700
    with pytest.raises(SecurityError):
        await client.refresh()


async def test_a_head_that_can_never_be_written_is_an_error():
    class Stubborn(MemoryOps):
        async def write_head(self, old: bytes, new: bytes) -> bool:
            return False

    _, client = make(5, ops=Stubborn(log(5), 5))
    with pytest.raises(StoreError):
        await client.refresh()


async def test_the_stored_head_is_checked_before_it_is_trusted():
    ops, client = make(5)
    ops.stored_head = b"damaged"
    with pytest.raises(StoreError, match="damaged"):
        await client.start()
    _, other = generate_key(NAME, seed=b"o" * 32)
    ops.stored_head = log(5).head(5)
    client = SumClient(ops, parse_verifier_key(other))
    with pytest.raises(SignatureError) as caught:
        await client.start()
    assert caught.value.hint
    assert len(ops.reports) == 1


async def test_without_a_head_there_is_nothing_to_prove_in():
    ops, client = make(5)
    assert await client.start() is None
    assert client.head is None
    with pytest.raises(UsageError):
        await client.prove_record(0, ops.log.texts[0])
    with pytest.raises(UsageError):
        await client.tiles([])


# Records and tiles without a lookup


async def test_a_record_from_elsewhere_is_proven_in_the_trusted_tree():
    ops, client = make(600)
    await client.refresh()
    await client.prove_record(300, ops.log.texts[300])
    for record_id, text in [
        (300, ops.log.texts[301]),
        (600, ops.log.texts[0]),
        (-1, b""),
    ]:
        with pytest.raises(RecordMismatchError):
            await client.prove_record(record_id, text)
    assert len(ops.reports) == 3


async def test_all_tiles_that_a_static_tree_needs_are_proven_and_cached():
    ops = MemoryOps(log(70000), 600)
    _, client = make(70000, ops=ops)
    await client.refresh()
    ops.size = 70000
    await client.refresh()
    wanted = tree_tiles(70000, range(0, 70000, 100), [268, 600])
    await client.tiles(wanted)
    assert ops.cache.keys() >= set(wanted)
    for tile in wanted:
        assert ops.cache[tile] == ops.tile(tile.path())
    assert max(ops.counts().values()) <= 2  # latest, twice
    ops.requests.clear()
    await client.tiles(wanted)
    await make(70000, ops=ops)[1].tiles(wanted)
    assert ops.requests == []


async def test_tiles_of_an_older_head_are_cut_out_of_the_newer_trees():
    ops, client = make(700)
    await client.refresh()
    wanted = edge_tiles(268)
    await client.tiles(wanted)
    for tile in wanted:
        assert ops.cache[tile] == log(700).oracle.tile(tile)
    assert Tile(8, 0, 1, 12) in wanted


@pytest.mark.parametrize(
    "tile", [Tile(8, 0, 2, 256), Tile(8, 0, 3, 1), Tile(8, 2, 0, 1), Tile(8, -1, 0, 1)]
)
async def test_a_tile_outside_the_trusted_tree_is_the_callers_mistake(tile):
    _, client = make(700)
    await client.refresh()
    with pytest.raises(ValueError):
        await client.tiles([tile])


async def test_one_bad_tile_among_many_stops_them_all():
    ops, client = make(70000)
    await client.refresh()
    ops.replaced["tile/8/0/100"] = b"x" * 8192
    with pytest.raises(TileMismatchError, match="tile/8/0/100:"):
        await client.tiles(tree_tiles(70000, range(0, 70000, 256), []))
    assert Tile(8, 0, 100, 256) not in ops.cache


async def test_a_client_without_a_loops_help_works_one_thing_after_the_other():
    ops = MemoryOps(log(700), 300)
    client = SumClient(ops, parse_verifier_key(ops.log.vkey))
    await client.refresh()
    ops.size = 700
    async with anyio.create_task_group() as group:
        for k in range(0, 700, 50):
            group.start_soon(client.lookup, module(k))
    assert client.head is not None
    assert client.head.tree.n == 700
    assert ops.stored_head == log(700).head(700)
