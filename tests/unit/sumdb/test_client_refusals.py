"""The client against hostile databases: forged tiles and records, forks."""

from __future__ import annotations

import base64

import pytest

from gosync.errors import (
    ForkError,
    MalformedError,
    NotFoundError,
    RecordMismatchError,
    SignatureError,
    StoreError,
    TileMismatchError,
)
from gosync.sumdb.client import SumClient
from gosync.sumdb.merkle import check_tree
from gosync.sumdb.note import (
    generate_key,
    parse_verifier_key,
)
from gosync.sumdb.tile import Tile
from tests.recordtiles import record_tiles
from tests.unit.sumdb.clients import log, make, module, path_of
from tests.unit.sumdb.memorylog import (
    H1,
    NAME,
    MemoryOps,
    leaf,
    record_text,
)

# Hostile databases


async def refused(client, ops, mv, error):
    """Expect a lookup to fail with its evidence reported once; return both."""
    with pytest.raises(error) as caught:
        await client.lookup(mv)
    assert len(ops.reports) == 1
    assert ops.reports[0][0] is caught.value
    return caught.value, ops.reports[0][1]


@pytest.mark.parametrize("n", [268, 300, 600, 70000])
async def test_a_forged_tile_of_any_level_is_refused_and_never_cached(n):
    """The shape of CVE-2026-56865: a forged record, and tiles to match."""
    for forged in record_tiles(n, 250):
        ops, client = make(n)
        data = bytearray(ops.tile(forged.path()))
        data[(250 % forged.w) * 32 if forged.l == 0 else 0] ^= 1
        ops.replaced[forged.path()] = bytes(data)
        _, evidence = await refused(client, ops, module(250), TileMismatchError)
        assert evidence[forged.path().replace("/", "-")] == bytes(data)
        assert "lookup" in evidence
        assert ops.cache == {}


@pytest.mark.parametrize("n", [268, 300, 600, 70000])
async def test_a_forged_record_with_a_leaf_tile_to_match_is_refused(n):
    ops, client = make(n)
    text = record_text(module(0)).replace(H1.encode(), b"h1:" + b"x" * 42 + b"w=")
    ops.replaced[path_of(0)] = b"0\n%s\n%s" % (text, ops.log.head(n))
    ops.replaced["tile/8/0/000"] = leaf(text) + ops.tile("tile/8/0/000")[32:]
    await refused(client, ops, module(0), TileMismatchError)


@pytest.mark.parametrize("n", [268, 600, 70000])
async def test_a_tile_of_a_wrong_length_is_refused(n):
    for tile in record_tiles(n, 0):
        for data in (b"", b"x" * (tile.size_bytes - 1), b"x" * (tile.size_bytes + 32)):
            ops, client = make(n)
            ops.replaced[tile.path()] = data
            await refused(client, ops, module(0), TileMismatchError)


async def test_a_full_tile_of_a_wrong_length_is_no_substitute():
    ops, client = make(300)
    ops.replaced["tile/8/0/001.p/44"] = NotFoundError("gone")
    ops.replaced["tile/8/0/001"] = b"x" * 44 * 31
    await refused(client, ops, module(290), TileMismatchError)


async def test_a_wrong_tile_in_the_cache_is_fetched_again_and_replaced():
    ops, client = make(70000)
    await client.lookup(module(250))
    for tile in record_tiles(70000, 250):
        for wrong in (b"x" * tile.size_bytes, b"", b"x" * 8192):
            right = ops.cache[tile]
            ops.cache[tile] = wrong
            _, again = make(70000, ops=ops)
            assert (await again.lookup(module(250))).id == 250
            assert ops.cache[tile] == right


async def test_a_wrong_tile_in_the_cache_and_at_the_database_is_refused():
    ops, client = make(600)
    wrong = b"x" * 8192
    ops.cache[Tile(8, 0, 0, 256)] = ops.replaced["tile/8/0/000"] = wrong
    await refused(client, ops, module(0), TileMismatchError)
    assert ops.cache.keys() == {Tile(8, 0, 0, 256)}


async def test_hash_lines_smuggled_into_the_note_are_never_used():
    """CVE-2026-56864: lines outside the record text are not authenticated."""
    ops, client = make(600)
    text, smuggled = log(600).texts[7], record_text(module(8))
    head = log(600).head(600, extra=smuggled)
    ops.replaced[path_of(8)] = b"7\n%s\n%s" % (text, head)
    await refused(client, ops, module(8), RecordMismatchError)


async def test_a_record_without_the_line_asked_for_is_refused():
    """CVE-2026-42501: a proven record of another module proves nothing."""
    ops, client = make(600)
    ops.replaced[path_of(8)] = log(600).lookup(7, 600)
    error, evidence = await refused(client, ops, module(8), RecordMismatchError)
    assert "v1.0.8" in str(error)
    assert evidence["lookup"] == log(600).lookup(7, 600)


async def test_a_record_text_that_is_not_the_logs_is_refused():
    ops, client = make(600)
    text = record_text(module(8)).replace(H1.encode(), b"h1:" + b"x" * 42 + b"w=", 1)
    ops.replaced[path_of(8)] = b"8\n%s\n%s" % (text, log(600).head(600))
    _, evidence = await refused(client, ops, module(8), RecordMismatchError)
    assert evidence["head"] == log(600).head(600)
    assert evidence["tile-8-0-000"] == ops.tile("tile/8/0/000")


async def test_a_record_under_another_number_is_refused():
    for number in (9, 599, 600, 2**62):
        ops, client = make(600)
        body = log(600).lookup(8, 600).removeprefix(b"8\n")
        ops.replaced[path_of(8)] = b"%d\n%s" % (number, body)
        await refused(client, ops, module(8), RecordMismatchError)


async def test_a_bad_signature_and_an_unknown_key_are_refused():
    good = log(600).lookup(8, 600)
    signature = good.rpartition(b" ")[2]
    for wrong in (
        good.replace(b"\n600\n", b"\n601\n"),
        good.replace(signature[20:30], signature[20:30][::-1]),
        good.replace("— sum.example".encode(), "— sun.example".encode()),
    ):
        ops, client = make(600)
        ops.replaced[path_of(8)] = wrong
        await refused(client, ops, module(8), SignatureError)
        assert ops.stored_head == b""
    _, other = generate_key(NAME, seed=b"o" * 32)
    ops, _ = make(600)
    client = SumClient(ops, parse_verifier_key(other))
    await refused(client, ops, module(8), SignatureError)


@pytest.mark.parametrize(
    "body",
    [b"", b"<!doctype html>\n<html></html>\n", b"8\n", log(5).head(5), b"8\na\n\nb\n"],
    ids=["empty", "html", "number", "head", "no note"],
)
async def test_an_answer_that_is_no_record_is_malformed(body):
    ops, client = make(600)
    ops.replaced[path_of(8)] = body
    with pytest.raises(MalformedError):
        await client.lookup(module(8))
    assert ops.stored_head == b""


@pytest.mark.parametrize("fork_n", [301, 512, 700])
async def test_a_fork_keeps_both_notes_and_a_proof_that_anyone_can_check(fork_n):
    ops = MemoryOps(log(700), 300)
    _, client = make(700, ops=ops)
    await client.lookup(module(3))
    cached = dict(ops.cache)
    old, fork = ops.stored_head, log(700, "fork")
    ops.log, ops.size = fork, fork_n
    with pytest.raises(ForkError) as caught:
        await client.refresh()
    error, evidence = ops.reports[0]
    assert error is caught.value
    assert caught.value.old_note == evidence["old_note"] == old
    assert caught.value.new_note == evidence["new_note"] == fork.head(fork_n)
    claimed, *proof = [base64.b64decode(p) for p in evidence["proof"].split()]
    assert claimed == fork.oracle.root(0, 300) != log(700).oracle.root(0, 300)
    check_tree(proof, fork_n, fork.oracle.root(0, fork_n), 300, claimed)
    # Nothing of the fork stays: neither the head nor a tile.
    assert ops.stored_head == old
    assert ops.cache == cached
    assert client.head is not None
    assert client.head.note == old


async def test_an_older_head_of_another_history_is_a_fork_not_a_stale_one():
    ops, client = make(700)
    await client.refresh()
    ops.replaced["latest"] = log(700, "fork").head(300)
    with pytest.raises(ForkError):
        await client.refresh()
    assert ops.stored_head == log(700).head(700)


async def test_a_fork_of_the_same_size_needs_no_tiles():
    ops, client = make(700)
    await client.refresh()
    ops.replaced["latest"] = log(700, "fork").head(700)
    ops.requests.clear()
    with pytest.raises(ForkError):
        await client.refresh()
    assert ops.requests == ["latest"]


async def test_a_forked_head_without_its_tiles_is_refused_too():
    ops = MemoryOps(log(700), 300)
    _, client = make(700, ops=ops)
    await client.refresh()
    ops.replaced["latest"] = log(700, "fork").head(600)
    with pytest.raises(TileMismatchError):
        await client.refresh()
    assert ops.stored_head == log(700).head(300)


async def test_a_fork_found_in_a_new_run_is_found_too():
    ops = MemoryOps(log(700), 300)
    await make(700, ops=ops)[1].lookup(module(3))
    ops.log, ops.size = log(700, "fork"), 600
    _, client = make(700, ops=ops)
    with pytest.raises(ForkError):
        await client.lookup(module(5, "fork"))


async def test_evidence_that_cannot_be_kept_does_not_hide_the_finding():
    class Full(MemoryOps):
        async def report(self, error, evidence) -> None:
            raise StoreError("no room")

    ops = Full(log(600), 600)
    _, client = make(600, ops=ops)
    ops.replaced["tile/8/0/000"] = b""
    with pytest.raises(TileMismatchError) as caught:
        await client.lookup(module(0))
    assert any("no room" in note for note in caught.value.__notes__)
