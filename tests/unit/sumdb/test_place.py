"""Heads that come from elsewhere: placed on the timeline, their sizes remembered."""

from __future__ import annotations

import pytest

from gosync.errors import ForkError, SignatureError, UnavailableError
from gosync.sumdb.client import SumClient
from gosync.sumdb.note import parse_verifier_key
from tests.unit.sumdb.memorylog import AnyioConcurrency, MemoryLog, MemoryOps


def make(size: int, log: MemoryLog) -> tuple[MemoryOps, SumClient]:
    ops = MemoryOps(log, size)
    verifier = parse_verifier_key(log.vkey)
    return ops, SumClient(ops, verifier, concurrency=AnyioConcurrency())


async def test_an_older_head_is_proven_and_the_trusted_one_stays():
    log = MemoryLog(600)
    ops, client = make(600, log)
    await client.refresh()
    await client.place(log.head(300))
    assert client.head is not None
    assert client.head.tree.n == 600
    assert client.seen_sizes == {300, 600}
    assert {(tile.l, tile.n) for tile in ops.cache} >= {(0, 1), (1, 0)}


async def test_a_newer_head_becomes_the_trusted_one():
    log = MemoryLog(600)
    ops, client = make(400, log)
    await client.refresh()
    await client.place(log.head(600))
    assert client.head is not None
    assert client.head.tree.n == 600
    assert ops.stored_head == log.head(600)


async def test_the_heads_of_lookups_are_seen():
    log = MemoryLog(600)
    ops, client = make(600, log)
    for size in (310, 420, 305):
        ops.size = size
        await client.lookup(log.module(size - 1))
    assert client.seen_sizes == {305, 310, 420}


async def test_a_head_of_another_history_is_not_seen():
    log, other = MemoryLog(600), MemoryLog(600, salt="other")
    ops, client = make(600, log)
    await client.refresh()
    with pytest.raises(ForkError):
        await client.place(other.head(300))
    ((error, evidence),) = ops.reports
    assert isinstance(error, ForkError)
    assert evidence["new_note"] == other.head(300)
    assert client.seen_sizes == {600}


async def test_what_nobody_signed_is_not_seen():
    log = MemoryLog(600)
    _, client = make(600, log)
    await client.refresh()
    with pytest.raises(SignatureError):
        await client.place(log.head(300).replace(b"\n300\n", b"\n301\n"))
    assert client.seen_sizes == {600}


async def test_a_head_whose_tiles_cannot_be_had_is_not_seen():
    log = MemoryLog(600)
    ops, client = make(400, log)
    await client.refresh()
    before = ops.stored_head
    for path in ("tile/8/0/002.p/88", "tile/8/0/002"):
        ops.replaced[path] = UnavailableError("away")
    with pytest.raises(UnavailableError):
        await client.place(log.head(600))
    assert ops.stored_head == before
    assert client.seen_sizes == {400}
